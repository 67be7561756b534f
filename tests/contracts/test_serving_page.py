"""docs/SERVING.md says of t2t-serve what is so: limits with their defaults, names of metrics."""

import re
from pathlib import Path

import pytest
from absl import flags

from t2t_hint_nart.bin import t2t_serve

PAGE = (Path(__file__).parents[2] / "docs" / "SERVING.md").read_text("utf-8")


def test_the_limits_have_these_defaults():
    told = re.findall(r"`--(max_\w+|timeout_secs)=(\d+)`", PAGE)
    known = flags.FlagValues()
    t2t_serve.define_flags(known)
    assert {name: float(value) for name, value in told} == {
        name: float(known[name].default)
        for name in known
        if name.startswith("max_") or name == "timeout_secs"
    }


def test_the_metrics_have_these_names():
    pytest.importorskip("prometheus_client")
    from t2t_hint_nart.serving.server_metrics import ServerMetrics

    metrics = ServerMetrics(lambda: 0, lambda: True)
    metrics.request("/translate", 200, 0.1)
    there = set(re.findall(r"^# TYPE (t2t_\w+) ", metrics.text().decode(), re.MULTILINE))
    told = set(re.findall(r"`(t2t_(?!hint)\w+)`", PAGE))
    assert told == {name for name in there if not name.endswith("_created")}
