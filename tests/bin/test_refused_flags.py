"""Flags of T2T without a meaning here: refused but for their default, or told to be without effect.

And those that say where TensorFlow computes.
"""

import os

import pytest

from t2t_hint_nart.bin.flag import DEFAULT_ONLY
from t2t_hint_nart.process.threads import threads_of_a_call
from tests.commands import refusal, run_command, succeed
from tests.contracts.test_commands import console_scripts
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
    told, without_effect = succeed("t2t-exporter", "--help").split("\n\n")[-2:]
    assert without_effect.startswith("flags of tensor2tensor that make no difference here")
    assert "--worker_gpu_memory_fraction=0.95" in without_effect
    assert told.startswith("flags of tensor2tensor that are known, and accepted with their default")
    assert "--worker_replicas=1" in told and len(told.splitlines()) < 6


def test_there_are_many():
    assert len(refused_by("t2t-trainer")) > 30 and len(CASES) > 70


# What T2T's users have in their scripts, harmless here.
LOGGING = ("--alsologtostderr", "--logtostderr=1", "--verbosity=1", "--v=2", "--log_dir=/tmp/logs",
           "--stderrthreshold=info", "--noshowprefixforinfo", "--logger_levels=x:INFO")  # fmt: skip
WITH_DEVICE = ("t2t-decoder", "t2t-eval", "t2t-exporter", "t2t-trainer")
WITH_THREADS = (
    "t2t-distill",
    "t2t-query-server",
    "t2t-reproduce",
    "t2t-serve",
    "t2t-translate-all",
)
THREADS = {
    "inter_op_parallelism_threads": "TF_NUM_INTEROP_THREADS",
    "intra_op_parallelism_threads": "TF_NUM_INTRAOP_THREADS",
}


@pytest.fixture
def environment(monkeypatch):
    """Environment variables as they are, and restored."""
    for name in ("CUDA_VISIBLE_DEVICES", *THREADS.values()):
        monkeypatch.setenv(name, "before")
    return os.environ


@pytest.mark.parametrize("command", console_scripts())
def test_logging_flags_are_accepted_by_every_command(command):
    *told, error = run_command(command, *LOGGING, "--no_such_flag").err.splitlines()
    assert told == [] and "--no_such_flag" in error
    ended = run_command(command, *LOGGING)
    names = ("alsologtostderr", "log_dir", "logger_levels", "logtostderr", "showprefixforinfo")
    names += ("stderrthreshold", "v", "verbosity")
    expected = [f"{command}: --{name} has no effect: " for name in names]
    lines = ended.err.splitlines()[: len(expected)]
    assert [line.split("results")[0] for line in lines] == expected


def test_defaults_are_not_worth_a_line():
    ended = run_command("t2t-bleu", "--noalsologtostderr", "--verbosity=-1", "--v=-1")
    assert ended.err == "t2t-bleu: error: Missing --reference. See --help.\n"


@pytest.mark.parametrize("command", WITH_DEVICE)
def test_memory_of_the_gpu(command):
    ended = run_command(command, worker_gpu_memory_fraction=0.5)
    assert ended.err.startswith(
        f"{command}: --worker_gpu_memory_fraction has no effect: TensorFlow 2 takes memory"
    )


@pytest.mark.parametrize("command", [*WITH_DEVICE, *WITH_THREADS])
def test_threads_are_told_to_the_runtimes(command, environment):
    refusal(command, **dict.fromkeys(THREADS, 3))
    assert [environment[name] for name in THREADS.values()] == ["3", "3"]
    assert threads_of_a_call() == 3


@pytest.mark.parametrize("command", WITH_DEVICE)
def test_no_gpu(command, environment):
    refusal(command, worker_gpu=0)
    assert environment["CUDA_VISIBLE_DEVICES"] == "-1"


@pytest.mark.parametrize("command", WITH_DEVICE)
def test_defaults_leave_the_environment_as_it_is(command, environment):
    refusal(command, **dict.fromkeys(THREADS, 0), worker_gpu=1)
    names = ("CUDA_VISIBLE_DEVICES", *THREADS.values())
    assert {environment[name] for name in names} == {"before"}


@pytest.mark.parametrize("command", WITH_DEVICE)
def test_more_gpus_and_less_than_no_threads(command, environment):
    if command == "t2t-trainer":
        assert refusal(command, worker_gpu=-1) == "--worker_gpu must be at least 0, not -1."
    else:
        assert refusal(command, worker_gpu=2) == (
            "--worker_gpu=2 isn't supported, only 0 or 1: only t2t-trainer runs on several devices."
        )
    for name in THREADS:
        assert refusal(command, **{name: -1}) == f"--{name} must be at least 0, not -1."
