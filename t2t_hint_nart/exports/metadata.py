"""What an exported SavedModel says about itself: signatures and a small JSON file (no TensorFlow).

One module for the exporter and for every reader, so that names are written once.
"""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from t2t_hint_nart.errors import InputError

# Signatures. Ids are int32, PAD 0 after EOS 1; strings are UTF-8.
SERVING = "serving_default"  # text string[B] -> outputs string[B], scores float[B]
EXAMPLE = "serving_example"  # input string[B], tf.Examples as T2T serves them -> outputs, scores
DECODE = "decode"  # inputs int[B,S] -> outputs int[B,L], scores float[B]
GREEDY = "greedy"  # teacher: as decode, with a beam of 1
SCORE = "score"  # teacher: inputs, targets -> log_prob float[B], token_log_prob float[B,T]
ENCODE = "encode"  # teacher: inputs -> encoded float[B,S,D], source_mask bool[B,S]
SCORE_ENCODED = "score_encoded"  # teacher: encoded, source_mask, targets -> log_prob float[B]
HINTS = "hints"  # inputs, targets -> logits, hidden, hidden_normed, attention
CANDIDATES = "candidates"  # student: inputs, halfwidth int[] -> outputs int[B,C,T], log_prob

METADATA_FILE = "t2t_hint_nart.json"
FORMAT = 1


@dataclass(frozen=True)
class ExportMetadata:
    """Facts of an export that readers check before they use it.

    Attributes:
        model: registered model name.
        problem: registered problem name.
        vocab_size: V.
        vocab_fingerprint: sha256 of the target vocabulary's subtokens.
        num_decoder_layers: N.
        num_heads: H.
        hidden_size: D.
        dtype: floating type.
        step: training step of the checkpoint.
        length_bias: C of a student, else None.
        decode_hparams: what `decode` was built with.
        hparams: the model's set.
        weights_fingerprint: sha256 of the variables, which names this very model.
    """

    model: str
    problem: str
    vocab_size: int
    vocab_fingerprint: str
    num_decoder_layers: int
    num_heads: int
    hidden_size: int
    dtype: str
    step: int
    length_bias: int | None
    decode_hparams: dict[str, Any]
    hparams: dict[str, Any]
    weights_fingerprint: str
    format: int = FORMAT

    def write(self, export_dir: str | Path) -> None:
        """Write METADATA_FILE into an export directory."""
        text = json.dumps(asdict(self), indent=1, sort_keys=True)
        (Path(export_dir) / METADATA_FILE).write_text(text + "\n", encoding="utf-8")


def read_metadata(export_dir: str | Path) -> ExportMetadata:
    """Read the metadata of an export.

    Raises:
        InputError: no export there, or one whose metadata can't be read.
    """
    path = Path(export_dir) / METADATA_FILE
    if not (Path(export_dir) / "saved_model.pb").exists():
        raise InputError(f"No SavedModel in {export_dir}; make one with t2t-exporter.")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        known = {field.name for field in fields(ExportMetadata)}
        metadata = ExportMetadata(**{k: v for k, v in values.items() if k in known})
    except FileNotFoundError:
        raise InputError(
            f"{export_dir} has no {METADATA_FILE}: it wasn't written by t2t-exporter."
        ) from None
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is damaged: {error}") from error
    if metadata.format != FORMAT:
        raise InputError(f"{path} has format {metadata.format}; this version reads {FORMAT}.")
    return metadata
