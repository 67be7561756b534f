"""A wheel holds the whole package, and no top-level module beside it."""

import re
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[2]
FOLDERS = ("t2t_hint_nart", "problems", "hparams")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel built, without network, from a copy: building leaves files beside the source."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for folder in FOLDERS:
        shutil.copytree(
            ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    for file in ("setup.py", "pyproject.toml"):
        shutil.copy(ROOT / file, source)
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", target, source],
        check=True,
        capture_output=True,
    )
    (built,) = target.glob("*.whl")
    return built


def test_its_files(wheel):
    files = [name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name]
    assert {name.split("/")[0] for name in files} == {"t2t_hint_nart"}
    expected = {
        str(Path(*(() if folder == "t2t_hint_nart" else ("t2t_hint_nart",)), path))
        for folder in FOLDERS
        for path in (p.relative_to(ROOT) for p in (ROOT / folder).rglob("*.py"))
    }
    assert "t2t_hint_nart/hparams/transformer.py" in expected
    assert {name for name in files if name.endswith(".py")} == expected
    assert "t2t_hint_nart/py.typed" in files
    assert "t2t_hint_nart/problems/builders/checksums.tsv" in files
    assert "t2t_hint_nart/inspection/sentence_page.html" in files
    assert "t2t_hint_nart/serving/translate_page.html" in files


def test_its_version_and_requirements(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
        lines = archive.read(metadata).decode().splitlines()
    import t2t_hint_nart

    assert f"Version: {t2t_hint_nart.__version__}" in lines
    (python,) = [line for line in lines if line.startswith("Requires-Python: ")]
    assert set(python.split()[1].split(",")) == {">=3.11", "<3.14"}
    required = [
        line for line in lines if line.startswith("Requires-Dist: ") and "extra" not in line
    ]
    names = {line.split()[1].split(">")[0].split("<")[0].rstrip(";") for line in required}
    assert {"tensorflow", "tensorflow-text", "tensorboard", "sacrebleu", "sacremoses"} <= names


def test_every_pinned_package_takes_the_pythons_that_are_promised():
    first, last = re.search(r"(3\.\d+) to (3\.\d+)", (ROOT / "Makefile").read_text()).groups()
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        name = line.partition("==")[0]
        if line.startswith("#") or not list(metadata.distributions(name=name)):
            continue
        python = SpecifierSet(metadata.metadata(name)["Requires-Python"] or "")
        assert f"{first}.0" in python and f"{last}.0" in python, line


def test_it_works_where_the_source_is_not(wheel, tmp_path):
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    code = f"""
import importlib.util, sys
sys.path.insert(0, {str(site)!r})
sys.meta_path = [finder for finder in sys.meta_path if "editable" not in str(finder).lower()]
import t2t_hint_nart
assert t2t_hint_nart.__file__.startswith({str(site)!r})
from t2t_hint_nart import registry
assert "transformer_base" in registry.list_hparams()
assert "text2text_tmpdir" in registry.list_problems()
ours = [m.__file__ for name, m in sys.modules.items() if name.split(".")[0] == "t2t_hint_nart"]
assert len(ours) > 20 and all(file.startswith({str(site)!r}) for file in ours), ours
for name in ("problems", "hparams"):
    assert importlib.util.find_spec(name) is None
"""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
