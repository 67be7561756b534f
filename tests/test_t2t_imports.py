"""Imports of tensor2tensor, and what they are here."""

import importlib

import pytest

from t2t_hint_nart.t2t_imports import IMPORT_ROOTS, written_here


@pytest.mark.parametrize(
    ("line", "here"),
    [
        ("from tensor2tensor.utils import registry", "from t2t_hint_nart import registry"),
        (
            "from tensor2tensor.layers import common_hparams",
            "from t2t_hint_nart.hparams import basic as common_hparams",
        ),
        (
            "from tensor2tensor.data_generators import translate as t",
            "from t2t_hint_nart.data import translate_problem as t",
        ),
        (
            "from tensor2tensor.data_generators.problem import DatasetSplit",
            "from t2t_hint_nart.data.problem import DatasetSplit",
        ),
        (
            "from tensor2tensor.data_generators.text_encoder import TokenTextEncoder as T",
            "from t2t_hint_nart.text.text_encoder import TokenTextEncoder as T",
        ),
        (
            "from tensor2tensor.models.transformer import transformer_base",
            "from t2t_hint_nart.hparams.transformer import transformer_base",
        ),
        (
            "from tensor2tensor.models.transformer import Transformer",
            "from t2t_hint_nart.models.transformer import Transformer",
        ),
        (
            "from tensor2tensor.data_generators import text_encoder",
            "from t2t_hint_nart.text import text_encoder",
        ),
        ("import tensor2tensor.utils.hparam as h", "import t2t_hint_nart.hparam as h"),
        ("import tensor2tensor.utils.hparam", "import t2t_hint_nart.hparam"),
        ("from tensor2tensor.rl import ppo", ""),
        ("import tensor2tensor", ""),
    ],
)
def test_one_line(line, here):
    assert list(written_here(f"x = 1\n{line}\n")) == [(2, here)]


def test_other_imports_stay():
    assert list(written_here("import os\nfrom . import tensor2tensor\nfrom t2t import x")) == []


@pytest.mark.parametrize("theirs", [name for name in IMPORT_ROOTS if "Transformer" not in name])
def test_what_is_named_is_there(theirs):
    module = importlib.import_module(IMPORT_ROOTS[theirs])
    name = theirs.rpartition(".")[2]
    assert name[0].islower() or hasattr(module, name)
