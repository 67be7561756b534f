"""One pass whose output is collapsed: its best path, or a search for its best sentences."""

from collections.abc import Mapping
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
import tensorflow as tf

from t2t_hint_nart.decoding.n_gram_model import NGramModel
from t2t_hint_nart.decoding.parallel import ParallelPass
from t2t_hint_nart.decoding.prefix_beam import prefix_beam_search
from t2t_hint_nart.decoding.reading import read_collapsed
from t2t_hint_nart.decoding.search import INF, Hypotheses
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.hparam_bounds import AT_LEAST_0
from t2t_hint_nart.models.network import Canvas
from t2t_hint_nart.models.protocol import Parallel, require

_OF_SEARCH = ("prefix_tokens", "n_gram_model", "n_gram_weight", "length_bonus")
_OF_TEACHER = ("rescored", "rescoring_alpha")


class Collapsed(ParallelPass):
    """One pass over `upsampling` positions a source token, read without repetitions and blanks."""

    not_exported: ClassVar[Mapping[str, str]] = {
        **ParallelPass.not_exported,
        **dict.fromkeys(("prefix_beam", *_OF_SEARCH), "it reads the best path, without a search"),
        **dict.fromkeys(_OF_TEACHER, "it ranks no candidates"),
        "beam_size": "",
        "alpha": "",
    }
    reading = staticmethod(read_collapsed)
    says_a_target_a_position = False

    @staticmethod
    def add_hparams(settings: HParams) -> None:
        """Add a search for the best sentences over all paths.

        prefix_beam: prefixes that are kept at each position; 0 for the best path alone. It is
          beam_size if that is given and above 1.
        prefix_tokens: prefixes grow by so many most probable tokens of a position; 0 for all.
        n_gram_model: file of t2t-distill --n_gram_order, whose log probability counts with
          n_gram_weight; "" for none.
        length_bonus: nats for every token, as the model's probability makes sentences shorter.
        rescored: a teacher's export ranks the sentences of the beam.
        rescoring_alpha: length penalty of its scores, 0 in the paper.
        """
        ParallelPass.add_hparams(settings)
        for name, value in (("prefix_beam", 0), ("prefix_tokens", 20)):
            settings.add_hparam(name, value)
            settings.restrict(name, AT_LEAST_0)
        settings.add_hparam("n_gram_model", "")
        settings.add_hparam("n_gram_weight", 0.4)
        settings.restrict("n_gram_weight", AT_LEAST_0)
        settings.add_hparam("length_bonus", 0.0)
        settings.add_hparam("rescored", False)
        settings.add_hparam("rescoring_alpha", None, float)
        settings.restrict("rescoring_alpha", AT_LEAST_0)

    @staticmethod
    def settle(settings: HParams, given: HParams) -> None:
        """Understand beam_size and alpha, if they are given.

        Raises:
            InputError: a search is described, and there is none.
        """
        if not settings.prefix_beam and (given.beam_size or 1) > 1:
            settings.prefix_beam = given.beam_size
        if settings.rescoring_alpha is None:
            settings.rescoring_alpha = given.alpha or 0.0
        for name in ("n_gram_model", "length_bonus", "rescored"):
            if settings.get(name) and not settings.prefix_beam:
                raise InputError(
                    f"{name}={settings.get(name)} has no effect without a search; give it a beam, "
                    "as prefix_beam=20."
                )

    @property
    def needs_scorer(self) -> str:
        """A teacher ranks the sentences of a beam if that is wanted."""
        if not self.settings.get("rescored", False) or self.settings.verified:
            return super().needs_scorer
        return "rescored=True gives sentences that a teacher must rank"

    def lengths(self, inputs: tf.Tensor, halfwidth: tf.Tensor | int) -> tf.Tensor:
        """So many times the source's, EOS counted: int32[B, 1]."""
        del halfwidth
        source_lengths = tf.reduce_sum(tf.cast(inputs != 0, tf.int32), axis=1, keepdims=True)
        return self.hparams.upsampling * source_lengths

    def __call__(self, network: Parallel, inputs: tf.Tensor) -> Hypotheses:
        """Read the best path, or search: in Python, once the pass is done."""
        if not self.settings.get("prefix_beam", 0):
            return super().__call__(network, inputs)
        require(network, Parallel, "decoding in one pass")
        if self._model is not None and self._model.vocab_size != network.vocab_size:
            raise InputError(
                f"{self.settings.n_gram_model} is of {self._model.vocab_size} ids, the model of "
                f"{network.vocab_size}; make one of its own targets."
            )
        lengths = self.lengths(inputs, 0)[:, 0]
        logits = network.decode(network.encode(inputs), Canvas(tf.sequence_mask(lengths))).logits
        log_probs = tf.nn.log_softmax(tf.cast(logits, tf.float32))
        ids, scores = tf.numpy_function(
            self._search, [log_probs, lengths], (tf.int32, tf.float32), stateful=False
        )
        beam_size = self.settings.prefix_beam
        return Hypotheses(
            tf.ensure_shape(ids, [inputs.shape[0], beam_size, None]),
            tf.ensure_shape(scores, [inputs.shape[0], beam_size]),
        )

    @cached_property
    def _model(self) -> NGramModel | None:
        path = self.settings.n_gram_model
        return NGramModel.read(path) if path else None

    def _search(self, log_probs: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Search for the sentences of float32[B, L, V], so many positions being of each."""
        settings = self.settings
        found = [
            prefix_beam_search(
                rows[:length],
                settings.prefix_beam,
                self._model,
                settings.n_gram_weight,
                settings.length_bonus,
                settings.prefix_tokens,
            )
            for rows, length in zip(log_probs, lengths, strict=True)
        ]
        longest = max((len(one.ids) for beam in found for one in beam), default=0)
        ids = np.zeros((len(found), settings.prefix_beam, max(longest, 1)), np.int32)
        scores = np.full(ids.shape[:2], -INF, np.float32)
        for row, beam in enumerate(found):
            for place, one in enumerate(beam):
                ids[row, place, : len(one.ids)] = one.ids
                scores[row, place] = one.score
        return ids, scores

    def exported(self) -> Self:
        """The best path."""
        return self.with_settings(prefix_beam=0, n_gram_model="", rescored=False)
