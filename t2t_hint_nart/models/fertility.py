"""Fertilities: how many target tokens each source token becomes, as aligned or as predicted."""

import math

from keras import ops

from t2t_hint_nart.data.word_alignment import FLOOR, WordAlignment
from t2t_hint_nart.losses.score_function import score_function_loss
from t2t_hint_nart.losses.term import LossTerm
from t2t_hint_nart.text import EOS_ID, PAD_ID

# A predicted translation has at most so many times the tokens of its source, EOS counted.
LONGEST = 2


def is_word(ids):
    """Tokens that are neither EOS nor padding: int[B, S] → bool[B, S]."""
    return ops.logical_and(ops.not_equal(ids, PAD_ID), ops.not_equal(ids, EOS_ID))


def alignment_scores(alignment: WordAlignment, inputs, targets):
    """How well each target position goes with each source position (`WordAlignment`), in nats.

    Args:
        alignment: what decides.
        inputs: int[B, S], PAD 0.
        targets: int[B, T], PAD 0.

    Returns:
        float32[B, T, S].
    """
    source_positions = _relative_positions(is_word(inputs))
    target_positions = _relative_positions(is_word(targets))
    distance = ops.abs(source_positions[:, None, :] - target_positions[:, :, None])
    return _log_probs(alignment, inputs, targets) - alignment.tension * distance


def attention_scores(attention):
    """The same from a teacher's attention: the mean over layers and heads.

    float[B, N, H, T, S] → float[B, T, S].
    """
    return ops.mean(attention, axis=(1, 2))


def aligned_sources(scores, inputs, targets):
    """The source position that each target position goes with best.

    The target's EOS belongs to the source's, and words to words, as far as there are any.

    Args:
        scores: float[B, T, S].
        inputs: int[B, S], PAD 0.
        targets: int[B, T], PAD 0.

    Returns:
        int32[B, T]; without a meaning at padding.
    """
    source_words = is_word(inputs)
    links = ops.argmax(ops.where(source_words[:, None, :], scores, -math.inf), axis=2)
    ends = ops.equal(inputs, EOS_ID)
    has_end = ops.logical_and(ops.equal(targets, EOS_ID), ops.any(ends, axis=1, keepdims=True))
    end = ops.argmax(ops.cast(ends, "int32"), axis=1)[:, None]
    # Of a source without a word EOS is all there is.
    none = ops.logical_not(ops.any(source_words, axis=1, keepdims=True))
    return ops.where(ops.logical_or(has_end, none), end, links)


def _relative_positions(words):
    """j/S of each of S words, from 1: bool[B, S] → float32[B, S]."""
    words = ops.cast(words, "float32")
    return ops.cumsum(words, axis=1) / ops.maximum(ops.sum(words, axis=1, keepdims=True), 1)


def _log_probs(alignment: WordAlignment, inputs, targets):
    """Log t(y | x) of every pair: float32[B, T, S]."""
    sources, targets = ops.cast(inputs, "int64"), ops.cast(targets, "int64")
    pairs = sources[:, None, :] * alignment.vocab_size + targets[:, :, None]
    keys = ops.convert_to_tensor(alignment.keys)
    wanted = ops.reshape(pairs, (-1,))
    places = ops.minimum(ops.searchsorted(keys, wanted), len(alignment.keys) - 1)
    found = ops.equal(ops.take(keys, places), wanted)
    log_probs = ops.take(ops.convert_to_tensor(alignment.log_probs), places)
    return ops.reshape(ops.where(found, log_probs, math.log(FLOOR)), ops.shape(pairs))


def aligned_fertilities(scores, inputs, targets):
    """How many target tokens are aligned with each source token; args as `aligned_sources`.

    Returns:
        int32[B, S], whose sum is the length of the target.
    """
    links = aligned_sources(scores, inputs, targets)
    of_source = ops.equal(links[:, :, None], ops.arange(ops.shape(inputs)[1], dtype=links.dtype))
    of_source = ops.logical_and(of_source, ops.not_equal(targets, PAD_ID)[:, :, None])
    return ops.sum(ops.cast(of_source, "int32"), axis=1)


def admitted(fertilities, words, mask):
    """Make predictions such that a sentence can be read off: EOS once, a word, and not too many.

    Where all words have 0 the first gets 1; what goes beyond LONGEST times the source is cut off
    (the authors' code drops the tokens that reach LONGEST times the batch's longest source).

    Args:
        fertilities: int32[B, S], at least 0.
        words: bool[B, S].
        mask: bool[B, S], True = real token.

    Returns:
        int32[B, S], 0 at padding.
    """
    fertilities = ops.where(words, fertilities, 0)
    first = ops.logical_and(words, ops.equal(ops.cumsum(ops.cast(words, "int32"), axis=1), 1))
    nothing = ops.equal(ops.sum(fertilities, axis=1, keepdims=True), 0)
    fertilities = ops.where(ops.logical_and(first, nothing), 1, fertilities)
    ends = ops.cast(ops.logical_and(mask, ops.logical_not(words)), "int32")
    longest = LONGEST * ops.sum(ops.cast(mask, "int32"), axis=1) - ops.sum(ends, axis=1)
    sums = ops.minimum(ops.cumsum(fertilities, axis=1), longest[:, None])
    return sums - ops.pad(sums[:, :-1], [[0, 0], [1, 0]]) + ends


def repeated(source, fertilities, target_mask):
    """Repeat each source position as often as its fertility says, on a canvas of any length.

    Position t of T copies the source position in whose share of F = Σ fertilities it lies: with
    T = F that is `repeat(source, fertilities)`; otherwise all shares are stretched, the last
    position staying what it is: it lies at F − 1 − ⌊(T − 1 − t)·F/T⌋.

    Args:
        source: float[B, S, D].
        fertilities: int32[B, S], 0 at padding.
        target_mask: bool[B, T], True = real token.

    Returns:
        float[B, T, D], zero at padded target positions.
    """
    ends = ops.cumsum(fertilities, axis=1)
    total = ends[:, -1:]
    length = ops.sum(ops.cast(target_mask, "int32"), axis=1, keepdims=True)
    behind = length - 1 - ops.arange(ops.shape(target_mask)[1], dtype="int32")
    places = (total - 1 - behind * total // ops.maximum(length, 1))[:, :, None]
    # A product with ones and zeros: exact, and no gather whose gradient is scattered.
    chosen = ops.logical_and(
        ops.greater_equal(places, (ends - fertilities)[:, None, :]),
        ops.less(places, ends[:, None, :]),
    )
    chosen = ops.logical_and(chosen, target_mask[:, :, None])
    return ops.matmul(ops.cast(chosen, source.dtype), source)


def fertility_loss(logits, fertilities, words) -> LossTerm:
    """Cross-entropy of fertilities, those beyond the last class counting as it.

    Args:
        logits: float[B, S, K].
        fertilities: int32[B, S].
        words: bool[B, S]; nothing else counts.

    Returns:
        LossTerm(total in nats, count of words).
    """
    labels = ops.minimum(fertilities, logits.shape[-1] - 1)
    # What is right gains one, everywhere.
    gains = ops.ones((ops.shape(logits)[0],), logits.dtype)
    return score_function_loss(logits, labels, gains, words)
