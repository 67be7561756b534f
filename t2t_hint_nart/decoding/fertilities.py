"""One pass whose length is a sum of fertilities: the best, their mean, or samples for a teacher."""

import tensorflow as tf

from t2t_hint_nart.decoding.draws import sample, sentence_draws
from t2t_hint_nart.decoding.parallel import pass_log_probs
from t2t_hint_nart.decoding.reading import dedup, read_until_eos
from t2t_hint_nart.decoding.sampled import Sampled
from t2t_hint_nart.decoding.search import Hypotheses, repeat_sentences
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.models.network import Canvas
from t2t_hint_nart.models.protocol import Fertile, require

ARGMAX, AVERAGE = "argmax", "average"


class Fertilities(Sampled):
    """Noisy parallel decoding (Gu et al. 2018, section 4).

    The first candidate has the model's own fertilities, which the authors' code leaves out of those
    that are ranked; the others are drawn from softmax(logits / sampling_temp), token by token.
    """

    @staticmethod
    def add_hparams(settings: HParams) -> None:
        """Add which fertilities are the model's own, and candidates.

        fertilities: argmax, the most probable of each token, or average, E f, rounded.
        dedup: merge adjacent repeated tokens; scores are those of what is left.
        rescoring_alpha: length penalty ((5 + |y|) / 6)^alpha on the scorer's log probability. Here
          it is 1 if alpha isn't given, next to the authors' default, the mean over tokens.

        The others are those of `Sampled`.
        """
        Sampled.add_hparams(settings)
        settings.add_hparam("fertilities", ARGMAX)
        settings.restrict("fertilities", (ARGMAX, AVERAGE))
        settings.add_hparam("dedup", False)

    @staticmethod
    def settle(settings: HParams, given: HParams) -> None:
        """Understand beam_size and alpha, if they are given."""
        if settings.rescoring_alpha is None:
            settings.rescoring_alpha = 1.0 if given.alpha is None else given.alpha
        Sampled.settle(settings, given)

    def candidates(self, network: Fertile, inputs: tf.Tensor, count: tf.Tensor | int) -> Hypotheses:
        """Decode the canvases of so many choices of fertilities in one pass, side by side."""
        require(network, Fertile, "decoding by fertilities")
        source = network.encode(inputs)
        fertilities = self._fertilities(network.fertility_logits(source), inputs, count)
        count = tf.shape(fertilities)[1]
        rows = repeat_sentences(source, count)
        rows, lengths = network.with_fertilities(
            rows, tf.reshape(fertilities, [-1, tf.shape(inputs)[1]])
        )
        mask = tf.sequence_mask(lengths)
        ids, log_probs = read_until_eos(network.decode(rows, Canvas(mask)).logits, mask)
        if self.settings.dedup:
            # A pass over as many positions as are left says how probable they are.
            ids = dedup(ids)
            log_probs = pass_log_probs(network, rows, Canvas(ids != 0), ids)
        return Hypotheses(
            tf.reshape(ids, [-1, count, tf.shape(ids)[1]]), tf.reshape(log_probs, [-1, count])
        )

    def _fertilities(
        self, logits: tf.Tensor, inputs: tf.Tensor, count: tf.Tensor | int
    ) -> tf.Tensor:
        """The model's own and count − 1 samples: int32[B, N, S]."""
        logits = tf.cast(logits, tf.float32)
        best = self._best(logits)[:, None]
        if isinstance(count, int) and count == 1:
            return best
        draws = sentence_draws(inputs, count, tf.shape(inputs)[1])
        drawn = sample(logits[:, None], draws, self.settings.sampling_temp)
        return tf.concat([best, drawn[:, 1:]], axis=1)

    def _best(self, logits: tf.Tensor) -> tf.Tensor:
        """The model's own fertilities: int32[B, S]."""
        if self.settings.fertilities == ARGMAX:
            return tf.argmax(logits, axis=-1, output_type=tf.int32)
        classes = tf.range(tf.shape(logits)[-1], dtype=tf.float32)
        mean = tf.reduce_sum(tf.nn.softmax(logits) * classes, axis=-1)
        return tf.cast(tf.round(mean), tf.int32)
