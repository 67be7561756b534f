"""TF_CONFIG, by which TensorFlow's estimators are told of other workers: refused where it has some.

Must not import TensorFlow.
"""

import os
from typing import TypedDict

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.json_file import parse_json

VARIABLE = "TF_CONFIG"


class _Config(TypedDict, total=False):
    """What is read of it: of each job the addresses of its tasks."""

    cluster: dict[str, list[str]]


def check_one_process() -> None:
    """Refuse to train as one worker of several: each would train alone, in the same directory.

    Raises:
        InputError: the environment names several tasks, or can't be read.
    """
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return
    advice = f"Unset {VARIABLE}: training runs in one process."
    cluster = parse_json(text, _Config, f"The environment's {VARIABLE}", advice).get("cluster", {})
    counts = {job: len(tasks) for job, tasks in cluster.items() if tasks}
    if sum(counts.values()) > 1:
        named = ", ".join(f"{count} {job}" for job, count in counts.items())
        raise InputError(f"The environment's {VARIABLE} names a cluster of {named}. {advice}")
