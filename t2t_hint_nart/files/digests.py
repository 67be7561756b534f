"""Files that must be those that were written: their sha256, and one line where it differs."""

import hashlib
from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path

from t2t_hint_nart.errors import InputError

_SHOWN_DIGITS = 12
_CHUNK_BYTES = 2**20


def file_digest(path: str | PathLike[str]) -> str:
    """Return the sha256 of a file, in hex."""
    found = hashlib.sha256()
    with Path(path).open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            found.update(chunk)
    return found.hexdigest()


def file_digests(directory: str | PathLike[str], files: Iterable[Path]) -> dict[str, str]:
    """Return the sha256 of files below a directory by their paths in it."""
    return {file.relative_to(directory).as_posix(): file_digest(file) for file in files}


def check_digest(path: str | PathLike[str], written: str, advice: str) -> None:
    """Refuse a file that isn't what was written.

    Args:
        path: of the file.
        written: the sha256 that it had.
        advice: what to do about another one: a sentence.

    Raises:
        InputError: it is another one, or missing.
    """
    if not Path(path).is_file():
        raise InputError(f"{path} is missing. {advice}")
    found = file_digest(path)
    if found != written:
        now, then = found[:_SHOWN_DIGITS], written[:_SHOWN_DIGITS]
        raise InputError(
            f"{path} isn't what was written there: its sha256 is {now}..., not {then}..., so it is "
            f"damaged or of another model. {advice}"
        )


def check_digests(directory: str | PathLike[str], written: Mapping[str, str], advice: str) -> None:
    """Refuse a directory one of whose files isn't what was written; args as `check_digest`."""
    for name, digest in written.items():
        check_digest(Path(directory) / name, digest, advice)
