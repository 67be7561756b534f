"""Text in, text out around an export that takes ids (no TensorFlow)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from t2t_hint_nart.data.problem import TextEncoder
from t2t_hint_nart.errors import InputError, nearest
from t2t_hint_nart.exports.metadata import DECODE, ExportMetadata
from t2t_hint_nart.exports.vocabulary_files import read_vocabularies
from t2t_hint_nart.text import EOS_ID, PAD_ID
from t2t_hint_nart.text.lines import sentence
from t2t_hint_nart.text.reserved import first_ids, sentence_ids

Tensors = dict[str, Any]


class PlainTextServable:
    """What runtimes without text in their graph have in common (`exports.runtime.Servable`).

    Args:
        directory: of the export.
        metadata: what it says of itself.
        signatures: the names of those it has.

    Raises:
        InputError: no vocabulary there, or a damaged one.
    """

    is_graph = False

    def __init__(self, directory: Path, metadata: ExportMetadata, signatures: Sequence[str]):
        self.export_dir = str(directory)
        self.metadata = metadata
        self._signatures = sorted(signatures)
        self._encoders = read_vocabularies(directory)

    @property
    def encoders(self) -> dict[str, TextEncoder]:
        """The vocabularies of "inputs" and "targets"."""
        return self._encoders

    def call(self, signature: str, **tensors: Any) -> Tensors:
        """Call a signature with arrays by name; see `Servable.call`."""
        raise NotImplementedError

    def require(self, signature: str) -> None:
        """Refuse an export that lacks a signature; see `Servable.require`."""
        if signature not in self._signatures:
            raise InputError(
                f"{self.export_dir}, a {self.metadata.model!r} for {self.metadata.runtime}, has no "
                f"signature {signature!r}; it has {', '.join(self._signatures)}."
                + nearest(signature, self._signatures)
            )

    def translate(self, lines: Sequence[str]) -> list[str]:
        """Translate text with the vocabulary beside the export, one sentence after the other."""
        return [self._translate(sentence(line)) for line in lines]

    def _translate(self, line: str) -> str:
        ids = self._encoders["inputs"].encode(line)
        if not ids:
            return ""
        outputs = self.call(DECODE, inputs=[[*ids, EOS_ID]])["outputs"]
        return self._encoders["targets"].decode(sentence_ids(outputs[0]))

    def accepted(self, inputs: Any) -> list[np.ndarray]:
        """The sources of a batch int[B, S], each without padding and cut to max_input_size."""
        limit = self.metadata.max_input_size
        return [
            np.array(first_ids(row[row != PAD_ID], limit), np.int32)
            for row in np.asarray(inputs, np.int32)
        ]
