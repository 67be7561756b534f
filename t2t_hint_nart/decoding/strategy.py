"""Strategies of decoding: from a network and source ids to hypotheses, and how they compose."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, Protocol, Self

import tensorflow as tf

from t2t_hint_nart.decoding.reading import complete_sentences
from t2t_hint_nart.decoding.search import Hypotheses, length_penalty, repeat_sentences
from t2t_hint_nart.hparam import HParams

IDS = tf.TensorSpec([None, None], tf.int32)

# Source tokens that an export takes in any case.
LEAST_INPUT_SIZE = 1024


class Scorer(Protocol):
    """What gives the probability of whole sentences, EOS included.

    Attributes:
        variables: what it computes with, for an export that holds it.
    """

    @property
    def variables(self) -> Sequence[tf.Variable]:
        """As above."""

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

    Attributes:
        not_exported: decode hparams that have no effect on an export's `decode`, and why; "" of
            those whose meaning others have, which `settle` gave it.
        of_candidates: decode hparams that make candidates and rank them, which an export has that
            holds what ranks them.
        says_a_target_a_position: whether the decoder's states are one for each target.
    """

    not_exported: ClassVar[Mapping[str, str]] = {}
    of_candidates: ClassVar[tuple[str, ...]] = ()
    says_a_target_a_position: ClassVar[bool] = True

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
        """Why a scorer must judge the hypotheses, and how, "" if it need not."""
        return ""

    @property
    def candidate_count(self) -> int:
        """How many hypotheses of a sentence are there for a scorer to rank in an export."""
        return 1

    @property
    def variables(self) -> Sequence[tf.Variable]:
        """What it computes with besides the network's, for an export: nothing."""
        return ()

    def __call__(self, network: Any, inputs: tf.Tensor) -> Hypotheses:
        """Decode a batch; a sentence's result doesn't depend on the others or on padding.

        Args:
            network: a model with what the strategy needs of it.
            inputs: int32[B, S], ending in EOS, PAD 0 after it.

        Returns:
            Hypotheses, best first, or in the order in which a scorer is to see them.
        """
        raise NotImplementedError

    @property
    def exported_input_size(self) -> int:
        """Source tokens that an export takes, EOS among them: max_input_size if that is given.

        By default the longest source of training, and 1,024 at least. What is longer is cut:
        memory grows with the square of a source's length, so that without a limit one line could
        take all there is.
        """
        trained = self.hparams.get("max_length", 0) or self.hparams.get("batch_size", 0)
        given: int = self.settings.max_input_size
        return given if given > 0 else max(trained, LEAST_INPUT_SIZE)

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

    def with_settings(self, **changed: Any) -> Self:
        """This strategy with other values of some decode hparams."""
        return type(self)(self.settings.copy().override_from_dict(changed), self.hparams)

    def exported(self) -> Self:
        """The strategy of an export's `decode`, which gives one hypothesis and has no scorer."""
        return self

    def exported_with(self, scorer: Scorer) -> "Rescored":
        """The strategy of an export that holds the scorer of its candidates."""
        candidates = {name: self.settings.get(name) for name in self.of_candidates}
        strategy = self.exported().with_settings(**candidates)
        return Rescored(strategy, scorer, strategy.settings.get("rescoring_alpha", 0.0))

    def signatures(self, network: Any) -> dict[str, Signature]:
        """What an export has besides, by name: nothing."""
        del network
        return {}


def rank_candidates(
    inputs: Any,
    ids: tf.Tensor,
    score: Callable[[Any, tf.Tensor], tf.Tensor],
    alpha: tf.Tensor | float = 0.0,
) -> Hypotheses:
    """Sort the candidates of each sentence by the teacher's score, best first.

    score(y) = log p_teacher(y, EOS | x) / ((5 + |y|) / 6)^alpha, |y| counting EOS. Alpha 0 is the
    paper's "highest probability", 0.6 the authors' T2T fork.

    What is scored is the sentence that is read, with one EOS: a candidate that stops in
    mid-sentence has no advantage. (The fork sums over all positions asked for: it counts tokens
    behind an early EOS, which nobody sees, and never asks for an end.)

    Args:
        inputs: any nested structure of tensors [B, ...], repeated for each candidate.
        ids: int32[B, C, T], PAD 0 only behind the sentence; among equals the earlier comes first.
        score: (inputs of B*C rows, targets int32[B*C, T + 1]) -> float[B*C], summed log
            probability of the targets in nats, EOS included, PAD not.
        alpha: exponent of the length penalty.

    Returns:
        Hypotheses: ids int32[B, C, T + 1], each with its EOS, and scores float32[B, C].
    """
    targets = complete_sentences(ids)
    shape = tf.shape(targets)
    batch, count, steps = shape[0], shape[1], shape[2]
    rows = repeat_sentences(inputs, count)
    log_probs = score(rows, tf.reshape(targets, [batch * count, steps]))
    lengths = tf.reduce_sum(tf.cast(targets != 0, tf.int32), axis=2)
    log_probs = tf.reshape(tf.cast(log_probs, tf.float32), [batch, count])
    scores = log_probs / length_penalty(lengths, alpha)
    order = tf.argsort(scores, axis=1, direction="DESCENDING", stable=True)
    return Hypotheses(
        ids=tf.gather(targets, order, batch_dims=1),
        scores=tf.gather(scores, order, batch_dims=1),
    )


class Rescored(Strategy):
    """Another strategy's hypotheses, ranked by a scorer (paper, section 3.2).

    Args:
        inner: gives hypotheses.
        scorer: ranks them.
        alpha: of the length penalty on its scores; 0 in the paper.
    """

    def __init__(self, inner: Strategy, scorer: Scorer, alpha: float = 0.0):
        super().__init__(inner.settings, inner.hparams)
        self._inner = inner
        self._scorer = scorer
        self._alpha = alpha

    def __call__(self, network: Any, inputs: tf.Tensor) -> Hypotheses:
        """Decode a batch; args and result as `Strategy.__call__`, best first."""
        ids = self._inner(network, inputs).ids
        scorer = self._scorer
        return rank_candidates(scorer.encode(inputs), ids, scorer.score_encoded, self._alpha)

    @property
    def variables(self) -> Sequence[tf.Variable]:
        """The scorer's."""
        return self._scorer.variables

    @property
    def candidate_count(self) -> int:
        """The other strategy's."""
        return self._inner.candidate_count

    @property
    def exported_input_size(self) -> int:
        """The other strategy's."""
        return self._inner.exported_input_size

    def signatures(self, network: Any) -> dict[str, Signature]:
        """The other strategy's, whose candidates are as it gives them."""
        return self._inner.signatures(network)
