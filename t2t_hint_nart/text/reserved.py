"""The reserved symbols of every vocabulary, and the sentence that a row of ids is without them."""

from collections.abc import Iterable, Sequence

from t2t_hint_nart.text import EOS_ID, PAD_ID

PAD = "<pad>"
EOS = "<EOS>"
RESERVED_TOKENS = (PAD, EOS)


def sentence_ids(ids: Iterable[int]) -> list[int]:
    """Return the ids of the sentence in a row: up to the first EOS, without PAD.

    T2T cuts at the first EOS when it decodes and strips reserved ids from the end only; the two
    agree on every row that is a sentence, one EOS and padding.

    Example:
        >>> sentence_ids([0, 7, 8, 1, 9, 0])
        [7, 8]
    """
    sentence = []
    for id_ in ids:
        if id_ == EOS_ID:
            break
        if id_ != PAD_ID:
            sentence.append(int(id_))
    return sentence


def first_ids(ids: Sequence[int], limit: int) -> list[int]:
    """Return the first ids of a source, EOS the last of them, as T2T's max_input_size does.

    `decoding.sources.cut` is the same in a graph.

    Args:
        ids: ending in EOS, without PAD.
        limit: how many; 0 and less for all.

    Example:
        >>> first_ids([5, 6, 7, 1], 3)
        [5, 6, 1]
    """
    return [*ids[: limit - 1], EOS_ID] if 0 < limit < len(ids) else list(ids)
