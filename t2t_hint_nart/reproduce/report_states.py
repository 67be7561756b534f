"""What a report says of decoder states and attention, beside the paper (section 2.1)."""

from collections.abc import Mapping
from typing import Any

from t2t_hint_nart.reproduce.markdown import MISSING, number, table
from t2t_hint_nart.reproduce.ordering import system_label
from t2t_hint_nart.reproduce.paper_results import TEACHER_COSINES_BELOW

Report = Mapping[str, Any]


def cosine(report: Report) -> list[str]:
    """Return the section of the cosines between decoder states, by system and reading."""
    body = []
    for system, readings in report.get("cosine", {}).items():
        # One reading of the states, or several by name.
        named = {"": readings} if "below" in readings else readings
        for reading, values in named.items():
            start = [system_label(system), reading]
            body.append([*start, "all", *_cosine_cells(values)])
            if values.get("layers"):
                body.append([*start, "last", *_cosine_cells(values["layers"][-1])])
    if not body:
        return []
    paper = [number(share, "{:.0%}") for share in TEACHER_COSINES_BELOW.values()]
    body.append(["teacher, paper", "not stated", "not stated", MISSING, *paper, MISSING])
    shares = [f"< {key}" for key in TEACHER_COSINES_BELOW]
    header = ["system", "states", "layers", "mean", *shares, "pairs"]
    heading = "## Cosine similarity of decoder states (paper, section 2.1)"
    note = (
        "Of all pairs of positions of a sentence, its end included. All systems decode the same "
        "targets, the teacher's translations: the teacher reads them as its history, a student "
        "takes their length."
    )
    return [heading, "", note, "", *table(header, body, 3)]


def _cosine_cells(values: Mapping[str, Any]) -> list[str]:
    below = values.get("below", {})
    return [
        number(values.get("mean"), "{:.3f}"),
        *(number(below.get(key), "{:.1%}") for key in TEACHER_COSINES_BELOW),
        number(values.get("pairs"), "{:d}"),
    ]


def attention(report: Report) -> list[str]:
    """Return the section of the attention's entropy and divergence from the teacher's."""
    body = [
        [
            system_label(system),
            number(values.get("entropy"), "{:.3f}"),
            number(values.get("kl_to_teacher"), "{:.3f}"),
        ]
        for system, values in report.get("attention", {}).items()
    ]
    if not body:
        return []
    header = ["system", "entropy, nats", "KL from the teacher, nats"]
    return ["## Encoder-decoder attention", "", *table(header, body)]
