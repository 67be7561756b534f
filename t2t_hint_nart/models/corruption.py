"""Noise on a target, which a refining decoder learns to undo."""

from keras import ops

COPY, REPLACE, SWAP = range(3)
# What no random token is: PAD and EOS.
LEAST_WORD = 2


def corruption_counts(lengths, share: float):
    """How many positions are corrupted: min(max(⌊w·length⌋, 1), length − 1), never below 0.

    Args:
        lengths: int[B], EOS counted.
        share: w.

    Example:
        >>> ops.convert_to_numpy(corruption_counts(ops.array([0, 1, 2, 5, 30]), 19 / 30)).tolist()
        [0, 0, 1, 3, 19]
    """
    # A product that is a whole number may come out a little smaller.
    some = ops.cast(ops.floor(ops.cast(lengths, "float32") * share + 1e-4), lengths.dtype)
    return ops.maximum(ops.minimum(ops.maximum(some, 1), lengths - 1), 0)


def corrupt(targets, share: float, order, kinds, words):
    """Corrupt some tokens of each target, one after the other; its length stays the same.

    Of the positions before the last so many as `corruption_counts` says, in a random order: each
    is copied over the next one, replaced by a random word, or exchanged with the next one (the
    code of Lee et al. 2018, corrupt_target). A later corruption sees what an earlier one left; EOS
    may be moved or lost, as there.

    Args:
        targets: int[B, T], PAD 0 behind the sentence.
        share: w.
        order: float[B, T]; positions with the smallest come first.
        kinds: int[B, T], COPY, REPLACE or SWAP, what is done at a position.
        words: int[B, T], what replaces a token there.

    Returns:
        int[B, T].
    """
    lengths = ops.sum(ops.cast(ops.not_equal(targets, 0), "int32"), axis=1)
    counts = corruption_counts(lengths, share)
    positions = ops.arange(ops.shape(targets)[1], dtype="int32")
    chosen = ops.where(positions < ops.expand_dims(lengths - 1, 1), order, float("inf"))
    places = ops.cast(ops.argsort(chosen, axis=1), "int32")

    def at(flags, values):
        return ops.sum(ops.where(flags, values, 0), axis=1, keepdims=True)

    def corrupt_one(index, tokens):
        place = at(ops.equal(positions, index), places)
        is_done = ops.expand_dims(index < counts, 1)
        here = ops.logical_and(ops.equal(positions, place), is_done)
        next_ = ops.logical_and(ops.equal(positions, place + 1), is_done)
        own, following, kind = at(here, tokens), at(next_, tokens), at(here, kinds)
        replaced = ops.equal(kind, REPLACE)
        ours = ops.where(ops.equal(kind, SWAP), following, own)
        ours = ops.where(replaced, at(here, words), ours)
        theirs = ops.where(replaced, following, own)
        return ops.where(here, ours, ops.where(next_, theirs, tokens))

    return ops.fori_loop(0, ops.max(counts), corrupt_one, targets)
