"""Strategies of decoding: from a network and source ids to hypotheses, and how they compose."""

from typing import Any, NamedTuple, Protocol

import tensorflow as tf

from t2t_hint_nart.decoding.rescoring import rank_candidates
from t2t_hint_nart.decoding.search import Hypotheses
from t2t_hint_nart.hparam import HParams

IDS = tf.TensorSpec([None, None], tf.int32)


class Scorer(Protocol):
    """What gives the probability of whole sentences, EOS included."""

    def encode(self, inputs: tf.Tensor) -> Any:
        """Encode sources once for any number of targets: int32[B, S] → any structure."""

    def score_encoded(self, source: Any, targets: tf.Tensor) -> tf.Tensor:
        """Log p(targets | source), float32[B] in nats; targets int32[B, T] end in EOS."""


class Signature(NamedTuple):
    """A function that an export has besides those that every export has.

    Attributes:
        function: from tensors, by the names of its parameters, to tensors by name.
        inputs: a TensorSpec for each parameter.
    """

    function: Any
    inputs: tuple[tf.TensorSpec, ...]


class Strategy:
    """A way of decoding; subclasses say which.

    Args:
        settings: decode hparams, this strategy's own among them.
        hparams: the model's set.
    """

    def __init__(self, settings: HParams, hparams: HParams):
        self.settings = settings
        self.hparams = hparams

    @staticmethod
    def add_hparams(settings: HParams) -> None:
        """Add the decode hparams that are this strategy's own: none."""

    @staticmethod
    def settle(settings: HParams, given: HParams) -> None:
        """Give decode hparams their values that depend on others: nothing to do.

        Args:
            settings: parsed, to be changed.
            given: the same, beam_size and alpha being None unless they were given.
        """

    @property
    def needs_scorer(self) -> str:
        """Why the hypotheses must be ranked by a scorer, "" if they need not be."""
        return ""

    def __call__(self, network: Any, inputs: tf.Tensor) -> Hypotheses:
        """Decode a batch; a sentence's result doesn't depend on the others or on padding.

        Args:
            network: a model with what the strategy needs of it.
            inputs: int32[B, S], ending in EOS, PAD 0 after it.

        Returns:
            Hypotheses, best first, or in the order in which a scorer is to see them.
        """
        raise NotImplementedError

    def canvas(self, inputs: tf.Tensor, ids: tf.Tensor) -> tf.Tensor:
        """Targets with which a forward pass shows the inside of this decoding.

        Args:
            inputs: int32[B, S].
            ids: int32[B, L], what came out.

        Returns:
            int32[B, T]: what came out, as a stepwise model reads it.
        """
        del inputs
        return ids

    def exported(self) -> "Strategy":
        """The strategy of an export's `decode`, which gives one hypothesis and has no scorer."""
        return self

    def signatures(self, network: Any) -> dict[str, Signature]:
        """What an export has besides, by name: nothing."""
        del network
        return {}


class Rescored:
    """Another strategy's hypotheses, ranked by a scorer (paper, section 3.2).

    Args:
        inner: gives hypotheses.
        scorer: ranks them.
        alpha: of the length penalty on its scores; 0 in the paper.
    """

    def __init__(self, inner: Strategy, scorer: Scorer, alpha: float = 0.0):
        self._inner = inner
        self._scorer = scorer
        self._alpha = alpha

    def __call__(self, network: Any, inputs: tf.Tensor) -> Hypotheses:
        """Decode a batch; args and result as `Strategy.__call__`, best first."""
        ids = self._inner(network, inputs).ids
        scorer = self._scorer
        return rank_candidates(scorer.encode(inputs), ids, scorer.score_encoded, self._alpha)
