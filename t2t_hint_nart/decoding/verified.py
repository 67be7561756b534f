"""Verified drafts: one model's translation, changed until another's greedy search would agree."""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from t2t_hint_nart.decoding.reading import complete_sentences, until_eos
from t2t_hint_nart.decoding.search import Hypotheses
from t2t_hint_nart.decoding.strategy import Choices, Scorer, Strategy

# Positions that are added when a draft has no end where the verifier has none either.
BLOCK = 8


# (the encoded source, targets int32[B, T]) → Choices.
Choose = Callable[[Any, tf.Tensor], Choices]


def choices(logits: tf.Tensor, targets: tf.Tensor) -> Choices:
    """What logits float[B, T, V] of a pass over targets int32[B, T] say in their place."""
    logits = tf.cast(logits, tf.float32)
    best = tf.reduce_max(logits, axis=-1)
    total = tf.math.log(tf.reduce_sum(tf.exp(logits - best[..., None]), axis=-1))
    return Choices(
        ids=tf.argmax(logits, axis=-1, output_type=tf.int32),
        log_probs=-total,
        gaps=best - tf.gather(logits, targets, batch_dims=2),
    )


class VerifiedDrafts(NamedTuple):
    """What became of the drafts.

    Attributes:
        ids: int32[B, L], ending in EOS within the limit, PAD 0 after it.
        log_probs: float32[B], of the verifier, in nats.
        passes: int32[B], of the verifier over a sentence: at most as many as it has tokens.
    """

    ids: tf.Tensor
    log_probs: tf.Tensor
    passes: tf.Tensor


class _Canvas(NamedTuple):
    ids: tf.Tensor  # int32[B, W], PAD behind an end or where nothing is drafted
    log_probs: tf.Tensor  # float32[B]
    active: tf.Tensor  # bool[B], True = still changing
    passes: tf.Tensor  # int32[B]


def verified_search(
    choose: Choose,
    source: Any,
    draft: tf.Tensor,
    limits: tf.Tensor,
    tolerance: float = 0.0,
    *,
    eos_id: int = 1,
) -> VerifiedDrafts:
    """Replace every token by the verifier's choice given those before it, until none changes.

    Then each token is the choice given tokens that are choices themselves: the sentence is that of
    greedy search, whatever was drafted. A pass makes at least one more token final, and as many as
    agree (Xia et al. 2023 take the draft behind a difference as it was; here it is the verifier's
    own, which stays close to what it would say: Jacobi's iteration from a good start).

    Args:
        choose: the verifier.
        source: encoded for it, any structure [B, ...].
        draft: int32[B, T], PAD 0 behind a sentence.
        limits: int32[B], the most tokens, EOS included.
        tolerance: a drafted token stays if it is at most so many nats less probable than the best;
            0 for greedy search's output.
        eos_id: id that ends a sentence.

    Returns:
        VerifiedDrafts.
    """

    def revise(now: _Canvas) -> list[_Canvas]:
        choices = choose(source, now.ids)
        close_enough = (choices.gaps <= tolerance) & (now.ids != 0) & (tolerance > 0.0)
        tokens = tf.where(close_enough, now.ids, choices.ids)
        log_probs = choices.log_probs - tf.where(close_enough, choices.gaps, 0.0)
        inside = tf.sequence_mask(limits, tf.shape(tokens)[1]) & until_eos(tokens, eos_id)
        tokens = tf.where(inside, tokens, 0)
        tokens = tf.where(now.active[:, None], tokens, now.ids)
        total = tf.reduce_sum(tf.where(inside, log_probs, 0.0), axis=1)
        ended = tf.reduce_any(tokens == eos_id, axis=1) | (limits <= tf.shape(tokens)[1])
        # The last one is a choice given those before it: it may differ.
        before_last = tf.reduce_sum(tf.cast(tokens != 0, tf.int32), axis=1) - 1
        changed = (tokens != now.ids) & tf.sequence_mask(before_last, tf.shape(tokens)[1])
        final = ended & ~tf.reduce_any(changed, axis=1)
        revised = _Canvas(
            ids=tokens,
            log_probs=tf.where(now.active, total, now.log_probs),
            active=now.active & ~final,
            passes=now.passes + tf.cast(now.active, tf.int32),
        )
        return [revised._replace(ids=_with_room(revised, limits, eos_id))]

    batch = tf.shape(draft)[0]
    inside = tf.sequence_mask(limits, tf.shape(draft)[1]) & until_eos(draft, eos_id)
    start = _Canvas(
        ids=tf.where(inside, draft, 0),
        log_probs=tf.zeros([batch], tf.float32),
        active=limits > 0,
        passes=tf.zeros([batch], tf.int32),
    )
    start = start._replace(ids=_with_room(start, limits, eos_id))
    any_shape = _Canvas(
        tf.TensorShape([None, None]), *[tf.TensorShape([None])] * (len(_Canvas._fields) - 1)
    )
    (end,) = tf.while_loop(
        lambda now: tf.reduce_any(now.active), revise, [start], shape_invariants=[any_shape]
    )
    return VerifiedDrafts(end.ids, end.log_probs, end.passes)


def _with_room(now: _Canvas, limits: tf.Tensor, eos_id: int) -> tf.Tensor:
    """Add positions where a sentence has no end yet and could go on."""
    width = tf.shape(now.ids)[1]
    goes_on = now.active & ~tf.reduce_any(now.ids == eos_id, axis=1) & (limits > width)
    room = tf.minimum(BLOCK, tf.reduce_max(limits) - width)
    added = tf.where(tf.reduce_any(goes_on), room, 0)
    return tf.pad(now.ids, [[0, 0], [0, added]])


def verified(
    scorer: Scorer,
    inputs: tf.Tensor,
    draft: tf.Tensor,
    extra_length: int,
    tolerance: float = 0.0,
) -> VerifiedDrafts:
    """Have a scorer check drafts int32[B, T] of sources int32[B, S].

    Args:
        scorer: the verifier.
        inputs: the sources.
        draft: PAD 0 behind a sentence, with EOS or without.
        extra_length: most tokens beyond the source's length.
        tolerance: as of `verified_search`.
    """
    limits = tf.reduce_sum(tf.cast(inputs != 0, tf.int32), axis=1) + extra_length
    ended = complete_sentences(draft)
    return verified_search(scorer.choose, scorer.encode(inputs), ended, limits, tolerance)


class Verified:
    """A strategy's hypothesis as a draft, made what a scorer's greedy search would say.

    Args:
        draft: gives one hypothesis.
        verifier: checks it.
        extra_length: as of `verified`.
        tolerance: as of `verified_search`.
    """

    def __init__(
        self, draft: Strategy, verifier: Scorer, extra_length: int, tolerance: float = 0.0
    ):
        self._draft = draft
        self._verifier = verifier
        self._extra_length = extra_length
        self._tolerance = tolerance

    def search(self, network: Any, inputs: tf.Tensor) -> VerifiedDrafts:
        """Decode a batch, and tell of the passes; args as `Strategy.__call__`."""
        draft = self._draft(network, inputs).ids[:, 0]
        return verified(self._verifier, inputs, draft, self._extra_length, self._tolerance)

    def __call__(self, network: Any, inputs: tf.Tensor) -> Hypotheses:
        """Decode a batch; args and result as `Strategy.__call__`.

        The score is the verifier's log probability, without a length penalty.
        """
        found = self.search(network, inputs)
        return Hypotheses(found.ids[:, None], found.log_probs[:, None])
