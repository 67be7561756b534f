"""Vocabularies beside an export whose graph holds no text (no TensorFlow)."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from t2t_hint_nart.data.problem import TextEncoder
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.json_file import read_json
from t2t_hint_nart.files.whole_file import write_whole
from t2t_hint_nart.text.byte import ByteTextEncoder
from t2t_hint_nart.text.subword import SubwordTextEncoder
from t2t_hint_nart.text.token import TokenTextEncoder

INDEX_FILE = "vocabularies.json"
_KINDS = {
    "subword": SubwordTextEncoder,
    "token": TokenTextEncoder,
    "byte": ByteTextEncoder,
}


@dataclass(frozen=True)
class StoredVocabulary:
    """How to read a vocabulary again.

    Attributes:
        kind: "subword", "token" or "byte".
        file: in the same directory; "" for bytes.
        replace_oov: of tokens.
        reverse: of tokens.
    """

    kind: str
    file: str = ""
    replace_oov: str | None = None
    reverse: bool = False


def can_store(encoders: Mapping[str, TextEncoder]) -> bool:
    """Return whether `write_vocabularies` knows their kinds."""
    return all(type(encoder) in _KINDS.values() for encoder in encoders.values())


def write_vocabularies(directory: Path, encoders: Mapping[str, TextEncoder]) -> None:
    """Write the vocabularies of inputs and targets, once if they are one.

    Args:
        directory: of the export.
        encoders: by "inputs" and "targets".

    Raises:
        InputError: of a kind that can't be stored.
    """
    stored: dict[str, StoredVocabulary] = {}
    files: dict[str, str] = {}
    for side, encoder in encoders.items():
        kind = next((kind for kind, made in _KINDS.items() if type(encoder) is made), None)
        if kind is None:
            raise InputError(
                "Only vocabularies of subwords, words or bytes can be exported, not a "
                f"{type(encoder).__name__}."
            )
        if isinstance(encoder, SubwordTextEncoder | TokenTextEncoder):
            file = files.setdefault(encoder.fingerprint(), f"vocab.{side}")
            encoder.store(directory / file)
            facts = StoredVocabulary(kind, file)
            if isinstance(encoder, TokenTextEncoder):
                facts = StoredVocabulary(kind, file, encoder.replace_oov, encoder.reverse)
            stored[side] = facts
        else:
            stored[side] = StoredVocabulary(kind)
    text = json.dumps({side: asdict(facts) for side, facts in stored.items()}, indent=1)
    write_whole(directory / INDEX_FILE, text + "\n")


def read_vocabularies(directory: Path) -> dict[str, TextEncoder]:
    """Read what `write_vocabularies` wrote.

    Raises:
        InputError: a file is missing or damaged.
    """
    try:
        index = read_json(directory / INDEX_FILE, dict[str, StoredVocabulary])
    except FileNotFoundError:
        raise InputError(f"{directory} has no {INDEX_FILE}: export the model again.") from None
    return {side: _read(directory, facts) for side, facts in index.items()}


def _read(directory: Path, facts: StoredVocabulary) -> TextEncoder:
    if facts.kind == "subword":
        return SubwordTextEncoder(directory / facts.file)
    if facts.kind == "token":
        return TokenTextEncoder(
            directory / facts.file, replace_oov=facts.replace_oov, reverse=facts.reverse
        )
    if facts.kind == "byte":
        return ByteTextEncoder()
    raise InputError(
        f"{directory / INDEX_FILE}: unknown kind {facts.kind!r}; allowed are {', '.join(_KINDS)}."
    )
