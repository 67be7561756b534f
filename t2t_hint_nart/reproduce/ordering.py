"""Which system came out best: sentences made from the numbers of a report, whatever they are."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from t2t_hint_nart.reproduce.paper_results import PAPER_DECODING, PAPER_ORDER

SIGNIFICANT = 0.05

_SYSTEMS = {
    "student_real": "nll, real data",
    "student_nll": "nll",
    "student_align": "+align",
    "student_hid": "+hid",
    "student_align_hid": "+align+hid",
}
_DECODINGS = {
    "one_pass": "one pass",
    "greedy": "greedy",
}

Row = Mapping[str, Any]


def system_label(system: str) -> str:
    """Return the short name of a system.

    Example:
        >>> system_label("student_align_hid"), system_label("teacher"), system_label("student_x")
        ('+align+hid', 'teacher', 'x')
    """
    return _SYSTEMS.get(system, system.removeprefix("student_"))


def decoding_label(decoding: str) -> str:
    """Return the name of a decoding in words.

    Example:
        >>> decoding_label("one_pass"), decoding_label("rescored_9"), decoding_label("beam4")
        ('one pass', '9 candidates rescored', 'beam 4')
        >>> decoding_label("rescored_9_alpha0.6")
        '9 candidates rescored, alpha 0.6'
    """
    if decoding.startswith("rescored_"):
        candidates, _, alpha = decoding.removeprefix("rescored_").partition("_alpha")
        return f"{candidates} candidates rescored" + (f", alpha {alpha}" if alpha else "")
    if decoding.startswith("beam"):
        return f"beam {decoding.removeprefix('beam').lstrip('_')}"
    return _DECODINGS.get(decoding, decoding.replace("_", " "))


def order_statements(rows: Sequence[Row], significance: Sequence[Row] = ()) -> list[str]:
    """Say in which order the students came out, one sentence for each decoding of several students.

    Args:
        rows: the report's rows; compared is `bleu_13a`, rows without it are left out.
        significance: comparisons with `decoding`, `baseline`, `system` and `p_value`, in any order
            and direction.

    Returns:
        For instance "one pass: +align+hid > +align > nll (BLEU 25.55, 24.76, 23.08; between
        neighbours p = 0.020, p < 0.001). This is the paper's order." Systems whose BLEU agrees to
        two decimals are joined by "=". The paper has an order for one pass only.

    Example:
        >>> rows = [
        ...     {"system": "student_nll", "decoding": "one_pass", "bleu_13a": 20.0},
        ...     {"system": "student_align", "decoding": "one_pass", "bleu_13a": 21.0},
        ... ]
        >>> order_statements(rows)
        ["one pass: +align > nll (BLEU 21.00, 20.00). This is the paper's order."]
    """
    statements = []
    for decoding in dict.fromkeys(row["decoding"] for row in rows):
        scores = {
            row["system"]: round(float(row["bleu_13a"]), 2)
            for row in rows
            if row["decoding"] == decoding
            and row["system"].startswith("student")
            and row.get("bleu_13a") is not None
        }
        if len(scores) > 1:
            statements.append(_statement(decoding, scores, significance))
    return statements


def _statement(decoding: str, scores: Mapping[str, float], significance: Sequence[Row]) -> str:
    ranked = sorted(scores, key=lambda system: -scores[system])
    order = system_label(ranked[0])
    p_values = []
    for better, worse in itertools.pairwise(ranked):
        order += f" {'>' if scores[better] > scores[worse] else '='} {system_label(worse)}"
        p_values.append(_p_value(decoding, better, worse, significance))
    bleu = ", ".join(f"{scores[system]:.2f}" for system in ranked)
    known = [p for p in p_values if p is not None]
    tests = "; between neighbours " + ", ".join(map(p_text, p_values)) if known else ""
    doubt = (
        f" Neighbours with p >= {SIGNIFICANT} are not reliably different."
        if any(p >= SIGNIFICANT for p in known)
        else ""
    )
    agreement = _agreement(scores, significance) if decoding == PAPER_DECODING else ""
    return f"{decoding_label(decoding)}: {order} (BLEU {bleu}{tests}).{agreement}{doubt}"


def _p_value(decoding: str, one: str, other: str, significance: Sequence[Row]) -> float | None:
    for test in significance:
        pair = {test.get("baseline"), test.get("system")}
        if test.get("decoding") == decoding and pair == {one, other}:
            return float(test["p_value"])
    return None


def p_text(p_value: float | None) -> str:
    """Return a p-value in words.

    Example:
        >>> p_text(0.0234), p_text(0.0001), p_text(None)
        ('p = 0.023', 'p < 0.001', 'not tested')
    """
    if p_value is None:
        return "not tested"
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"


def _agreement(scores: Mapping[str, float], significance: Sequence[Row]) -> str:
    """Say whether the systems of the paper's Table 2 stand in its order, and test its steps."""
    here = [system for system in PAPER_ORDER if system in scores]
    if len(here) < 2:
        return ""
    rising = all(scores[a] < scores[b] for a, b in itertools.pairwise(here))
    steps = [
        f"{system_label(a)} to {system_label(b)} {p_text(p_value)}"
        for a, b in itertools.pairwise(here)
        if (p_value := _p_value(PAPER_DECODING, a, b, significance)) is not None
    ]
    tests = f"; its steps: {', '.join(steps)}" if steps else ""
    if rising:
        return f" This is the paper's order{tests}."
    paper = " > ".join(system_label(system) for system in reversed(here))
    return f" The paper has {paper}: not so here{tests}."
