"""Decoding the same sentences at every step."""

from types import SimpleNamespace

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.serving.scored_decode import ScoredDecode

SOURCES = ["eins zwei drei vier fünf", "acht neun"]
REFERENCES = ["One two three four five", "eight nine"]


class Translator:
    """Translates with a dictionary that training changes."""

    def __init__(self, translations):
        self.translations = translations

    def translate(self, lines):
        return [[SimpleNamespace(text=self.translations[line])] for line in lines]


def test_scores_follow_the_network(tmp_path):
    translator = Translator(dict(zip(SOURCES, REFERENCES, strict=True)))
    decode = ScoredDecode(translator, SOURCES, REFERENCES, tmp_path / "new" / "toy")
    assert decode(10) == {"BLEU_cased": 100.0, "BLEU_uncased": 100.0, "BLEU_13a": 100.0}
    translator.translations[SOURCES[0]] = "one two\nthree four five"
    scores = decode(20)
    assert 0.0 < scores["BLEU_cased"] < scores["BLEU_uncased"] == 100.0
    files = {path.name: path.read_text().splitlines() for path in (tmp_path / "new").iterdir()}
    assert files == {
        "toy.inputs": SOURCES,
        "toy.targets": REFERENCES,
        "toy-10": REFERENCES,
        "toy-20": ["one two three four five", "eight nine"],
    }


def test_without_references_or_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    translator = Translator(dict(zip(SOURCES, REFERENCES, strict=True)))
    assert ScoredDecode(translator, SOURCES)(1) == {}
    assert ScoredDecode(translator, SOURCES).path(1) is None
    assert list(tmp_path.iterdir()) == []


def test_other_numbers_of_lines():
    with pytest.raises(InputError, match="2 translations for 1 references"):
        ScoredDecode(Translator({}), SOURCES, REFERENCES[:1])
    with pytest.raises(InputError, match="no sentences"):
        ScoredDecode(Translator({}), [])
