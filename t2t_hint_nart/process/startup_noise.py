"""Keeps what TensorFlow prints when it starts away from the output of commands and users' programs.

TensorFlow logs before its own logging is set up, straight to the process's stderr, that it uses
oneDNN and that there is no GPU. While it is imported, and at no other time, stderr is caught and
written out again without those lines; everything else, warnings and errors among it, appears.
"""

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

_STDERR = 2
_WATCHED = ("tensorflow", "tensorflow_text")
# "I0000 00:00:1795355907.439569 11039 port.cc:153] ..." is information, not a warning.
_INFORMATION = re.compile(
    r"^(I\d{4} \d\d:\d\d:|WARNING: All log messages before absl::InitializeLog\(\)"
    r"|To enable the following instructions:"
    r"|INFO: Created TensorFlow Lite XNNPACK delegate for CPU"
    # An error by its letter, which costs nothing but some time.
    r"|E\d{4} .*\] oneDNN supports DT_INT64 only on platforms with AVX-512\.)"
)
_NO_DRIVER = "Could not find cuda drivers on your machine"
_NO_DRIVER_CONSEQUENCE = "failed call to cuInit"


def silence_startup_noise() -> None:
    """Quieten TensorFlow, which is not imported by this, when it is imported later on.

    An environment variable that the user has set stays as it is.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    already_watching = any(isinstance(finder, _QuietFinder) for finder in sys.meta_path)
    if "tensorflow" not in sys.modules and not already_watching:
        sys.meta_path.insert(0, _QuietFinder())


def without_noise(text: str) -> str:
    r"""Return what TensorFlow printed without its information on the machine.

    That CUDA does not start is left out only where there is no driver, which TensorFlow says
    before.

    Example:
        >>> without_noise("I0000 00:00:1795.4 11 port.cc:153] oneDNN is on\nW0000 trouble\n")
        'W0000 trouble\n'
    """
    has_no_driver = _NO_DRIVER in text or not os.path.exists("/dev/nvidiactl")  # noqa: PTH110
    return "".join(
        line
        for line in text.splitlines(keepends=True)
        if not _INFORMATION.match(line) and not (has_no_driver and _NO_DRIVER_CONSEQUENCE in line)
    )


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Catch the process's stderr, if it is open, and write it out at the end `without_noise`."""
    if not _is_open():
        yield
        return
    sys.stderr.flush()
    with tempfile.TemporaryFile() as caught:
        kept = os.dup(_STDERR)
        os.dup2(caught.fileno(), _STDERR)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, _STDERR)
            os.close(kept)
            caught.seek(0)
            text = without_noise(caught.read().decode(errors="replace"))
            os.write(_STDERR, text.encode())


def _is_open() -> bool:
    """Whether the process has a stderr: none after `2>&-`, nor where there is no console."""
    try:
        os.fstat(_STDERR)
    except OSError:
        return False
    return sys.stderr is not None


class _QuietFinder(MetaPathFinder):
    """Finds TensorFlow as Python would, and has it imported, and look for devices, in silence."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target) if fullname in _WATCHED else None
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                with quiet_stderr():
                    execute(module)
                    if fullname == "tensorflow":
                        module.config.list_physical_devices()

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec
