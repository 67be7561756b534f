"""Logs cut off anywhere, of something else, or held by another."""

import contextlib
import errno
import os
import random
from pathlib import Path

import pytest

from t2t_hint_nart.data import shard_log
from t2t_hint_nart.data.shard_log import ShardLog, read_log
from t2t_hint_nart.errors import InputError

KEY = b"k" * 32
RECORDS = [b"first", b"", b"third", b"x" * 300, b"", b"last"]


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "log")


def write(path, records, key=KEY):
    with contextlib.closing(ShardLog(path, key)) as log:
        for record in records:
            log.append(record)


def length(path, key=KEY):
    with contextlib.closing(ShardLog(path, key)) as log:
        return log.length


def content(path):
    return Path(path).read_bytes()


def test_read_without_what_is_left_out(path):
    write(path, RECORDS)
    assert list(read_log(path, KEY)) == [record for record in RECORDS if record]
    assert length(path) == len(RECORDS)


def test_same_order_as_shuffling_the_records(path):
    records = [b"%d" % number for number in range(100)]
    write(path, records)
    random.Random(7).shuffle(records)
    assert list(read_log(path, KEY, seed=7)) == records


def test_goes_on_after_a_cut_at_any_byte(path):
    write(path, RECORDS)
    whole = content(path)
    for cut in range(len(whole) + 1):
        Path(path).write_bytes(whole[:cut])
        there = length(path)
        assert there <= len(RECORDS)
        write(path, RECORDS[there:])
        assert content(path) == whole


@pytest.mark.parametrize("damage", [b"\0" * 64, b"\xff" * 64, b"garbage"])
def test_what_is_no_record_is_cut_off(path, damage):
    write(path, RECORDS)
    whole = content(path)
    Path(path).write_bytes(whole + damage)
    assert length(path) == len(RECORDS)
    assert content(path) == whole


def test_a_log_of_something_else_is_begun_anew(path):
    write(path, RECORDS)
    write(path, [b"other"], key=b"o" * 32)
    assert list(read_log(path, b"o" * 32)) == [b"other"]


def test_one_writer_at_a_time(path, monkeypatch):
    monkeypatch.setattr(shard_log, "_LOCK_SECONDS", 0.2)
    with contextlib.closing(ShardLog(path, KEY)) as log:
        log.append(b"mine")
        with pytest.raises(InputError, match=r"another process is writing .*log"):
            ShardLog(path, b"o" * 32)
    assert list(read_log(path, KEY)) == [b"mine"]


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK])
def test_a_file_system_without_locks(path, monkeypatch, code):
    def flock(file, operation):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(shard_log.fcntl, "flock", flock)
    write(path, RECORDS)
    assert length(path) == len(RECORDS)
