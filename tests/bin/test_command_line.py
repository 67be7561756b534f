"""A command for tests.

It has two flags.
"""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from absl import flags

from t2t_hint_nart.bin import command_line
from t2t_hint_nart.bin.help_text import help_text
from t2t_hint_nart.bin.shared_flags import define_data_flags, define_model_flags
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.whole_file import write_whole
from tests.commands import refusal
from tests.contracts.test_commands import console_scripts

# Where every write fails as on a full disk.
FULL = Path("/dev/full")


@pytest.fixture(autouse=True)
def own_environment(monkeypatch):
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setitem(os.environ, "TF_CPP_MIN_LOG_LEVEL", "3")


def define_flags(values):
    flags.DEFINE_integer("steps", 10, "Steps to take.", flag_values=values)
    flags.DEFINE_enum("mode", "fast", ["fast", "slow"], "How.", flag_values=values)


def run(*argv, main=lambda values: None):
    command_line.run(main, "t2t-test", define_flags, argv=argv)


def fails(capsys, *argv, main=lambda values: None):
    """Return what is printed on stderr; check that it is one line and the status 1."""
    with pytest.raises(SystemExit) as caught:
        run(*argv, main=main)
    printed = capsys.readouterr()
    assert caught.value.code == 1
    assert printed.out == "" and printed.err.count("\n") == 1
    assert printed.err.startswith("t2t-test: error: ")
    return printed.err.removeprefix("t2t-test: error: ").strip()


def test_the_command_gets_its_flags():
    seen = []
    run("--steps=3", "--mode", "slow", main=lambda values: seen.append((values.steps, values.mode)))
    run(main=lambda values: seen.append((values.steps, values.mode)))
    assert seen == [(3, "slow"), (10, "fast")]


def test_arguments_are_those_of_the_process_by_default(monkeypatch):
    seen = []
    monkeypatch.setattr(sys, "argv", ["/usr/bin/t2t-test", "--steps=4"])
    command_line.run(lambda values: seen.append(values.steps), "t2t-test", define_flags)
    assert seen == [4]


def never_called(values):
    raise AssertionError("--help runs nothing")


@pytest.mark.parametrize("word", ["--help", "-h", "--helpfull"])
def test_help_is_printed_and_nothing_runs(capsys, word):
    run("--steps=x", word, main=never_called)
    out = capsys.readouterr().out
    assert out.startswith(
        "usage: t2t-test [--flag=value ...]\n\nA command for tests.\n\nIt has two"
    )
    assert "--steps=10\n        Steps to take." in out
    assert "How. One of: fast, slow." in out
    assert "--logtostderr" not in out and "--data_dir" not in out


def test_an_unknown_flag_is_refused_with_the_nearest(capsys):
    assert fails(capsys, "--step=3", main=never_called) == (
        "unknown flag --step. Did you mean 'steps'? See --help for the flags there are"
    )
    assert fails(capsys, "--zzz") == "unknown flag --zzz. See --help for the flags there are"


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("--steps=x", "flag --steps=x: invalid literal for int() with base 10: 'x'"),
        ("--mode=other", "flag --mode=other: value should be one of <fast|slow>"),
        ("steps", "unexpected argument 'steps': every argument is a --flag=value"),
    ],
)
def test_a_bad_argument_is_refused(capsys, argument, message):
    assert fails(capsys, argument, main=never_called) == message


def test_bad_input_becomes_one_line(capsys):
    def main(values):
        raise InputError("no such problem:\n  'x'")

    assert fails(capsys, main=main) == "no such problem: 'x'"


def test_a_file_that_cannot_be_read_becomes_one_line(capsys, tmp_path):
    def main(values):
        (tmp_path / "absent").read_text()

    assert fails(capsys, main=main) == f"{tmp_path}/absent: No such file or directory"


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_a_full_disk_becomes_one_line_that_names_the_file(capsys, tmp_path):
    """What fails when it is written, not when it is opened, has no file name from Python."""
    (tmp_path / "out.incomplete").symlink_to(FULL)

    def main(values):
        write_whole(tmp_path / "out", "x")

    assert fails(capsys, main=main) == f"{tmp_path}/out: No space left on device"
    assert list(tmp_path.iterdir()) == []


def test_of_a_copy_the_target_is_named(capsys):
    def main(values):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "in", None, "out")

    assert fails(capsys, main=main) == "out: No space left on device"


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [(), ("--help",)])
def test_output_to_a_full_disk_becomes_one_line(arguments):
    program = (
        "from t2t_hint_nart.bin import command_line\n"
        "command_line.run(lambda values: print('x'), 't2t-test')\n"
    )
    with FULL.open("w") as out:
        ended = subprocess.run(
            [sys.executable, "-c", program, *arguments], stdout=out, stderr=subprocess.PIPE
        )
    assert ended.stderr.startswith(b"t2t-test: error: standard output")
    assert ended.stderr.endswith(b": No space left on device\n") and ended.stderr.count(b"\n") == 1
    assert ended.returncode == 1


@pytest.mark.parametrize("error", [ValueError("ours"), OSError("no file named"), KeyError("k")])
def test_an_error_of_the_program_keeps_its_traceback(error):
    def main(values):
        raise error

    with pytest.raises(type(error)) as caught:
        run(main=main)
    assert caught.value is error


SHOWS = "T2T_HINT_NART_TRACEBACK=1 shows where it happened."
GRAPH = """Graph execution error:

Detected at node decoder/add defined at (most recent call last):
  File "x.py", line 3, in call

Incompatible shapes: [2] vs. [3]
\t [[{{node decoder/add}}]] [Op:__inference_step_7]"""


