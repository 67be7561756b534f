"""The package's source files, and the names by which they are imported."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("t2t_hint_nart", "problems", "hparams")
SOURCES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def module_name(path):
    """The name by which a file of the package is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts if parts[0] == "t2t_hint_nart" else ("t2t_hint_nart", *parts)
    return ".".join(parts).removesuffix(".__init__")
