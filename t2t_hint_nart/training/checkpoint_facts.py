"""What a checkpoint says of itself, in <checkpoint>.json: whose it is, and what it was trained on.

A file for each, not one for a run: a checkpoint is read by its path alone, averages and best/ lie
in directories of their own, and one directory may hold averages of several runs. (No TensorFlow.)
"""

import json
from dataclasses import asdict, dataclass

from t2t_hint_nart.data.problem_identity import ProblemIdentity
from t2t_hint_nart.files.digests import check_digest, file_digest
from t2t_hint_nart.files.json_file import read_json
from t2t_hint_nart.files.whole_file import write_whole

_ENDING = ".json"
_ADVICE = "Use another checkpoint."


@dataclass(frozen=True)
class CheckpointFacts:
    """Facts that readers check.

    Attributes:
        index: sha256 of the index, whose checksums tell the values from others.
        trained_on: problem and vocabularies; None where nobody knows.
        by_interrupt: whether an interrupt alone had it saved, between two that were due.
    """

    index: str
    trained_on: ProblemIdentity | None = None
    by_interrupt: bool = False


def write_facts(path: str, trained_on: ProblemIdentity | None, by_interrupt: bool = False) -> None:
    """Write what a checkpoint that is there says of itself."""
    facts = CheckpointFacts(file_digest(f"{path}.index"), trained_on, by_interrupt)
    write_whole(path + _ENDING, json.dumps(asdict(facts), indent=1, sort_keys=True) + "\n")


def read_facts(path: str) -> CheckpointFacts | None:
    """Return what a checkpoint says of itself; None of those of tensor2tensor and older versions.

    Raises:
        InputError: it can't be read.
    """
    try:
        return read_json(path + _ENDING, CheckpointFacts, _ADVICE)
    except FileNotFoundError:
        return None


def check_files(path: str) -> None:
    """Refuse a checkpoint whose index isn't the one that was written.

    Raises:
        InputError: it is damaged, or of another model.
    """
    facts = read_facts(path)
    if facts is not None:
        check_digest(f"{path}.index", facts.index, _ADVICE)


def misfit(path: str, wanted: ProblemIdentity) -> str:
    """Say what keeps a checkpoint from being used on data, as far as is known; "" if nothing."""
    facts = read_facts(path)
    if facts is None or facts.trained_on is None:
        return ""
    return facts.trained_on.misfit(wanted, f"Checkpoint {path}")
