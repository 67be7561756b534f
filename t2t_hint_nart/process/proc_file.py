"""What the kernel says of the machine, in files of `key : value` lines under /proc."""

from pathlib import Path

CPU_INFO = "/proc/cpuinfo"


def proc_values(path: str | Path, key: str) -> list[str]:
    """Return the values of a key in a file of `key : value` lines; none if there is no file."""
    try:
        lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    pairs = (line.partition(":") for line in lines)
    return [value.strip() for name, _, value in pairs if name.strip() == key]
