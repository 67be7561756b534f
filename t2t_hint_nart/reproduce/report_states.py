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
            below = values.get("below", {})
            body.append(
                [
                    system_label(system),
                    reading,
                    number(values.get("mean"), "{:.3f}"),
                    *(number(below.get(key), "{:.1%}") for key in TEACHER_COSINES_BELOW),
                    number(values.get("pairs"), "{:d}"),
                ]
            )
    if not body:
        return []
    paper = [number(share, "{:.0%}") for share in TEACHER_COSINES_BELOW.values()]
    body.append(["teacher, paper", "not stated", MISSING, *paper, MISSING])
    header = ["system", "states", "mean", *(f"< {key}" for key in TEACHER_COSINES_BELOW), "pairs"]
    heading = "## Cosine similarity of decoder states (paper, section 2.1)"
    return [heading, "", *table(header, body, 2)]


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
