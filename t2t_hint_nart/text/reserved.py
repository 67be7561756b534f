"""The reserved symbols of every vocabulary, and what a row of ids is called without them."""

from collections.abc import Iterable

from t2t_hint_nart.text import EOS_ID, PAD_ID

PAD = "<pad>"
EOS = "<EOS>"
RESERVED_TOKENS = (PAD, EOS)


def sentence_ids(ids: Iterable[int]) -> list[int]:
    """Return the ids of the sentence in a row: up to the first EOS, without PAD.

    T2T cuts at the first EOS when it decodes and strips reserved ids from the end only; the two
    agree on every row that is a sentence, one EOS and padding.

    Args:
        ids: int[T], as a model or a padded batch gives them.

    Returns:
        The ids before the first EOS that are not PAD.

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


def token_labels(ids: Iterable[int], pieces: Iterable[str | bytes]) -> list[str]:
    r"""Return what each token of a sentence is called.

    Args:
        ids: int[T].
        pieces: what each stands for, as an encoder's `decode_list` gives it; bytes of a byte
            vocabulary, of which those that are no character by themselves have their number.

    Example:
        >>> token_labels([74, 197, 1], [b"H", b"\xc3", b"<EOS>"])
        ['H', '\\xc3', '<EOS>']
    """
    return [EOS if i == EOS_ID else _text(piece) for i, piece in zip(ids, pieces, strict=True)]


def _text(piece: str | bytes) -> str:
    return piece.decode(errors="backslashreplace") if isinstance(piece, bytes) else piece
