"""One pass over all positions, and repeated passes, over a parallel model, as strategies."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import tensorflow as tf

from t2t_hint_nart.decoding import CANDIDATES, verified
from t2t_hint_nart.decoding.one_pass import candidate_lengths, one_pass
from t2t_hint_nart.decoding.reading import Reading, dedup, read_until_eos
from t2t_hint_nart.decoding.search import Hypotheses, repeat_sentences
from t2t_hint_nart.decoding.sources import keep_empty
from t2t_hint_nart.decoding.strategy import IDS, Signature, Strategy
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.hparam_bounds import AT_LEAST_0
from t2t_hint_nart.losses.likelihood import token_log_probs
from t2t_hint_nart.models.network import Canvas
from t2t_hint_nart.models.protocol import Parallel, require


def pass_log_probs(network: Parallel, source: Any, canvas: Canvas, ids: tf.Tensor) -> tf.Tensor:
    """Log probability of ids int32[N, T] in a pass over a canvas: float32[N], in nats."""
    logits = tf.cast(network.decode(source, canvas).logits, tf.float32)
    return tf.reduce_sum(token_log_probs(logits, ids), axis=1)


class ParallelPass(Strategy):
    """All positions of a canvas at once, read as a sentence; subclasses say how many there are.

    Attributes:
        reading: what makes a sentence of the logits.
    """

    not_exported: ClassVar[Mapping[str, str]] = (
        dict.fromkeys(("beam_size", "alpha", "extra_length"), "only a search has it")
        | verified.NOT_EXPORTED
    )
    reading: Reading = staticmethod(read_until_eos)

    @staticmethod
    def add_hparams(settings: HParams) -> None:
        """Add drafts that a teacher verifies."""
        verified.add_hparams(settings)

    @property
    def needs_scorer(self) -> str:
        """A draft is verified by a teacher."""
        return verified.needed_scorer(self.settings)

    def lengths(self, inputs: tf.Tensor, halfwidth: tf.Tensor | int) -> tf.Tensor:
        """Positions to ask for: int32[B, C], of C candidates a sentence.

        Args:
            inputs: int32[B, S].
            halfwidth: B, of candidates around a length, where there are some.
        """
        raise NotImplementedError

    def candidates(
        self, network: Parallel, inputs: tf.Tensor, halfwidth: tf.Tensor | int
    ) -> Hypotheses:
        """Decode every length in one pass, in the order of `lengths`."""
        require(network, Parallel, "decoding in one pass")
        source = network.encode(inputs)
        found = self._decode(network, source, self.lengths(inputs, halfwidth))
        return self._finish(network, source, found)

    def _decode(self, network: Parallel, source: Any, lengths: tf.Tensor) -> Hypotheses:
        """Decode lengths int32[B, C] of sources that were encoded once."""
        return one_pass(
            lambda rows, mask: network.decode(rows, Canvas(mask)).logits,
            source,
            lengths,
            reading=self.reading,
            broadcast=lengths.shape[0] == 1 and getattr(network, "broadcasts_source", False),
        )

    def _finish(self, network: Parallel, source: Any, found: Hypotheses) -> Hypotheses:
        """Make of what was decoded what is told: the same."""
        del network, source
        return found

    def __call__(self, network: Parallel, inputs: tf.Tensor) -> Hypotheses:
        """Decode; several candidates come in their order. A draft is of one length."""
        is_draft = self.settings.get("verified", False)
        halfwidth = 0 if is_draft else self.settings.get("length_halfwidth", 0)
        return self.candidates(network, inputs, halfwidth)

    def canvas(self, inputs: tf.Tensor, ids: tf.Tensor) -> tf.Tensor:
        """As many positions as one length asks for, also where a sentence is shorter."""
        return tf.cast(tf.sequence_mask(self.lengths(inputs, 0)[:, 0]), ids.dtype)


class OnePass(ParallelPass):
    """Lengths max(Tx + C + δ, 1), δ = −B..B (paper, section 3.2); never the reference's length."""

    not_exported: ClassVar[Mapping[str, str]] = {
        **ParallelPass.not_exported,
        "length_halfwidth": "it decodes one length; candidates of several are a signature of its "
        "own, for a teacher's export to rank",
        "rescoring_alpha": "it ranks no candidates",
        "extra_length": "a length is the source's and C",
        "beam_size": "",
        "alpha": "",
    }
    of_candidates = ("length_halfwidth", "rescoring_alpha")

    @staticmethod
    def add_hparams(settings: HParams) -> None:
        """Add lengths, rescoring and dedup.

        length_bias: C; None takes the one measured in training.
        use_inputs_length: lengths are the source's + length_bias, 0 if not given (the fork's).
        length_halfwidth: B, 2B + 1 candidate lengths; the fork's beam_size − 1.
        rescoring_alpha: length penalty of the scorer's scores, 0 in the paper, 0.6 in the fork.
        dedup: merge adjacent repeated tokens (the fork's --dedup); scores are those of what is
          left, which takes one pass more.
        """
        settings.add_hparam("use_inputs_length", False)
        settings.add_hparam("dedup", False)
        settings.add_hparam("length_bias", None, int)
        settings.add_hparam("length_halfwidth", None, int)
        settings.add_hparam("rescoring_alpha", None, float)
        ParallelPass.add_hparams(settings)
        for name in ("length_halfwidth", "rescoring_alpha"):
            settings.restrict(name, AT_LEAST_0)

    @staticmethod
    def settle(settings: HParams, given: HParams) -> None:
        """Understand beam_size and alpha, if they are given, as the fork does."""
        if settings.length_halfwidth is None:
            beam_size = given.beam_size
            settings.length_halfwidth = 0 if beam_size is None else max(beam_size - 1, 0)
        if settings.rescoring_alpha is None:
            settings.rescoring_alpha = given.alpha or 0.0
        if settings.use_inputs_length and settings.length_bias is None:
            settings.length_bias = 0

    @property
    def candidate_count(self) -> int:
        """2B + 1."""
        return 2 * (self.settings.length_halfwidth or 0) + 1

    @property
    def needs_scorer(self) -> str:
        """Candidates of several lengths can't be compared by the model itself."""
        halfwidth, count = self.settings.length_halfwidth, self.candidate_count
        if not halfwidth or self.settings.verified:
            return super().needs_scorer
        return (
            f"length_halfwidth={halfwidth} (a student's beam_size - 1) gives {count} "
            "candidates a sentence, which a teacher must rank"
        )

    def length_bias(self) -> int:
        """C: the decode hparams' if given, else the one that training measured.

        Raises:
            InputError: neither is known.
        """
        bias = self.settings.length_bias
        bias = self.hparams.get("length_bias", None) if bias is None else bias
        if bias is None:
            raise InputError(
                "length_bias (C) isn't known: the student's hparams.json has none; "
                "give it as --decode_hparams=length_bias=<int>."
            )
        return int(bias)

    def lengths(self, inputs: tf.Tensor, halfwidth: tf.Tensor | int) -> tf.Tensor:
        """Tx + C and so many on either side: int32[B, 2·halfwidth + 1], shortest first."""
        source_lengths = tf.reduce_sum(tf.cast(inputs != 0, tf.int32), axis=1)
        return candidate_lengths(source_lengths, self.length_bias(), halfwidth)

    def _finish(self, network: Parallel, source: Any, found: Hypotheses) -> Hypotheses:
        """Merge repeated tokens, if that is wanted, and score what is left.

        What tokens said among their repetitions isn't the probability of a sentence without them:
        a pass over as many positions as are left says that.
        """
        if not self.settings.dedup:
            return found
        ids = dedup(found.ids)
        count, steps = tf.shape(ids)[1], tf.shape(ids)[2]
        rows = tf.reshape(ids, [-1, steps])
        source = repeat_sentences(source, count)
        log_probs = pass_log_probs(network, source, self._canvas(rows), rows)
        return Hypotheses(ids, tf.reshape(log_probs, [-1, count]))

    def _canvas(self, ids: tf.Tensor) -> Canvas:
        """What a pass works on that gives the probability of ids int32[N, T]: their number."""
        return Canvas(ids != 0)

    def exported(self) -> Self:
        """One length a sentence, C fixed."""
        return self.with_settings(length_halfwidth=0, length_bias=self.length_bias())

    def signatures(self, network: Parallel) -> dict[str, Signature]:
        """The candidates of 2B + 1 lengths, for a scorer."""

        def candidates(inputs: tf.Tensor, halfwidth: tf.Tensor) -> dict[str, tf.Tensor]:
            kept = keep_empty(self.candidates(network, inputs, halfwidth), inputs)
            return {"outputs": kept.ids, "log_prob": kept.scores}

        return {CANDIDATES: Signature(candidates, (IDS, tf.TensorSpec([], tf.int32)))}


