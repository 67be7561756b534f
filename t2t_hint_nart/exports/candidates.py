"""Candidates ranked by an export that takes arrays (no TensorFlow).

As `decoding.strategy.rank_candidates` ranks them in a graph: outside of one its forty operations
take more time than the model that scores.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from t2t_hint_nart.text import EOS_ID, PAD_ID

Array = np.ndarray[Any, Any]
# The score of a translation that there isn't, `decoding.search.INF`.
_NONE = -1e7


def complete_sentences(ids: Array) -> Array:
    """Give every row exactly one EOS: cut behind the first, append one where there is none.

    Args:
        ids: int[..., T], PAD 0 only behind the sentence.

    Returns:
        int32[..., L]: the sentence, EOS, then PAD; L is the longest of them.

    Example:
        >>> complete_sentences(np.array([[5, 1, 6, 2], [5, 6, 0, 0]])).tolist()
        [[5, 1, 0], [5, 6, 1]]
    """
    ends = ids == EOS_ID
    complete = np.zeros((*ids.shape[:-1], ids.shape[-1] + 1), np.int32)
    complete[..., :-1] = np.where(ends.cumsum(axis=-1) - ends == 0, ids, PAD_ID)
    lengths = np.count_nonzero(complete, axis=-1)
    open_ended = np.nonzero(~ends.any(axis=-1))
    complete[(*open_ended, lengths[open_ended])] = EOS_ID
    return complete[..., : np.count_nonzero(complete, axis=-1).max(initial=0)]


def rank(
    inputs: Array, ids: Array, score: Callable[[Array], Array], alpha: float = 0.0
) -> tuple[Array, Array]:
    """Sort the candidates of each sentence by the scorer's log probability, best first.

    Over the penalty ((5 + |y|) / 6)^alpha, |y| counting EOS. Among equals the earlier comes first;
    a source without a word has the empty translation and the score 0.

    Args:
        inputs: int[B, S].
        ids: int[B, C, T], PAD 0 only behind the sentence.
        score: targets int32[B*C, L] → float32[B*C], in nats.
        alpha: exponent of the length penalty.

    Returns:
        ids int32[B, C, L], each with its EOS, and scores float32[B, C].
    """
    targets = complete_sentences(ids)
    batch, count, length = targets.shape
    log_probs = score(targets.reshape(batch * count, length)).reshape(batch, count)
    lengths = np.count_nonzero(targets, axis=2)
    scores = (log_probs / ((5.0 + lengths) / 6.0) ** alpha).astype(np.float32)
    order = np.argsort(-scores, axis=1, kind="stable")
    targets = np.take_along_axis(targets, order[:, :, None], axis=1)
    scores = np.take_along_axis(scores, order, axis=1)
    wordless = ~((inputs != PAD_ID) & (inputs != EOS_ID)).any(axis=1)
    targets[wordless], targets[wordless, 0, :1] = PAD_ID, EOS_ID
    scores[wordless], scores[wordless, :1] = _NONE, 0.0
    return targets, scores
