"""Whether a distillation is done already, or another one's shards are in its place."""

import json
from collections.abc import Mapping
from typing import Any

from t2t_hint_nart.data.distill_problem import DistillProblem
from t2t_hint_nart.errors import InputError

_SHOWN_DIGITS = 12


def is_finished(
    problem: DistillProblem, data_dir: str, header: Mapping[str, Any], begun: bool
) -> bool:
    """Return whether all shards of a distillation and their provenance are there.

    Args:
        problem: the distilled problem.
        data_dir: of the shards.
        header: `teacher`, a fingerprint; `decode_hparams`; `sentences`, their number; `sources`,
            their digest.
        begun: whether it has a journal: shards without a provenance are its own.

    Raises:
        InputError: the shards are of another distillation, or nobody knows of which.
    """
    shards = problem.own_shards(data_dir)
    provenance = problem.provenance_path(data_dir)
    if not shards:
        return False
    if provenance.exists():
        unlike = _difference(problem.provenance(data_dir), header)
    else:
        unlike = "" if begun else f"without '{provenance.name}'"
    if unlike:
        raise InputError(
            f"the shards of {problem.name} in {data_dir} are there already, {unlike}; to start "
            f"anew remove '{problem.dataset_filename()}-train-*' and '{provenance.name}' there"
        )
    number = int(shards[0].name.rsplit("-", 1)[1])
    return provenance.exists() and len(shards) == number


def _difference(recorded: Mapping[str, Any], header: Mapping[str, Any]) -> str:
    """Return what about finished shards isn't as in the header, nothing if all is."""
    teacher = str(recorded.get("teacher_fingerprint"))
    if teacher != header["teacher"]:
        digests = (digest[:_SHOWN_DIGITS] for digest in (teacher, header["teacher"]))
        return "decoded by the teacher {}, not {}".format(*digests)
    theirs = recorded.get("decode_hparams") or {}
    # As the provenance has them: JSON knows lists alone.
    ours = json.loads(json.dumps(header["decode_hparams"]))
    # A version may know names that another doesn't.
    for name in sorted(theirs.keys() & ours.keys()):
        if theirs[name] != ours[name]:
            return f"decoded with {name}={theirs[name]}, not {ours[name]}"
    if recorded.get("pairs") != header["sentences"]:
        return f"made of {recorded.get('pairs')} sources, not {header['sentences']}"
    # Provenances written before there was a digest know the number alone.
    if recorded.get("sources", header["sources"]) != header["sources"]:
        return "made of other sources"
    return ""
