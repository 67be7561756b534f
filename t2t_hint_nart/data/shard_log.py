"""Encoded pairs of one shard in the order of the text, on their way to the shard (no TensorFlow).

A log grows by appending only. Killed at any moment, what it holds is whole records and at most one
torn one at the end, which `ShardLog` cuts off; so that it says by itself how far it has come. It
begins with a key, the digest of everything its content depends on: a log of something else is
begun anew.
"""

import fcntl
import mmap
import os
import random
import struct
import time
import zlib
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.whole_file import naming_file

# Length and checksum of a record. The checksum's start makes a run of zero bytes no record.
_HEAD = struct.Struct("<II")
_CHECKSUM_START = 0x5EED
_BUFFER_BYTES = 2**16
_LOCK_SECONDS = 10.0


class ShardLog:
    """A log to go on with, made if need be and held by this process alone.

    Args:
        path: of the log.
        key: digest of what the content depends on.

    Attributes:
        length: number of records, those of earlier runs included.
    """

    def __init__(self, path: str, key: bytes) -> None:
        self._path = path
        self._file: BinaryIO = Path(path).open("ab+", buffering=_BUFFER_BYTES)  # noqa: SIM115
        try:
            _lock(self._file, path)
            self.length, end = _whole_records(path, key)
            with naming_file(path):
                self._file.truncate(end)
                if not end:
                    self._file.write(key)
        except BaseException:
            self._file.close()
            raise

    def append(self, record: bytes) -> None:
        """Add a record; an empty one stands for a pair that is left out."""
        head = _HEAD.pack(len(record), zlib.crc32(record, _CHECKSUM_START))
        with naming_file(self._path):
            self._file.write(head + record)
        self.length += 1

    def close(self) -> None:
        """Write what is buffered and let go of the log."""
        with naming_file(self._path):
            self._file.close()


def read_log(path: str, key: bytes, seed: int | None = None) -> Iterator[bytes]:
    """Yield the records of a log but for the empty ones.

    In the order of the text, or in a random one where there is a `seed`; of these, only places in
    the file are held in memory.
    """
    with Path(path).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as log:
        begins = array("Q", (begin for begin, end in _records(log, key) if begin < end))
        if seed is not None:
            random.Random(seed).shuffle(begins)
        for begin in begins:
            length, _ = _HEAD.unpack_from(log, begin - _HEAD.size)
            yield log[begin : begin + length]


def _whole_records(path: str, key: bytes) -> tuple[int, int]:
    """Return how many whole records a log holds and where they end: 0 if it has another key."""
    if not Path(path).stat().st_size:
        return 0, 0
    with Path(path).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as log:
        if log[: len(key)] != key:
            return 0, 0
        count, last = 0, len(key)
        for _, end in _records(log, key):
            count, last = count + 1, end
        return count, last


def _records(log: mmap.mmap, key: bytes) -> Iterator[tuple[int, int]]:
    """Yield where each whole record begins and ends."""
    begin = len(key) + _HEAD.size
    while begin <= len(log):
        length, checksum = _HEAD.unpack_from(log, begin - _HEAD.size)
        end = begin + length
        if end > len(log) or zlib.crc32(log[begin:end], _CHECKSUM_START) != checksum:
            return
        yield begin, end
        begin = end + _HEAD.size


def _lock(file: BinaryIO, path: str) -> None:
    """Wait a little for the lock: processes of a killed run end as soon as they notice."""
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise InputError(
                    f"another process is writing {os.fspath(path)!r}; wait for its end"
                ) from None
        except OSError:  # A file system may have no locks at all; there, none is needed.
            return
        time.sleep(0.1)
