"""What an export says about itself: capabilities, signatures, a small JSON file (no TensorFlow).

One module for the exporter and for every reader, so that names are written once.
"""

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from t2t_hint_nart.data.problem_identity import ProblemIdentity, Vocabulary
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.digests import check_digests, file_digests
from t2t_hint_nart.files.json_file import read_json
from t2t_hint_nart.files.whole_file import write_whole

# What an export can do for others.
TRANSLATES = "translates"
SCORES = "scores"  # gives the probability of whole sentences, EOS included
GIVES_HINTS = "gives_hints"  # gives its probes under teacher forcing

# Signatures. Ids are int32, PAD 0 after EOS 1; strings are UTF-8. A strategy may add its own.
# Zero sentences in, zero out; an empty source has the empty translation. A source of more than
# max_input_size tokens is cut to them, EOS the last, but HINTS refuses it: its probes have the
# length that the caller's have. Targets of more tokens than that and 1,024 are refused.
SERVING = "serving_default"  # text string[B] -> outputs string[B], scores float[B]
EXAMPLE = "serving_example"  # input string[B], tf.Examples as T2T serves them -> outputs, scores
DECODE = "decode"  # inputs int[B,S] -> outputs int[B,L], scores float[B]
SCORE = "score"  # inputs, targets -> log_prob float[B], token_log_prob float[B,T]
ENCODE = "encode"  # inputs -> the encoded source by names of its own
SCORE_ENCODED = "score_encoded"  # the encoded source, targets -> log_prob float[B]
# The encoded source, targets -> ids int[B,T] it would say, log_probs and gaps float[B,T]
CHOOSE = "choose"
HINTS = "hints"  # inputs, targets -> logits and every probe

# The runtime of exports that name none.
SAVED_MODEL = "saved_model"

METADATA_FILE = "t2t_hint_nart.json"
_VALUES = re.compile(r"variables\.data-")
FORMAT = 2


# What JSON makes of a hyperparameter.
HParamValue = bool | int | float | str | list[Any] | None


@dataclass(frozen=True)
class HeldTeacher:
    """The teacher in a student's export that ranks its candidates.

    Attributes:
        model: registered model name.
        problem: registered problem name.
        step: training step of its checkpoint.
        weights_fingerprint: its own export's.
        candidates: of a sentence, among which it chooses.
    """

    model: str
    problem: str
    step: int
    weights_fingerprint: str
    candidates: int


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
        decode_hparams: that strategy's which have an effect on it; of older exports all.
        vocabularies: of "inputs" and "targets"; of format 1 those of the targets alone.
        hparams: the model's set.
        dtype: floating type.
        weights_fingerprint: sha256 of the variables, which names this very model; with a teacher
            in it, of both models' fingerprints.
        runtime: registered name of what opens it.
        languages: of "inputs" and "targets", such as "de"; none where nobody knows.
        digests: sha256 of the export's files, by their paths in it; none of an older export.
        max_input_size: source tokens, EOS among them, that every signature takes; −1 of exports
            that take any number, those made before there was a limit.
        rescored_by: the teacher in it that has the last word in `decode` and what is made of it;
            `candidates` are the student's. None where there is none.
    """

    model: str
    problem: str
    step: int
    capabilities: tuple[str, ...]
    probes: dict[str, dict[str, int]]
    strategy: str
    decode_hparams: dict[str, HParamValue]
    vocabularies: dict[str, Vocabulary]
    hparams: dict[str, HParamValue]
    dtype: str
    weights_fingerprint: str
    runtime: str = SAVED_MODEL
    format: int = FORMAT
    languages: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    max_input_size: int = -1
    rescored_by: HeldTeacher | None = None

    @property
    def learnt(self) -> ProblemIdentity:
        """What the model was trained on."""
        return ProblemIdentity(self.problem, self.vocabularies, self.languages)

    def check_files(self, export_dir: str | Path) -> None:
        """Refuse an export whose files aren't those that were written, as another's variables.

        Raises:
            InputError: naming the file.
        """
        check_digests(export_dir, self.digests, _ADVICE)

    def write(self, export_dir: str | Path) -> None:
        """Write METADATA_FILE into an export directory."""
        text = json.dumps(asdict(self), indent=1, sort_keys=True)
        write_whole(Path(export_dir) / METADATA_FILE, text + "\n")


def digests_of(export_dir: str | Path) -> dict[str, str]:
    """Return the sha256 of an export's files but for the variables' values.

    Of these the index of the variables has checksums, which TensorFlow compares as it reads them:
    reading them once more would take longer than all the rest of loading.
    """
    files = (path for path in sorted(Path(export_dir).rglob("*")) if path.is_file())
    return file_digests(export_dir, (path for path in files if not _VALUES.match(path.name)))


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
        version = read_json(path, _Format, _ADVICE).format
    except (FileNotFoundError, NotADirectoryError):
        if (folder / "saved_model.pb").exists():
            message = f"{folder} has no {METADATA_FILE}: it wasn't written by t2t-exporter."
        else:
            message = f"No export in {export_dir}; make one with t2t-exporter."
        raise InputError(message) from None
    if version == 1:
        return _from_format_1(read_json(path, _Format1, _ADVICE))
    if version != FORMAT:
        raise InputError(f"{path} has format {version}; this version reads 1 and {FORMAT}.")
    return read_json(path, ExportMetadata, _ADVICE)


_ADVICE = "Export the model again."


@dataclass(frozen=True)
class _Format:
    format: int


@dataclass(frozen=True)
class _Format1:
    """What exports said of themselves before there were capabilities."""

    model: str
    problem: str
    step: int
    vocab_size: int
    vocab_fingerprint: str
    num_decoder_layers: int
    num_heads: int
    hidden_size: int
    length_bias: int | None
    decode_hparams: dict[str, HParamValue]
    hparams: dict[str, HParamValue]
    dtype: str
    weights_fingerprint: str


def _from_format_1(told: _Format1) -> ExportMetadata:
    """What format 2 says of an export that was a teacher's, or had a length bias: a student's."""
    is_student = told.length_bias is not None
    layers = {"layers": told.num_decoder_layers}
    states = {**layers, "size": told.hidden_size}
    return ExportMetadata(
        model=told.model,
        problem=told.problem,
        step=told.step,
        capabilities=(TRANSLATES, *(() if is_student else (SCORES,)), GIVES_HINTS),
        probes={
            "hidden": states,
            "hidden_normed": states,
            "attention": {**layers, "heads": told.num_heads},
        },
        strategy="one_pass" if is_student else "beam",
        decode_hparams=told.decode_hparams
        | ({"length_bias": told.length_bias} if is_student else {}),
        vocabularies={"targets": {"size": told.vocab_size, "fingerprint": told.vocab_fingerprint}},
        hparams=told.hparams,
        dtype=told.dtype,
        weights_fingerprint=told.weights_fingerprint,
        format=1,
    )
