"""A model's own best translation and others drawn at random, which a scorer ranks."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import tensorflow as tf

from t2t_hint_nart.decoding import CANDIDATES, verified
from t2t_hint_nart.decoding.search import Hypotheses
from t2t_hint_nart.decoding.sources import keep_empty
from t2t_hint_nart.decoding.strategy import IDS, Signature, Strategy
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.hparam_bounds import AT_LEAST_0, AT_LEAST_1


class Sampled(Strategy):
    """Candidates from samples of what a model decides before its one pass; subclasses say of what.

    Noisy parallel decoding (Gu et al. 2018, section 4): the samples are decoded side by side, and a
    teacher chooses.
    """

    not_exported: ClassVar[Mapping[str, str]] = {
        "num_candidates": "it gives the model's own best; candidates are a signature of its own, "
        "for a teacher's export to rank",
        "rescoring_alpha": "it ranks no candidates",
        "extra_length": "only a search has it",
        **verified.NOT_EXPORTED,
        "beam_size": "",
        "alpha": "",
    }
    of_candidates = ("num_candidates", "rescoring_alpha")

    @staticmethod
    def add_hparams(settings: HParams) -> None:
        """Add candidates, and drafts that a teacher verifies.

        num_candidates: N, the model's own best and N − 1 samples. It is beam_size if that is given.
        sampling_temp: τ of softmax(logits / τ) that samples are drawn from.
        rescoring_alpha: length penalty of the scorer's scores, 0 if alpha isn't given.
        """
        settings.add_hparam("num_candidates", None, int)
        settings.restrict("num_candidates", AT_LEAST_1)
        settings.add_hparam("sampling_temp", 1.0)
        settings.restrict("sampling_temp", AT_LEAST_0)
        settings.add_hparam("rescoring_alpha", None, float)
        settings.restrict("rescoring_alpha", AT_LEAST_0)
        verified.add_hparams(settings)

    @staticmethod
    def settle(settings: HParams, given: HParams) -> None:
        """Understand beam_size and alpha, if they are given."""
        if settings.num_candidates is None:
            settings.num_candidates = given.beam_size or 1
        if settings.rescoring_alpha is None:
            settings.rescoring_alpha = given.alpha or 0.0

    @property
    def candidate_count(self) -> int:
        """N."""
        return self.settings.num_candidates or 1

    @property
    def needs_scorer(self) -> str:
        """Candidates can't be compared by the model itself; a draft is verified by a teacher."""
        count, drafts = self.settings.num_candidates, verified.needed_scorer(self.settings)
        if drafts or count == 1:
            return drafts
        return f"num_candidates={count} gives {count} candidates a sentence, which a teacher ranks"

    def candidates(self, network: Any, inputs: tf.Tensor, count: tf.Tensor | int) -> Hypotheses:
        """Decode so many candidates of each sentence, the model's own best first.

        Args:
            network: a model with what the strategy needs of it.
            inputs: int32[B, S].
            count: N, int32[].

        Returns:
            Hypotheses: ids int32[B, N, L], and the log probabilities of what was read.
        """
        raise NotImplementedError

    def __call__(self, network: Any, inputs: tf.Tensor) -> Hypotheses:
        """Decode; several candidates come in the order in which they were drawn."""
        is_draft = self.settings.get("verified", False)
        return self.candidates(network, inputs, 1 if is_draft else self.settings.num_candidates)

    def exported(self) -> Self:
        """The model's own best."""
        return self.with_settings(num_candidates=1)

    def signatures(self, network: Any) -> dict[str, Signature]:
        """The candidates, for a scorer."""

        def candidates(inputs: tf.Tensor, count: tf.Tensor) -> dict[str, tf.Tensor]:
            kept = keep_empty(self.candidates(network, inputs, count), inputs)
            return {"outputs": kept.ids, "log_prob": kept.scores}

        return {CANDIDATES: Signature(candidates, (IDS, tf.TensorSpec([], tf.int32)))}
