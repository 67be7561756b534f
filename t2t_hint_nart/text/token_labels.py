"""What tokens are called where a reader sees them one by one."""

from collections.abc import Iterable

from t2t_hint_nart.text import EOS_ID
from t2t_hint_nart.text.reserved import EOS


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
