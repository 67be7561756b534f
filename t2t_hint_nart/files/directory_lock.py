"""One writer a directory; a second is told who the first is (no TensorFlow).

A file `.lock` in the directory is held by flock, which the kernel lets go however its holder ends.
It says who that is, for the message. Where a file system has no flock, a holder counts as long as
its process runs, as far as that can be told.
"""

import contextlib
import datetime
import errno
import fcntl
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.json_file import parse_json

_UNWRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EEXIST, errno.ENOTDIR)
_PAUSE_SECONDS = 0.2
# The locks of this process, which doesn't shut itself out.
_held: set[Path] = set()


@dataclass(frozen=True)
class Holder:
    """Who writes: the process `pid` of a host, its command line and when it began (ISO 8601)."""

    host: str
    pid: int
    command: str
    since: str

    def __str__(self) -> str:
        program = Path(self.command.split(" ")[0]).stem
        return f"{program} (process {self.pid} on {self.host}, since {self.since})"

    def may_run(self) -> bool:
        """Return whether the process runs; one of another host may."""
        if self.host != socket.gethostname():
            return True
        try:
            os.kill(self.pid, 0)
        except (ProcessLookupError, OverflowError):
            return False
        except PermissionError:  # It is another user's.
            return True
        return True


@contextlib.contextmanager
def directory_lock(
    directory: str | os.PathLike[str],
    name: str = "",
    shared: bool = False,
    waiting: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Hold a directory, made if need be, as its one writer; this process may hold it twice.

    Leaves nothing: the lock's file goes, and directories that were made and are still empty.

    Args:
        directory: what is written to.
        name: of a file or files of that name in it, if others may write the rest.
        shared: with others that share it, as they divide the work.
        waiting: told, once, who writes there, whose end is then waited for.

    Raises:
        InputError: another process writes there, and `waiting` is None; names it.
    """
    path = Path(directory).resolve() / (f".{name}.lock" if name else ".lock")
    if path in _held:
        yield
        return
    made = [place for place in (path.parent, *path.parent.parents) if not place.exists()]
    try:
        Path(directory).mkdir(parents=True, exist_ok=True)
        descriptor = _acquired_in_turn(path, Path(directory) / name, shared, waiting)
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        # Who can't make this file makes no other there; whether any has to be is seen then.
        yield
        return
    _held.add(path)
    try:
        yield
    finally:
        _held.remove(path)
        _release(descriptor, path)
        for place in made:
            with contextlib.suppress(OSError):
                place.rmdir()


def _acquired_in_turn(
    path: Path, written: Path, shared: bool, waiting: Callable[[str], None] | None
) -> int:
    while True:
        try:
            return _acquired(path, written, shared)
        except InputError as held:
            if waiting is None:
                raise
            waiting(str(held))
        waiting = _say_no_more
        time.sleep(_PAUSE_SECONDS)


def _say_no_more(told: str) -> None:
    pass


def _acquired(path: Path, written: Path, shared: bool) -> int:
    """Return the lock's open file, which says that this process holds it."""
    while True:
        descriptor, is_writable = _opened(path)
        try:
            _lock(descriptor, path, written, shared)
            # Who held it before may have removed the file after it was opened here.
            if _is_at(path, descriptor):
                if is_writable:
                    os.ftruncate(descriptor, 0)
                    os.pwrite(descriptor, json.dumps(asdict(_this_process())).encode(), 0)
                return descriptor
        except BaseException as error:
            os.close(descriptor)
            if isinstance(error, OSError) and error.filename is None:
                error.filename = str(path)
            raise
        os.close(descriptor)


def _opened(path: Path) -> tuple[int, bool]:
    """Return the lock's file, opened or made, and whether this process may write into it."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o666), True
    except PermissionError:
        # It is another user's, in a directory that both write to; reading is enough for flock.
        if path.exists() and os.access(path.parent, os.W_OK):
            return os.open(path, os.O_RDONLY), False
        raise


def _lock(descriptor: int, path: Path, written: Path, shared: bool) -> None:
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = _read(descriptor)
        # Who may only read the file can't say in it who holds it now.
        told = holder if holder and holder.may_run() else "another process"
        raise InputError(
            f"{written} is being written by {told}; wait for its end, or write elsewhere."
        ) from None
    except OSError:  # The file system has no such locks.
        holder = _read(descriptor)
        if holder and not shared and holder.pid != os.getpid() and holder.may_run():
            raise InputError(
                f"{written} is being written by {holder}; wait for its end, or write elsewhere. "
                f"If it is known to have ended, remove {path}."
            ) from None


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _release(descriptor: int, path: Path) -> None:
    try:
        # Of those that share it, the last one removes the file.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        # It may name this process, which isn't the one to wait for any more.
        with contextlib.suppress(OSError):  # It is another user's, who is named.
            os.ftruncate(descriptor, 0)
        os.close(descriptor)
        return
    except OSError:
        pass
    with contextlib.suppress(PermissionError):  # In a sticky directory, their own users do it.
        path.unlink(missing_ok=True)
    os.close(descriptor)


def _this_process() -> Holder:
    now = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
    return Holder(socket.gethostname(), os.getpid(), " ".join(sys.argv) or "python", now)


def _read(descriptor: int) -> Holder | None:
    """Return who the file says that holds it; None if it says nothing, as when it is just made."""
    try:
        return parse_json(os.pread(descriptor, 2**20, 0), Holder)
    except InputError:
        return None