class Refinement(OnePass):
    """One pass, then passes over what came out until no token changes, or `iterations` are done.

    A sentence that stays the same is final, whatever the rest of the batch does.
    """

    @staticmethod
    def add_hparams(settings: HParams) -> None:
        """iterations: most passes after the first; the rest as in one pass."""
        OnePass.add_hparams(settings)
        settings.add_hparam("iterations", 4)
        settings.restrict("iterations", AT_LEAST_0)

    def _canvas(self, ids: tf.Tensor) -> Canvas:
        """The tokens themselves, which the last pass works on, unless there is but one."""
        return Canvas(ids != 0, ids if self.settings.iterations else None)

    def _decode(self, network: Parallel, source: Any, lengths: tf.Tensor) -> Hypotheses:
        """Decode lengths in one pass and refine each."""
        first = super()._decode(network, source, lengths)
        count, steps = tf.shape(first.ids)[1], tf.shape(first.ids)[2]
        source = repeat_sentences(source, count)
        ids = tf.reshape(first.ids, [-1, steps])

        def refine(step, ids, log_probs, active) -> tuple[Any, ...]:
            mask = ids != 0
            refined, scores = self.reading(network.decode(source, Canvas(mask, ids)).logits, mask)
            refined = tf.where(active[:, None], refined, ids)
            scores = tf.where(active, scores, log_probs)
            return step + 1, refined, scores, active & tf.reduce_any(refined != ids, axis=1)

        start = (tf.constant(0), ids, tf.reshape(first.scores, [-1]), tf.reduce_any(ids != 0, 1))
        _, ids, log_probs, _ = tf.while_loop(
            lambda step, ids, log_probs, active: (
                (step < self.settings.iterations) & tf.reduce_any(active)
            ),
            refine,
            start,
        )
        return Hypotheses(tf.reshape(ids, [-1, count, steps]), tf.reshape(log_probs, [-1, count]))
