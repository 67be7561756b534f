"""BLEU of single sentences of ids, in the graph."""

from keras import ops

ORDER = 4
# PAD 0 and EOS 1 are no words.
LAST_SPECIAL = 1


def sentence_bleu(candidates, references):
    """BLEU of each sentence, in percent: min(1, e^{1 − r/c})·(Π_{n≤4} p_n)^¼.

    p₁ is the share of a candidate's words that its reference has, each as often as there at most;
    the other p_n have 1 added to matches and count (Lin & Och 2004; fairseq's libbleu, whose
    sequence-level training it is the reward of). c and r are words of the candidate and the
    reference, without EOS. A candidate without a match has 0.

    Args:
        candidates: int[R, T], PAD 0 and EOS 1 anywhere behind the words.
        references: int[R, U], likewise.

    Returns:
        float32[R].

    Example:
        >>> import numpy as np
        >>> ids = np.array([[5, 6, 7, 8, 1], [5, 6, 1, 0, 0]])
        >>> [round(float(value), 1) for value in sentence_bleu(ids, ids[[0, 0]])]
        [100.0, 36.8]
    """
    words = candidates > LAST_SPECIAL
    both = ops.logical_and(words[:, :, None], (references > LAST_SPECIAL)[:, None, :])
    same = ops.logical_and(both, ops.equal(candidates[:, :, None], references[:, None, :]))
    both = ops.logical_and(words[:, :, None], words[:, None, :])
    own = ops.logical_and(both, ops.equal(candidates[:, :, None], candidates[:, None, :]))
    length, reference_length = _count(words), _count(references > LAST_SPECIAL)
    same_n, own_n, logarithm = same, own, 0.0
    for n in range(ORDER):
        if n:
            same_n = ops.logical_and(same_n[:, :-1, :-1], same[:, n:, n:])
            own_n = ops.logical_and(own_n[:, :-1, :-1], own[:, n:, n:])
        # The k-th of equal n-grams is a match if the reference has at least k of them.
        earlier = _count(ops.tril(ops.cast(own_n, "float32"), -1))
        matches = _count(earlier < _count(same_n))
        count = ops.maximum(length - n, 0.0)
        precision = (matches + 1) / (count + 1) if n else matches / ops.maximum(count, 1.0)
        logarithm = logarithm + ops.log(ops.maximum(precision, 1e-30)) / ORDER
    brevity = ops.minimum(1.0 - reference_length / ops.maximum(length, 1.0), 0.0)
    found = ops.any(same, axis=(1, 2))
    return 100.0 * ops.where(found, ops.exp(brevity + logarithm), 0.0)


def _count(flags):
    return ops.sum(ops.cast(flags, "float32"), axis=-1)
