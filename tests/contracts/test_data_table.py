"""docs/DATA.md lists every registered problem as it is."""

import re
from pathlib import Path

import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.data.translate_problem import TranslateProblem

TEXT = (Path(__file__).parents[2] / "docs" / "DATA.md").read_text(encoding="utf-8")
ROWS = {
    cells[0].strip("`"): cells
    for line in TEXT.partition("## Files")[0].splitlines()
    if line.startswith("| `") and (cells := [cell.strip() for cell in line.strip("|").split("|")])
}


def test_every_problem_has_a_row():
    assert set(ROWS) == set(registry.list_problems())


@pytest.mark.parametrize("name", registry.list_problems())
def test_row(name):
    problem, cells = registry.problem(name), ROWS[name]
    assert cells[-1] == problem.bleu_convention
    if "→" in cells[1]:
        assert tuple(re.findall(r"[a-z]{2}", cells[1])) == problem.languages
    if re.fullmatch(r"\d+k", cells[3]):
        assert int(cells[3][:-1]) == problem.approx_vocab_size // 1000


@pytest.mark.parametrize("name", registry.list_problems())
def test_files(name):
    problem = registry.problem(name)
    if not isinstance(problem, TranslateProblem):
        return
    section = TEXT.partition("## Files")[2].partition("## What")[0]
    for split, candidates in problem.local_files.items():
        stems = {source.rpartition(".")[0].replace(name, "NAME") for source, _ in candidates}
        assert any(f"`{stem}`" in section or f"`{stem}." in section for stem in stems), split
