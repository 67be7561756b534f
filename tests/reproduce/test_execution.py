"""How a system is exported, and which decodings an export has; the work itself: tests/e2e."""

from types import SimpleNamespace

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.reproduce import execution
from t2t_hint_nart.reproduce.execution import Exports, export_averaged
from t2t_hint_nart.reproduce.pipeline import Pipeline
from t2t_hint_nart.reproduce.recipe import Decoding
from tests.reproduce.tiny_recipe import TINY_RECIPE as RECIPE


def test_an_export_that_a_kill_left_unnoted_is_made_again(monkeypatch, tmp_path):
    target = tmp_path / "export" / "student_nll"
    seen, loaded = [], []

    def export(model, settings, export_dir):
        del model
        assert export_dir == str(target) and not target.exists()
        target.mkdir(parents=True)
        seen.append(settings)

    monkeypatch.setattr(execution, "load_trained", lambda *args: loaded.append(args))
    monkeypatch.setattr(execution, "export", export)
    run = Pipeline(RECIPE, tmp_path, "").run_of(RECIPE.system("student_nll"))
    for _ in range(2):
        assert export_averaged(run, 3, "beam_size=7", str(target)) == {"export_dir": str(target)}
    assert seen[1].beam_size == 7
    model, with_bias, problem, data_dir, checkpoint = loaded[1]
    assert (model, problem.name) == ("transformer_nat", "algorithmic_reverse_tiny_distill")
    assert with_bias.length_bias == 3 and run.hparams.length_bias is None
    assert data_dir == str(tmp_path / "data")
    assert checkpoint == str(tmp_path / "student_nll" / "avg")


@pytest.fixture
def exports(monkeypatch):
    """Exports that say how they would decode."""
    monkeypatch.setattr(
        execution, "ExportedModel", lambda directory: SimpleNamespace(export_dir=directory)
    )
    monkeypatch.setattr(execution, "Teacher", lambda directory: f"scorer {directory}")
    monkeypatch.setattr(execution, "export_decode", lambda model, by="decode": by)
    monkeypatch.setattr(execution, "rescored_decode", lambda model, *args: args)
    return Exports(RECIPE, lambda system: f"export/{system}", None, "data")


def test_decodings_of_an_export(exports):
    assert exports._decode("teacher", "beam4") == "decode"
    assert exports._decode("teacher", "greedy") == "greedy"
    assert exports._decode("student_nll", "one_pass") == "decode"
    assert exports._decode("student_nll", "rescored_5") == ("scorer export/teacher", 2, 0.0)


def test_a_decoding_that_an_export_does_not_have_is_refused(exports, monkeypatch):
    monkeypatch.setattr(type(RECIPE), "decoding", lambda *_: Decoding("wide", "beam_size=9"))
    monkeypatch.setattr(type(RECIPE), "exported", lambda *_: Decoding("beam4", "beam_size=4"))
    with pytest.raises(InputError, match="can't decode by 'beam_size=9': it was exported with 'b"):
        exports._decode("teacher", "wide")
