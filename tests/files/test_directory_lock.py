"""One writer a directory: who is refused, what is told, what is left."""

import errno
import fcntl
import json
import os
import re
import signal
import subprocess
import sys

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files import directory_lock as module
from t2t_hint_nart.files.directory_lock import directory_lock

HOLDING = """
import sys
from t2t_hint_nart.files.directory_lock import directory_lock
sys.argv = ["/usr/bin/t2t-trainer", "--output_dir=runs"]
with directory_lock({directory!r}, {name!r}, {shared}):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Start a process that holds the directory until it is told to end, or killed."""
    started = []

    def start(name="", shared=False):
        code = HOLDING.format(directory=str(tmp_path), name=name, shared=shared)
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_second_process_is_told_who_the_first_is(tmp_path, holder):
    process = holder()
    with pytest.raises(InputError) as caught, directory_lock(tmp_path):
        raise AssertionError
    host = module.socket.gethostname()
    assert re.fullmatch(
        re.escape(f"{tmp_path} is being written by t2t-trainer (process {process.pid} on {host}, ")
        + r"since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d\); wait for its end, or write "
        "elsewhere.",
        str(caught.value),
    )
    process.communicate("")
    with directory_lock(tmp_path):
        assert json.loads((tmp_path / ".lock").read_text())["pid"] == os.getpid()
    assert list(tmp_path.iterdir()) == []


def test_the_end_of_another_process_is_waited_for(tmp_path, holder):
    process = holder()
    told = []

    def waiting(line):
        told.append(line)
        assert (tmp_path / ".lock").exists()
        process.communicate("")

    with directory_lock(tmp_path, waiting=waiting):
        assert json.loads((tmp_path / ".lock").read_text())["pid"] == os.getpid()
    assert len(told) == 1 and f"by t2t-trainer (process {process.pid} on " in told[0]


