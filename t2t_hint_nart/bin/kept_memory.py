"""Has the C library keep the memory that a training step gives back, in large pages.

glibc's malloc gives it to the system after every step and fetches it again, page by page. How it
is to do otherwise is read from the environment when a program starts: the command begins anew with
it. mallopt(3) could be called instead, but doesn't know large pages, from which the gain comes.
"""

import os
import platform
import sys
from pathlib import Path

_TUNABLES = "GLIBC_TUNABLES"
_MOST = 2**32
_SETTINGS = {
    "hugetlb": 1,
    "arena_max": 1,
    "mmap_max": 0,
    "trim_threshold": _MOST,
    "mmap_threshold": _MOST,
}
# What the environment has then.
KEPT = {_TUNABLES: ":".join(f"glibc.malloc.{name}={value}" for name, value in _SETTINGS.items())}
# Who sets one of these has settings, or a malloc, of their own.
_OTHERS = (_TUNABLES, "LD_PRELOAD", "MALLOC_")


def keep_memory(name: str) -> None:
    """Begin the process anew with those settings, where it is a command with glibc's malloc.

    Nothing happens where the environment has settings already, or where something else than the
    command's own script called it. Processes that the command starts don't have the settings.

    Args:
        name: of the command.
    """
    if platform.libc_ver()[0] != "glibc" or not _is_script(name):
        return
    if os.environ.get(_TUNABLES) == KEPT[_TUNABLES]:
        # Read by now. What is timed in a process of its own is timed as a command serves.
        del os.environ[_TUNABLES]
    elif not any(variable.startswith(_OTHERS) for variable in os.environ):
        os.environ.update(KEPT)
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def _is_script(name: str) -> bool:
    """Whether the process is the command's script or module, called as its arguments say."""
    program, *arguments = sys.argv
    begin = len(sys.orig_argv) - len(arguments)
    if begin < 1 or sys.orig_argv[begin:] != arguments:
        return False
    # A path, or behind -m a module.
    said = Path(sys.orig_argv[begin - 1]).name.removesuffix(".py").rpartition(".")[2]
    return {Path(program).stem.replace("_", "-"), said.replace("_", "-")} == {name}
