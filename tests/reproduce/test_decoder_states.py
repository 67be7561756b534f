"""What is compared with what, and what figures name; the statistics: tests/evaluation."""

import dataclasses

import numpy as np
import pytest

from t2t_hint_nart.inspection.generated import Generated
from t2t_hint_nart.reproduce import decoder_states
from t2t_hint_nart.reproduce.decoder_states import DecoderStates
from tests.reproduce.tiny_recipe import TINY_RECIPE

TOKENS = [5, 6, 1]


class Words:
    """A vocabulary in which every id is a word."""

    def decode_list(self, ids):
        return [f"word{i}" for i in ids]


class Exports:
    """Systems of which those of `shown` tell states, one layer and head of attention each."""

    def __init__(self, shown, collapsed=()):
        self.encoders = {"inputs": Words(), "targets": Words()}
        self.shown, self.collapsed = shown, collapsed

    def shows_states(self, system):
        return system in self.shown

    def has_targets_positions(self, system):
        return system not in self.collapsed

    def ids(self, sentences):
        return [[7, 8, 9, 1] for _ in sentences]

    def outputs(self, system, inputs):
        assert system == "teacher"
        return np.array([TOKENS for _ in inputs])

    def states(self, system, inputs, targets):
        batch, length = targets.shape
        heads = self.shown[system]
        states = np.ones([batch, 1, length, 2])
        weights = np.full([batch, 1, heads, length, inputs.shape[1]], 1 / inputs.shape[1])
        return {"hidden": states, "hidden_normed": states, "attention": weights}

    def generate(self, system, source):
        inputs, targets = np.array([source]), np.array([TOKENS])
        probes = self.states(system, inputs, targets)
        return Generated(TOKENS, {name: probe[0] for name, probe in probes.items()})


@pytest.fixture
def drawn(monkeypatch):
    """Panels by figure, taken instead of drawn."""
    taken = {}
    monkeypatch.setattr(decoder_states, "save", lambda figure, path: None)
    for figure in ("similarity", "attention"):
        monkeypatch.setattr(
            decoder_states, f"{figure}_figure", lambda panels, f=figure: taken.update({f: panels})
        )
    return taken


def measure(exports, tmp_path, **changes):
    exports.recipe = dataclasses.replace(TINY_RECIPE, **changes)
    return DecoderStates(exports).measure(["a sentence"], tmp_path)


def test_a_model_without_norms_has_its_states_as_they_are(tmp_path, drawn):
    class Unnormed(Exports):
        def states(self, system, inputs, targets):
            found = super().states(system, inputs, targets)
            return {n: v for n, v in found.items() if system == "teacher" or n != "hidden_normed"}

    systems = measure(Unnormed({"teacher": 1, "student_nll": 1}), tmp_path)["systems"]
    assert set(systems["teacher"]["cosine"]) == {"raw", "normed"}
    assert set(systems["student_nll"]["cosine"]) == {"raw"}


@pytest.mark.parametrize("quotes_text", [True, False])
def test_tokens_are_named_only_where_text_may_be_quoted(drawn, tmp_path, quotes_text):
    shown = {"teacher": 1, "student_nll": 1}
    measured = measure(Exports(shown), tmp_path, quotes_text=quotes_text)
    source = ["word7", "word8", "word9", "<EOS>"] if quotes_text else ["1", "2", "3", "4"]
    target = ["word5", "word6", "<EOS>"] if quotes_text else ["1", "2", "3"]
    for panel in drawn["similarity"]:
        assert (list(panel.columns), list(panel.rows)) == (target, target)
    for panel in drawn["attention"]:
        assert (list(panel.columns), list(panel.rows)) == (source, target)
    assert [len(drawn[figure]) for figure in ("similarity", "attention")] == [2, 2]
    assert [figure["file"] for figure in measured["figures"]] == ["figure1.png", "figure2.png"]


def test_attention_is_compared_with_the_baselines_where_it_has_the_same_heads(drawn, tmp_path):
    shown = {"student_nll": 1, "student_align": 2, "teacher": 1}
    seen = measure(Exports(shown), tmp_path)["systems"]
    assert [(name, seen[name]["attention"]["kl"]) for name in seen] == [
        ("teacher", None),
        ("student_nll", 0.0),
        ("student_align", None),
    ]
    # Three pairs of three tokens, all alike.
    assert seen["teacher"]["cosine"]["raw"] == {
        "mean": pytest.approx(1.0),
        "below_0.25": 0.0,
        "below_0.5": 0.0,
        "pairs": 3,
        "last": {"mean": pytest.approx(1.0), "below_0.25": 0.0, "below_0.5": 0.0, "pairs": 3},
    }


def test_what_has_other_positions_than_the_targets_is_only_drawn(drawn, tmp_path):
    exports = Exports({"teacher": 1, "student_nll": 1, "student_align": 1}, ("student_nll",))
    assert list(measure(exports, tmp_path)["systems"]) == ["teacher", "student_align"]
    assert [len(panels) for panels in drawn.values()] == [3, 3]


def test_systems_that_tell_no_states_are_left_out(drawn, tmp_path):
    assert measure(Exports({"student_nll": 1}), tmp_path) == {}
    alone = measure(Exports({"teacher": 1}), tmp_path)
    assert list(alone["systems"]) == ["teacher"] and alone["figures"] == [] and drawn == {}
