"""What an export says about itself: capabilities, signatures, a small JSON file (no TensorFlow).

One module for the exporter and for every reader, so that names are written once.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from t2t_hint_nart.errors import InputError

# What an export can do for others.
TRANSLATES = "translates"
SCORES = "scores"  # gives the probability of whole sentences, EOS included
GIVES_HINTS = "gives_hints"  # gives its probes under teacher forcing

# Signatures. Ids are int32, PAD 0 after EOS 1; strings are UTF-8. A strategy may add its own.
SERVING = "serving_default"  # text string[B] -> outputs string[B], scores float[B]
EXAMPLE = "serving_example"  # input string[B], tf.Examples as T2T serves them -> outputs, scores
DECODE = "decode"  # inputs int[B,S] -> outputs int[B,L], scores float[B]
SCORE = "score"  # inputs, targets -> log_prob float[B], token_log_prob float[B,T]
ENCODE = "encode"  # inputs -> the encoded source by names of its own
SCORE_ENCODED = "score_encoded"  # the encoded source, targets -> log_prob float[B]
HINTS = "hints"  # inputs, targets -> logits and every probe

METADATA_FILE = "t2t_hint_nart.json"
FORMAT = 2


@dataclass(frozen=True)
class ExportMetadata:
    """Facts of an export that readers check before they use it.

    Attributes:
        model: registered model name.
        problem: registered problem name.
        step: training step of the checkpoint.
        capabilities: what it can do for others.
        probes: of what gives hints, by name the sizes that never change, as "layers" or "heads".
        strategy: registered name of the strategy that `decode` uses.
        decode_hparams: that strategy's.
        vocabularies: of "inputs" and "targets" `size` and `fingerprint`, a sha256 of the tokens;
            of format 1 those of the targets alone.
        hparams: the model's set.
        dtype: floating type.
        weights_fingerprint: sha256 of the variables, which names this very model.
        runtime: registered name of what opens it.
    """

    model: str
    problem: str
    step: int
    capabilities: tuple[str, ...]
    probes: dict[str, dict[str, int]]
    strategy: str
    decode_hparams: dict[str, Any]
    vocabularies: dict[str, dict[str, Any]]
    hparams: dict[str, Any]
    dtype: str
    weights_fingerprint: str
    runtime: str = "saved_model"
    format: int = FORMAT

    def write(self, export_dir: str | Path) -> None:
        """Write METADATA_FILE into an export directory."""
        text = json.dumps(asdict(self), indent=1, sort_keys=True)
        (Path(export_dir) / METADATA_FILE).write_text(text + "\n", encoding="utf-8")


def newest_version(export_dir: str | Path) -> Path:
    """Return the directory of an export: the highest number in it, or the directory itself.

    T2T's exporter and model servers have numbered versions; format 1 had none.
    """
    folder = Path(export_dir)
    return max(version_dirs(folder), key=lambda path: int(path.name), default=folder)


def version_dirs(export_dir: Path) -> list[Path]:
    """The versions in a directory, complete ones."""
    if not export_dir.is_dir() or (export_dir / METADATA_FILE).exists():
        return []
    return [path for path in export_dir.iterdir() if path.is_dir() and path.name.isdecimal()]


def read_metadata(export_dir: str | Path) -> ExportMetadata:
    """Read the metadata of an export, of its newest version.

    Raises:
        InputError: no export there, or one whose metadata can't be read.
    """
    folder = newest_version(export_dir)
    path = folder / METADATA_FILE
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        version = values["format"]
        if version == 1:
            values = _from_format_1(values)
        elif version != FORMAT:
            raise InputError(f"{path} has format {version}; this version reads 1 and {FORMAT}.")
        values["capabilities"] = tuple(values["capabilities"])
        known = {field.name for field in fields(ExportMetadata)}
        metadata = ExportMetadata(**{k: v for k, v in values.items() if k in known})
    except (FileNotFoundError, NotADirectoryError):
        if (folder / "saved_model.pb").exists():
            message = f"{folder} has no {METADATA_FILE}: it wasn't written by t2t-exporter."
        else:
            message = f"No export in {export_dir}; make one with t2t-exporter."
        raise InputError(message) from None
    except InputError:
        raise
    except (ValueError, TypeError, AttributeError, LookupError) as error:
        raise InputError(f"{path} is damaged: {error!r}") from error
    return metadata


def _from_format_1(values: Mapping[str, Any]) -> dict[str, Any]:
    """What format 2 says of an export that was a teacher's, or had a length bias: a student's."""
    is_student = values["length_bias"] is not None
    layers = {"layers": values["num_decoder_layers"]}
    states = {**layers, "size": values["hidden_size"]}
    vocabulary = {"size": values["vocab_size"], "fingerprint": values["vocab_fingerprint"]}
    return {
        **values,
        "capabilities": [TRANSLATES, *([] if is_student else [SCORES]), GIVES_HINTS],
        "probes": {
            "hidden": states,
            "hidden_normed": states,
            "attention": {**layers, "heads": values["num_heads"]},
        },
        "strategy": "one_pass" if is_student else "beam",
        "decode_hparams": {**values["decode_hparams"]}
        | ({"length_bias": values["length_bias"]} if is_student else {}),
        "vocabularies": {"targets": vocabulary},
    }
