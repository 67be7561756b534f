"""What a run was made on: the machine and the versions of the packages, without importing them."""

import contextlib
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = (
    "t2t-hint-nart",
    "tensorflow",
    "keras",
    "tensorflow-text",
    "tensorflow-datasets",
    "numpy",
    "sacrebleu",
    "matplotlib",
)


def hardware() -> dict[str, Any]:
    """Describe this machine: models of its processor and GPUs, cores this process may use, memory.

    Example:
        >>> sorted(hardware())
        ['cores', 'cpu', 'gpus', 'platform', 'ram_gib']
    """
    cpus = _values("/proc/cpuinfo", "model name")
    affinity = getattr(os, "sched_getaffinity", None)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    # The NVIDIA driver's own files cost nothing and need no library.
    gpus = sorted(Path("/proc/driver/nvidia/gpus").glob("*/information"))
    return {
        "cpu": cpus[0] if cpus else platform.processor() or platform.machine(),
        "cores": len(affinity(0)) if affinity else os.cpu_count() or 1,
        "ram_gib": round(memory / 2**30, 1),
        "gpus": [model for file in gpus for model in _values(file, "Model")[:1]],
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
    }


def versions() -> dict[str, str]:
    """Return the version of Python and of each installed package that shapes the results.

    Example:
        >>> versions()["python"] == platform.python_version()
        True
    """
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def _values(path: str | Path, key: str) -> list[str]:
    """Return the values of a key in a file of `key : value` lines; none if there is no file."""
    try:
        lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    pairs = (line.partition(":") for line in lines)
    return [value.strip() for name, _, value in pairs if name.strip() == key]
