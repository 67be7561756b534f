"""Memory that training keeps: when a command begins anew, and with what."""

import os
import platform
import subprocess
import sys

import pytest

from t2t_hint_nart.bin.kept_memory import keep_memory

ARGUMENTS = ["--model=transformer", "--train_steps=5"]


@pytest.fixture
def begun(monkeypatch):
    """What is executed by a t2t-trainer that was typed, in an environment that says nothing."""
    executed = []
    for name in [*os.environ]:
        if name.startswith(("GLIBC_TUNABLES", "LD_PRELOAD", "MALLOC_")):
            monkeypatch.delenv(name)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setattr(os, "execv", lambda *call: executed.append(call))
    monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", "2.36"))
    monkeypatch.setattr(sys, "argv", ["/venv/bin/t2t-trainer", *ARGUMENTS])
    monkeypatch.setattr(sys, "orig_argv", ["python", "-X", "utf8", *sys.argv])
    return executed


def test_the_same_command_with_large_pages(begun):
    keep_memory("t2t-trainer")
    assert begun == [(sys.executable, [sys.executable, *sys.orig_argv[1:]])]
    assert os.environ["GLIBC_TUNABLES"].startswith("glibc.malloc.hugetlb=1:")


def test_what_the_command_starts_is_without(begun):
    """Latency is measured in a process that t2t-reproduce starts."""
    keep_memory("t2t-trainer")
    keep_memory("t2t-trainer")
    assert len(begun) == 1 and "GLIBC_TUNABLES" not in os.environ


@pytest.mark.parametrize("name", ["GLIBC_TUNABLES", "LD_PRELOAD", "MALLOC_ARENA_MAX"])
def test_settings_of_ones_own_stay(begun, name):
    os.environ[name] = "4"
    keep_memory("t2t-trainer")
    assert not begun and os.environ[name] == "4"


def test_another_library(begun, monkeypatch):
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    keep_memory("t2t-trainer")
    assert not begun


def test_another_program(begun, monkeypatch):
    keep_memory("t2t-reproduce")
    # Without arguments, too, which every command line ends with.
    for arguments in (ARGUMENTS, [], 9 * ARGUMENTS):
        monkeypatch.setattr(sys, "argv", ["t2t-trainer", *arguments])
        monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "pytest"])
        keep_memory("t2t-trainer")
        assert not begun


@pytest.mark.parametrize(
    "called", ["t2t_hint_nart.bin.t2t_trainer", "t2t_hint_nart/bin/t2t_trainer.py"]
)
def test_a_module_without_arguments(begun, monkeypatch, called):
    monkeypatch.setattr(sys, "argv", ["/package/bin/t2t_trainer.py"])
    monkeypatch.setattr(sys, "orig_argv", ["python", "-m", called])
    keep_memory("t2t-trainer")
    assert begun == [(sys.executable, [sys.executable, "-m", called])]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="its malloc is another")
@pytest.mark.parametrize("module, kept", [("t2t_trainer", True), ("t2t_exporter", False)])
def test_commands_that_train(tmp_path, module, kept):
    (tmp_path / "mine").mkdir()
    # As it was when the process began.
    code = "print('said:', open('/proc/self/environ').read())\n"
    (tmp_path / "mine" / "__init__.py").write_text(code)
    usr_dir = f"--t2t_usr_dir={tmp_path / 'mine'}"
    command = [sys.executable, "-m", f"t2t_hint_nart.bin.{module}", usr_dir]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GLIBC_TUNABLES")}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    (said,) = [line for line in ended.stdout.splitlines() if line.startswith("said:")]
    assert ("hugetlb=1" in said) == kept
