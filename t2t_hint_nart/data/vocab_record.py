"""What a vocabulary was built of: `<vocabulary>.json` beside it (no TensorFlow)."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypedDict

from t2t_hint_nart.files.json_file import read_json
from t2t_hint_nart.files.whole_file import write_whole

SUFFIX = ".json"


class VocabRecord(TypedDict):
    """Digests, in hex.

    fingerprint: of the vocabulary.
    text_fingerprint: of the texts it was built of.
    """

    fingerprint: str
    text_fingerprint: str


class FingerprintedTexts:
    """Passes texts on and takes their fingerprint, which differs for other texts or orders."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = texts
        self._digest = hashlib.sha256()

    def __iter__(self) -> Iterator[str]:
        for text in self._texts:
            content = text.encode("utf-8", "surrogatepass")
            self._digest.update(len(content).to_bytes(8, "big") + content)
            yield text

    def fingerprint(self) -> str:
        """Return the SHA-256, in hex, of the texts passed on so far."""
        return self._digest.hexdigest()


def text_fingerprint(texts: Iterable[str]) -> str:
    """Return the fingerprint of texts."""
    fingerprinted = FingerprintedTexts(texts)
    for _ in fingerprinted:
        pass
    return fingerprinted.fingerprint()


def write_record(vocabulary: Path, record: VocabRecord) -> None:
    """Write the record of a vocabulary file."""
    write_whole(record_path(vocabulary), json.dumps(record, indent=2) + "\n")


def read_record(vocabulary: Path) -> VocabRecord | None:
    """Return the record of a vocabulary file, None if there is none."""
    path = record_path(vocabulary)
    return read_json(path, VocabRecord, f"Remove it and {vocabulary}.") if path.exists() else None


def record_path(vocabulary: Path) -> Path:
    """Return the path of the record of a vocabulary file."""
    return vocabulary.with_name(vocabulary.name + SUFFIX)
