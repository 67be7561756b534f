"""What a run was made on: the machine and the versions of the packages, without importing them."""

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
    """Describe this machine.

    Returns:
        {"cpu": model name, "cores": number this process may use, "ram_gib": float or None,
        "gpus": list of model names, "platform": operating system and architecture}.

    Example:
        >>> sorted(hardware())
        ['cores', 'cpu', 'gpus', 'platform', 'ram_gib']
    """
    return {
        "cpu": _cpu_model(),
        "cores": _usable_cores(),
        "ram_gib": _ram_gib(),
        "gpus": _gpu_models(),
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
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def _cpu_model() -> str:
    described = _values("/proc/cpuinfo", "model name")
    return described[0] if described else platform.processor() or platform.machine()


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _ram_gib() -> float | None:
    try:
        pages, page_size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None
    return round(pages * page_size / 2**30, 1)


def _gpu_models() -> list[str]:
    """Ask the NVIDIA driver's own files, which costs nothing and needs no library."""
    files = sorted(Path("/proc/driver/nvidia/gpus").glob("*/information"))
    return [model for file in files for model in _values(file, "Model")[:1]]


def _values(path: str | Path, key: str) -> list[str]:
    """Return the values of a key in a file of `key : value` lines; none if there is no file."""
    try:
        lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    pairs = (line.partition(":") for line in lines)
    return [value.strip() for name, _, value in pairs if name.strip() == key]
