"""A runtime without a model: it translates bytes to bytes, small letters to capital ones."""

import dataclasses
import json
import os
import time

import numpy as np

from t2t_hint_nart.exports.metadata import DECODE, TRANSLATES
from t2t_hint_nart.exports.plain_text import PlainTextServable
from t2t_hint_nart.exports.vocabulary_files import INDEX_FILE

SMALL = np.array([ord("a"), ord("z")]) + 2
# Nothing is translated while a file of this name lies in the export; BEGUN is written then, and one
# whose name ends in the number of the process.
HOLD, BEGUN = "hold", "begun"
# A sentence with this letter in it can't be translated.
BAD = "!"


class Echo:
    """Opens what `write_echo` wrote (`exports.runtime.Runtime`)."""

    def open(self, directory, metadata):
        return OpenEcho(directory, metadata)


class OpenEcho(PlainTextServable):
    """Notes the shapes of what it decodes, as `shapes`."""

    def __init__(self, directory, metadata):
        super().__init__(directory, metadata, (DECODE,))
        self._hold, self._begun = directory / HOLD, directory / BEGUN
        self.shapes = []

    def call(self, signature, *, inputs):
        assert signature == DECODE
        inputs = np.asarray(inputs)
        self.shapes.append(inputs.shape)
        while self._hold.exists():
            self._begun.touch()
            self._begun.with_name(f"{BEGUN}-{os.getpid()}").touch()
            time.sleep(0.002)
        if (inputs == ord(BAD) + 2).any():
            raise RuntimeError("bad letter")
        is_small = (inputs >= SMALL[0]) & (inputs <= SMALL[1])
        scores = -np.count_nonzero(inputs, axis=1).astype(np.float32)
        return {"outputs": np.where(is_small, inputs - 32, inputs), "scores": scores}


def write_echo(directory, **facts):
    """Write version 3 of an export for it, without TensorFlow; return the directory of versions."""
    from t2t_hint_nart.exports.metadata import ExportMetadata

    side = {"size": 258, "fingerprint": "f" * 64}
    metadata = ExportMetadata(
        model="transformer_nat",
        problem="text2text_tmpdir",
        step=1,
        capabilities=(TRANSLATES,),
        probes={},
        strategy="one_pass",
        decode_hparams={"length_bias": 0},
        vocabularies={"inputs": side, "targets": side},
        hparams={},
        dtype="float32",
        weights_fingerprint="0" * 64,
        runtime="echo",
        languages={"inputs": "de", "targets": "en"},
        max_input_size=100,
    )
    version = directory / "3"
    version.mkdir(parents=True)
    dataclasses.replace(metadata, **facts).write(version)
    kinds = {side: {"kind": "byte"} for side in ("inputs", "targets")}
    (version / INDEX_FILE).write_text(json.dumps(kinds), "utf-8")
    return directory
