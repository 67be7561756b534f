"""The import contracts of pyproject.toml hold, and a planted violation breaks each of them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def layout(tmp_path_factory):
    """The package as it is installed, with problems and hparams inside."""
    directory = tmp_path_factory.mktemp("layout")
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "t2t_hint_nart", directory / "t2t_hint_nart", ignore=ignore)
    for plugin in ("problems", "hparams"):
        shutil.copytree(ROOT / plugin, directory / "t2t_hint_nart" / plugin, ignore=ignore)
    return directory


def broken_contracts(layout):
    done = subprocess.run(
        [
            Path(sys.executable).with_name("lint-imports"),
            "--no-cache",
            "--config",
            ROOT / "pyproject.toml",
        ],
        cwd=layout,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
    )
    lines = done.stdout.splitlines()
    broken = [line.removesuffix(" BROKEN") for line in lines if line.endswith(" BROKEN")]
    assert done.returncode == (1 if broken else 0), done.stdout + done.stderr
    assert any(line.startswith("Contracts: ") for line in lines), done.stdout + done.stderr
    return broken


def test_the_contracts_hold(layout):
    assert broken_contracts(layout) == []


VIOLATIONS = {
    "Imports point downwards": ("text/tokenizer.py", "t2t_hint_nart.data.shards"),
    "Plug-ins are loaded by name alone": ("bin/flag.py", "t2t_hint_nart.hparams.basic"),
    "Models and losses know no loop, no teacher and no decoding": (
        "losses/term.py",
        "t2t_hint_nart.decoding.search",
    ),
    "The hints' losses know no model": (
        "hints/hidden.py",
        "t2t_hint_nart.models.network",
    ),
    "Inspection asks for probes, and knows no model": (
        "inspection/figures.py",
        "t2t_hint_nart.models.transformer",
    ),
    "Decoding knows what models offer, and no model": (
        "decoding/beam.py",
        "t2t_hint_nart.models.transformer",
    ),
    "Evaluation takes callables": ("evaluation/bleu.py", "t2t_hint_nart.models.network"),
    "The core and the sets never reach TensorFlow or Keras": ("hparam.py", "tensorflow"),
    "Networks and losses are written in keras.ops alone": ("layers/attention.py", "tensorflow"),
}


def test_each_contract_is_broken_by_its_violation(layout):
    kept = {}
    for file, module in VIOLATIONS.values():
        path = layout / "t2t_hint_nart" / file
        kept[path] = path.read_text()
        path.write_text(f"{kept[path]}\nimport {module} as _planted\n")
    try:
        assert set(VIOLATIONS) <= set(broken_contracts(layout))
    finally:
        for path, text in kept.items():
            path.write_text(text)


CIRCLE = "import t2t_hint_nart.data.corpus as _planted"


@pytest.mark.parametrize(
    "planted",
    [
        CIRCLE,
        f"def _later():\n    {CIRCLE}",
        f"from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    {CIRCLE}",
    ],
    ids=["module", "function", "types"],
)
def test_a_circle_is_found_however_it_is_imported(layout, planted):
    path = layout / "t2t_hint_nart" / "data" / "pair_filters.py"
    text = path.read_text()
    path.write_text(f"{text}\n{planted}\n")
    try:
        assert broken_contracts(layout) == ["No circles"]
    finally:
        path.write_text(text)
