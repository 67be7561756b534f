"""Every registered set has run on every problem without a download: reports/all_sets.json."""

import json
import math
from pathlib import Path

import pytest
from all_sets import LEFT_OUT

from t2t_hint_nart import registry

REPORT = json.loads((Path(__file__).parents[2] / "reports" / "all_sets.json").read_text())
MODEL_SETS = [name for name in registry.list_hparams() if name not in LEFT_OUT]
SETS_OF_ALL_FORMS = {"transformer": "transformer_test", "transformer_nat": "transformer_nat_small"}


@pytest.mark.parametrize("set_name", MODEL_SETS)
def test_the_set_ran_on_every_problem(set_name):
    done = REPORT["sets"].get(set_name, {})
    missing = [name for name in REPORT["problems"] if not done.get(name, {}).get("ok")]
    assert not missing, f"python benchmarks/all_sets.py --sets='^{set_name}$'"
    assert all(math.isfinite(result["loss"]) for result in done.values())


@pytest.mark.parametrize("set_name", SETS_OF_ALL_FORMS.values())
def test_reversed_and_copied_problems_ran(set_name):
    done = REPORT["sets"][set_name]
    assert all(done[name + form]["ok"] for name in REPORT["problems"] for form in ("_rev", "_copy"))


def test_problems_are_registered_and_the_rest_was_left_out_for_a_download():
    known = set(registry.list_problems())
    assert known >= set(REPORT["problems"]) and len(REPORT["problems"]) >= 5
    assert all("download" in reason for reason in REPORT["left_out"].values())
    assert not REPORT["left_out"].keys() & set(REPORT["problems"])
