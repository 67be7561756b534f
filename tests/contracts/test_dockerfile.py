"""The Dockerfile and setup.py agree, as far as text can say; no image is built."""

import re
import runpy
import shlex
from pathlib import Path
from unittest import mock

import pytest
from absl import flags
from packaging.specifiers import SpecifierSet

from t2t_hint_nart.bin import t2t_serve

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def instructions():
    """(instruction, its words) in order."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.MULTILINE)
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line]
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines)]


@pytest.fixture(scope="module")
def packaging():
    with mock.patch("setuptools.setup") as setup:
        runpy.run_path(str(ROOT / "setup.py"))
    return setup.call_args.kwargs


def only(instructions, name):
    (rest,) = (rest for given, rest in instructions if given == name)
    return rest


def words(exec_form):
    """Those of an instruction that no shell reads."""
    return re.findall(r'"([^"]*)"', exec_form)


def test_its_python_is_one_that_the_constraints_are_of(instructions, packaging):
    (version,) = re.fullmatch(r"python:(\d+\.\d+)-slim", only(instructions, "FROM")).groups()
    assert version in SpecifierSet(packaging["python_requires"])
    first = (ROOT / "constraints.txt").read_text("utf-8").splitlines()[0]
    assert f"CPython {version}," in first


def test_it_installs_extras_that_there_are(instructions, packaging):
    install = shlex.split(next(rest for _, rest in instructions if rest.startswith("pip install")))
    assert install[install.index("-c") + 1] == "/source/constraints.txt"
    (extras,) = (re.fullmatch(r"/source\[(.+)\]", word) for word in install if "[" in word)
    assert set(extras[1].split(",")) == {"serve", "litert"} <= packaging["extras_require"].keys()


def test_its_entry_point_is_a_command_with_these_flags(instructions, packaging):
    command, *given = words(only(instructions, "ENTRYPOINT"))
    scripts = [line.partition("=")[0] for line in packaging["entry_points"]["console_scripts"]]
    assert command == "t2t-serve" and command in scripts
    known = flags.FlagValues()
    t2t_serve.define_flags(known)
    known([command, *given, *words(only(instructions, "CMD"))])
    assert known.host == "0.0.0.0"
    assert str(known.port) == only(instructions, "EXPOSE")
    assert f"127.0.0.1:{known.port}/healthz" in only(instructions, "HEALTHCHECK")


def test_nobody_serves_as_root(instructions):
    names = [name for name, _ in instructions]
    user = only(instructions, "USER")
    assert names.index("RUN") < names.index("USER") < names.index("ENTRYPOINT")
    assert any(
        rest.startswith("useradd ") and rest.endswith(f" {user}") for _, rest in instructions
    )


def test_what_setup_reads_is_copied(packaging):
    ignored = (ROOT / ".dockerignore").read_text("utf-8").split("\n")
    kept = {line[1:] for line in ignored if line.startswith("!")}
    assert "*" in ignored
    folders = {name.split(".")[0] for name in packaging["packages"]}
    assert folders | set(packaging["package_dir"].values()) <= kept
    assert {"setup.py", "pyproject.toml", "constraints.txt"} <= kept
    assert all((ROOT / name).exists() for name in kept)
