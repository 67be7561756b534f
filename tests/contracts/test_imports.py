"""Which packages the parts may import: by their source, and by what is loaded when they are."""

import ast
import functools
import subprocess
import sys

import pytest

from tests.contracts.package_source import ROOT, SOURCES, module_name

HEAVY = (
    "tensorflow",
    "keras",
    "tensorflow_text",
    "tensorflow_datasets",
    "sacrebleu",
    "matplotlib",
    "numpy",
)


@functools.cache
def imported(path):
    """The top-level names that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            names.add((node.module or "").split(".")[0])
    return names


def importers(package):
    """The parts of the package that import another one: `problems`, or `evaluation`."""
    found = set()
    for path in SOURCES:
        if package in imported(path):
            parts = module_name(path).split(".")
            found.add(parts[1] if len(parts) > 1 else parts[0])
    return found


@pytest.mark.parametrize(
    ("package", "parts"),
    [
        ("tensorflow_text", {"text"}),
        ("tensorflow_datasets", {"problems", "data"}),
        ("sacrebleu", {"evaluation"}),
        ("sacremoses", {"text"}),
        ("matplotlib", {"inspection"}),
        ("tensorboard", {"training"}),
        ("tf_keras", set()),
    ],
)
def test_only_some_parts_import(package, parts):
    assert importers(package) <= parts


def test_the_source_is_found():
    assert {"t2t_hint_nart.registry", "t2t_hint_nart.hparams.transformer"} <= {
        module_name(path) for path in SOURCES
    }
    assert "absl" in imported(ROOT / "t2t_hint_nart" / "bin" / "flag.py")


def promises_no_tensorflow(name):
    parts = name.split(".")
    if parts[1:3] == ["problems", "builders"]:
        return False  # a TFDS builder is a subclass; problems import it when data is generated
    return (
        len(parts) == 1
        or parts[1] in ("bin", "hparams", "problems")
        or (ROOT / "t2t_hint_nart" / f"{parts[1]}.py").is_file()
        or name in ("t2t_hint_nart.models", "t2t_hint_nart.data.problem", "t2t_hint_nart.text")
    )


TENSORFLOW_FREE = sorted(filter(promises_no_tensorflow, map(module_name, SOURCES)))


def test_these_modules_load_nothing_heavy():
    """One process, told after each import what is loaded by then."""
    assert "t2t_hint_nart.hparam" in TENSORFLOW_FREE and len(TENSORFLOW_FREE) > 30
    code = (
        "import importlib, sys\n"
        f"for name in {TENSORFLOW_FREE}:\n"
        "    importlib.import_module(name)\n"
        f"    loaded = [heavy for heavy in {HEAVY} if heavy in sys.modules]\n"
        "    assert not loaded, f'{name} loads {loaded}'\n"
        "from t2t_hint_nart import registry\n"
        "registry.help_string()\n"
        "[registry.hparams(name) for name in registry.list_hparams()]\n"
        "[registry.problem(name) for name in registry.list_problems()]\n"
        "registry.problem('translate_deen_quickstart_distill')\n"
        f"assert not [heavy for heavy in {HEAVY} if heavy in sys.modules]\n"
        "from t2t_hint_nart.reproduce import report\n"
        "report.hardware(); report.versions()\n"
        "assert 'tensorflow' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr.strip().splitlines()[-1]


def test_oracles_are_numpy_alone():
    oracles = [
        p for p in (ROOT / "tests" / "oracles").glob("*.py") if not p.name.startswith("test")
    ]
    assert len(oracles) > 10
    allowed = {"numpy", "tests", *sys.stdlib_module_names}
    assert {path.name: imported(path) - allowed for path in oracles} == {
        path.name: set() for path in oracles
    }