def tensorflow_error(name, message):
    import tensorflow as tf

    return getattr(tf.errors, name)(None, None, message)


def no_space():
    return tensorflow_error("ResourceExhaustedError", "run/model.ckpt-1; No space left on device")


UNFORESEEN = {
    "memory": (MemoryError, "MemoryError. Memory ran out: take smaller batches"),
    "recursion": (RecursionError, "RecursionError. Something in its input is nested too deep"),
    "tensor": (
        lambda: tensorflow_error("ResourceExhaustedError", "OOM when allocating [9,9]\n\t [[x]]"),
        "ResourceExhaustedError: OOM when allocating [9,9]. Memory ran out: take smaller batches",
    ),
    "disk": (no_space, "ResourceExhaustedError: run/model.ckpt-1; No space left on device. Tens"),
    "graph": (
        lambda: tensorflow_error("InvalidArgumentError", GRAPH),
        "InvalidArgumentError: Incompatible shapes: [2] vs. [3]. TensorFlow couldn't go on",
    ),
    "roots": (
        lambda: tensorflow_error("InternalError", "2 root error(s) found.\n  (0) INTERNAL: x\n"),
        "InternalError: INTERNAL: x. TensorFlow couldn't go on",
    ),
    "nothing": (lambda: tensorflow_error("AbortedError", ""), "AbortedError. TensorFlow couldn't"),
}


@pytest.mark.parametrize("kind", UNFORESEEN)
def test_what_nothing_foresaw_becomes_one_line(capsys, kind):
    make, expected = UNFORESEEN[kind]

    def main(values):
        raise make()

    told = fails(capsys, main=main)
    assert told.startswith(expected) and told.endswith(f". {SHOWS}")


@pytest.mark.parametrize("kind", ["memory", "recursion", "tensor"])
def test_where_it_happened_is_shown_if_it_is_asked_for(monkeypatch, kind):
    made = UNFORESEEN[kind][0]()
    monkeypatch.setenv("T2T_HINT_NART_TRACEBACK", "1")

    def main(values):
        raise made

    with pytest.raises(type(made)) as caught:
        run(main=main)
    assert caught.value is made


@pytest.mark.parametrize("command", console_scripts())
@pytest.mark.parametrize("kind", ["memory", "recursion", "tensor"])
def test_in_every_command(monkeypatch, command, kind):
    make, expected = UNFORESEEN[kind]

    def fail(values):
        raise make()

    monkeypatch.setattr(command_line, "_show_registry", fail)
    assert refusal(command).startswith(expected)


def test_an_interrupt_becomes_one_line(capsys):
    def main(values):
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as caught:
        run(main=main)
    assert caught.value.code == 130
    assert capsys.readouterr().err == "t2t-test: interrupted\n"


def run_model_command(*argv):
    seen = []
    command_line.run(
        lambda values: seen.append((values.hparams, values["hparams"].present, values.problem)),
        "t2t-test",
        define_data_flags,
        define_model_flags,
        argv=argv,
    )
    return seen


@pytest.mark.parametrize(
    ("argv", "hparams"),
    [
        (["--hparams=a=1,b=2"], "a=1,b=2"),
        (["--hp_a=1"], "a=1"),
        (["--hp_a", "1", "--hparams=b=2", "--hp_c=x=y"], "b=2,a=1,c=x=y"),
        ([], ""),
    ],
)
def test_hp_flags_are_added_to_hparams(argv, hparams):
    ((value, present, problem),) = run_model_command(*argv)
    # A command that has no use for it knows that it was given.
    assert (value, bool(present), problem) == (hparams, bool(argv), None)


def test_problems_is_another_name_of_problem():
    assert run_model_command("--problems=p") == [("", 0, "p")]
    assert run_model_command("--problem=p") == [("", 0, "p")]


def test_registry_help_prints_and_runs_nothing(capsys):
    assert run_model_command("--registry_help") == []
    out = capsys.readouterr().out
    assert out.startswith("Registry contents:") and "* transformer_base_v1  (" in out


def test_a_bad_user_directory_is_refused_before_the_command_runs(capsys, tmp_path):
    with pytest.raises(SystemExit):
        run_model_command(f"--t2t_usr_dir={tmp_path}")
    assert "must be a directory with an __init__.py" in capsys.readouterr().err


def test_flags_are_sorted_with_defaults_and_wrapped():
    values = flags.FlagValues()
    flags.DEFINE_bool("verbose", False, "Say more.", flag_values=values)
    flags.DEFINE_bool("sort", True, "Sort.", flag_values=values)
    flags.DEFINE_float("alpha", 0.6, "Length penalty. " * 10, flag_values=values)
    flags.DEFINE_string("name", None, "Name.", flag_values=values)
    text = help_text("t2t-x", "What it does.\n\n    Example:\n      t2t-x\n    ", values)
    lines = text.splitlines()
    assert lines[:5] == ["usage: t2t-x [--flag=value ...]", "", "What it does.", "", "Example:"]
    assert [line for line in lines if line.startswith("  --")] == [
        "  --alpha=0.6",
        "  --name=",
        "  --[no]sort  (on by default)",
        "  --[no]verbose",
    ]
    assert max(map(len, lines)) <= 88


def test_a_command_without_flags():
    assert help_text("t2t-x", "Does.", flags.FlagValues()) == (
        "usage: t2t-x [--flag=value ...]\n\nDoes."
    )