def test_of_a_killed_process_it_is_taken_over(tmp_path, holder):
    process = holder()
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert json.loads((tmp_path / ".lock").read_text())["pid"] == process.pid
    with directory_lock(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_process_does_not_shut_itself_out(tmp_path):
    with directory_lock(tmp_path), directory_lock(tmp_path / "." / "..", "x"):
        with directory_lock(os.path.relpath(tmp_path)):
            pass
        assert (tmp_path / ".lock").exists()
    assert not (tmp_path / ".lock").exists()


def test_names_do_not_shut_each_other_out(tmp_path, holder):
    holder("a")
    with directory_lock(tmp_path, "b"), directory_lock(tmp_path):
        pass
    expected = re.escape(f"{tmp_path}/a is being written by t2t-trainer")
    with pytest.raises(InputError, match=expected), directory_lock(tmp_path, "a"):
        raise AssertionError


def test_those_that_share_shut_out_who_does_not(tmp_path, holder):
    process = holder(shared=True)
    with directory_lock(tmp_path, shared=True):
        pass
    assert (tmp_path / ".lock").exists()
    with pytest.raises(InputError, match="is being written by"), directory_lock(tmp_path):
        raise AssertionError
    process.communicate("")
    assert list(tmp_path.iterdir()) == []


def test_directories_that_nothing_came_into_go_again(tmp_path):
    with pytest.raises(KeyError), directory_lock(tmp_path / "a" / "b"):
        raise KeyError
    assert list(tmp_path.iterdir()) == []
    with directory_lock(tmp_path / "a" / "b"):
        (tmp_path / "a" / "x").touch()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["x"]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_what_cannot_be_written_needs_no_lock(tmp_path, monkeypatch, number):
    def refused(*arguments):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(module.os, "open", refused)
    with directory_lock(tmp_path):
        assert list(tmp_path.iterdir()) == []


@pytest.fixture
def of_another_user(tmp_path, monkeypatch):
    """Have the lock's file, once it is there, be one that this process may only read."""
    really_open = os.open

    def as_another_user(path, flags, *arguments):
        if flags & os.O_RDWR and (tmp_path / ".lock").exists():
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return really_open(path, flags, *arguments)

    monkeypatch.setattr(module.os, "open", as_another_user)


def test_of_another_user_it_is_held_too(tmp_path, holder, of_another_user):
    process = holder()
    expected = re.escape(f"{tmp_path} is being written by t2t-trainer (process {process.pid} on ")
    with pytest.raises(InputError, match=expected), directory_lock(tmp_path):
        raise AssertionError
    process.kill()
    process.wait()
    with directory_lock(tmp_path), (tmp_path / ".lock").open() as file:
        assert json.load(file)["pid"] == process.pid
        with pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        with pytest.raises(InputError, match="is being written by another process; wait"):
            module._acquired(tmp_path / ".lock", tmp_path, False)
    assert list(tmp_path.iterdir()) == []


def test_of_another_user_it_is_shared_too(tmp_path, holder, of_another_user):
    process = holder(shared=True)
    with directory_lock(tmp_path, shared=True):
        pass
    assert json.loads((tmp_path / ".lock").read_text())["pid"] == process.pid


def test_another_users_file_stays_in_a_sticky_directory(tmp_path, monkeypatch, of_another_user):
    def refused(path, **arguments):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    (tmp_path / ".lock").touch()
    monkeypatch.setattr(module.Path, "unlink", refused)
    for _ in range(2):
        with directory_lock(tmp_path):
            pass
    assert (tmp_path / ".lock").exists()


def test_a_directory_that_cannot_be_written_needs_no_lock(tmp_path, monkeypatch, of_another_user):
    (tmp_path / ".lock").touch()
    monkeypatch.setattr(module.os, "access", lambda path, mode: False)
    with (tmp_path / ".lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with directory_lock(tmp_path):
            pass


def test_a_file_is_no_directory(tmp_path):
    (tmp_path / "file").touch()
    with directory_lock(tmp_path / "file"), directory_lock(tmp_path / "file" / "x"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module.os, "pwrite", full)
    with pytest.raises(OSError) as caught, directory_lock(tmp_path):
        raise AssertionError
    assert caught.value.filename == str(tmp_path / ".lock")


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"pid": "x"}'])
def test_whatever_the_file_holds(tmp_path, content):
    (tmp_path / ".lock").write_text(content)
    with (tmp_path / ".lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        expected = "is being written by another process"
        with pytest.raises(InputError, match=expected), directory_lock(tmp_path):
            raise AssertionError
    with directory_lock(tmp_path):
        pass


class WithoutLocks:
    """A file system's flock where there is none."""

    LOCK_EX, LOCK_SH, LOCK_NB = fcntl.LOCK_EX, fcntl.LOCK_SH, fcntl.LOCK_NB

    @staticmethod
    def flock(*arguments):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))


@pytest.fixture
def without_locks(monkeypatch):
    monkeypatch.setattr(module, "fcntl", WithoutLocks)


def test_without_locks_a_running_process_counts(tmp_path, holder, without_locks):
    process = holder()
    with pytest.raises(InputError) as caught, directory_lock(tmp_path):
        raise AssertionError
    assert f"(process {process.pid} on " in str(caught.value)
    assert str(caught.value).endswith(
        f"If it is known to have ended, remove {tmp_path.resolve()}/.lock."
    )
    process.kill()
    process.wait()
    with directory_lock(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_without_locks_a_process_of_another_host_may_run(tmp_path, without_locks):
    holder = module.Holder("elsewhere", 2**40, "t2t-datagen", "2026-01-01T00:00:00+00:00")
    (tmp_path / ".lock").write_text(json.dumps(vars(holder)))
    with pytest.raises(InputError, match=" on elsewhere, since "), directory_lock(tmp_path):
        raise AssertionError
    mine = module.Holder(module.socket.gethostname(), 2**40, "t2t-datagen", holder.since)
    (tmp_path / ".lock").write_text(json.dumps(vars(mine)))
    with directory_lock(tmp_path):
        pass
