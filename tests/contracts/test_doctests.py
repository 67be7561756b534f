"""The examples in the docstrings run and show what they say."""

import doctest
import importlib

import pytest

from tests.contracts.package_source import SOURCES, module_name

WITH_EXAMPLES = [module_name(path) for path in SOURCES if ">>> " in path.read_text("utf-8")]


def test_there_are_examples():
    assert "t2t_hint_nart.hparam" in WITH_EXAMPLES


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples(name, capsys):
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0, capsys.readouterr().out
