"""Every console script of setup.py answers --help at once: few modules, and no TensorFlow."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import succeed

ROOT = Path(__file__).parents[2]
# About 200 are imported, most of them Python's own; NumPy alone would be 150 more.
MOST_MODULES = 300


def console_scripts():
    for node in ast.parse((ROOT / "setup.py").read_text()).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "COMMANDS":
            return ast.literal_eval(node.value)
    raise AssertionError("setup.py names no COMMANDS")


@pytest.mark.parametrize("command", console_scripts())
def test_a_command_s_module_is_the_command(command):
    module = f"t2t_hint_nart.bin.{command.replace('-', '_')}"
    done = subprocess.run([sys.executable, "-m", module, "--help"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == succeed(command, "--help")


@pytest.mark.parametrize("command", console_scripts())
@pytest.mark.parametrize("argument", ["--help", "--no_such_flag"])
def test_it_answers_at_once(command, argument):
    script = Path(sys.executable).with_name(command)
    done = subprocess.run(
        [script, argument],
        env={**os.environ, "PYTHONPROFILEIMPORTTIME": "1"},
        capture_output=True,
        text=True,
    )
    lines = done.stderr.splitlines()
    modules = {line.split("|")[-1].strip() for line in lines if line.startswith("import time:")}
    assert "t2t_hint_nart.errors" in modules and len(modules) < MOST_MODULES
    assert not modules & {"tensorflow", "keras", "numpy", "tensorflow_text", "sacrebleu"}
    rest = [line for line in lines if not line.startswith("import time:")]
    if argument == "--help":
        assert (done.returncode, rest) == (0, [])
        assert done.stdout.startswith(f"usage: {command} [--flag=value ...]\n\n")
        assert f"{command} --" in done.stdout, "its help shows no example"
    else:
        assert done.returncode == 1 and len(rest) == 1
        assert rest[0].startswith(f"{command}: error: unknown flag --no_such_flag.")


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("t2t-bleu", "--translations_dir"),
        ("t2t-datagen", "--exclude_problems"),
        ("t2t-datagen", "trailing *"),
    ],
)
def test_help_tells(command, told):
    assert told in succeed(command, "--help")
