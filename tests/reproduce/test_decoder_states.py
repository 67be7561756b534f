"""What the figures name; the statistics: tests/evaluation, the whole: tests/e2e."""

from types import SimpleNamespace

import numpy as np
import pytest

from t2t_hint_nart.models.decoder_output import DecoderOutput
from t2t_hint_nart.reproduce import decoder_states
from t2t_hint_nart.reproduce.decoder_states import DecoderStates
from t2t_hint_nart.reproduce.generated import Generated

TOKENS = [5, 6, 1]


class Words:
    """A vocabulary in which every id is a word."""

    def decode_list(self, ids):
        return [f"word{i}" for i in ids]


@pytest.fixture
def drawn(monkeypatch):
    """Panels by figure, taken instead of drawn."""
    taken = {}
    for figure in ("similarity", "attention"):
        monkeypatch.setattr(
            decoder_states, f"draw_{figure}", lambda panels, _, f=figure: taken.update({f: panels})
        )
    length = len(TOKENS)
    output = DecoderOutput(
        **{
            field: np.ones([1, 1, length, 2]) if field != "attention" else np.ones([1, 1, 1, 3, 4])
            for field in DecoderOutput._fields
        }
    )
    monkeypatch.setattr(DecoderStates, "_generated", lambda *_: Generated(TOKENS, output))
    return taken


@pytest.mark.parametrize("quotes_text", [True, False])
def test_tokens_are_named_only_where_text_may_be_quoted(drawn, tmp_path, quotes_text):
    encoders = {"inputs": Words(), "targets": Words()}
    states = DecoderStates(None, {}, encoders, ["teacher", "student_nll"], quotes_text)
    states._draw([[7, 8, 9, 1]], SimpleNamespace(sharpest_head=lambda: (0, 0)), tmp_path)
    source = ["word7", "word8", "word9", "<EOS>"] if quotes_text else ["1", "2", "3", "4"]
    target = ["word5", "word6", "<EOS>"] if quotes_text else ["1", "2", "3"]
    for panel in drawn["similarity"]:
        assert (list(panel.columns), list(panel.rows)) == (target, target)
    for panel in drawn["attention"]:
        assert (list(panel.columns), list(panel.rows)) == (source, target)
    assert [len(drawn[figure]) for figure in ("similarity", "attention")] == [2, 2]
