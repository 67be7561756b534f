"""Flags of T2T without a meaning here: their defaults are accepted, other values refused."""

import pytest

from t2t_hint_nart.bin.flag import DEFAULT_ONLY
from tests.commands import refusal, succeed
from tests.contracts.test_t2t_table import flags_of

MODULES = {
    "t2t-decoder": "Missing --model",
    "t2t-distill": "Missing --problem",
    "t2t-eval": "Missing --model",
    "t2t-exporter": "Missing --model",
    "t2t-query-server": "Give either",
    "t2t-trainer": "Missing --model",
    "t2t-translate-all": "Missing --model_dir",
}


def refused_by(command):
    """What it defines and describes as such."""
    defined = flags_of(command).values()
    return [flag for flag in defined if flag.help.startswith(DEFAULT_ONLY)]


CASES = [(command, flag) for command in MODULES for flag in refused_by(command)]


@pytest.mark.parametrize(
    ("command", "flag"), CASES, ids=[f"{command}-{flag.name}" for command, flag in CASES]
)
def test_another_value_is_refused_with_the_reason(command, flag):
    other = {int: 3, float: 0.5}.get(type(flag.default), "x")
    if isinstance(flag.default, bool):
        other = not flag.default
    only = "" if flag.default is None else f", only {flag.default!r}"
    expected = (
        f"--{flag.name}={other} isn't supported{only}: {flag.help.removeprefix(DEFAULT_ONLY)}"
    )
    assert refusal(command, **{flag.name: other}) == expected


@pytest.mark.parametrize("command", MODULES)
def test_the_defaults_are_accepted(command):
    defaults = {flag.name: flag.default for flag in refused_by(command) if flag.default is not None}
    assert refusal(command, **defaults).startswith(MODULES[command])


def test_help_names_them_in_a_few_lines():
    told = succeed("t2t-exporter", "--help").split("\n\n")[-1]
    assert told.startswith("flags of tensor2tensor that are known, and accepted with their default")
    assert "--worker_gpu=1" in told and len(told.splitlines()) < 6


def test_there_are_many():
    assert len(refused_by("t2t-trainer")) > 30 and len(CASES) > 80
