"""Bodies that are understood, and those that aren't. Answers are in the doctests, too."""

import json

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.serving.decodes import Hypothesis
from t2t_hint_nart.serving.rest_protocol import read_predict, read_translate

FOUND = [Hypothesis("A", -1.0), Hypothesis("B", -2.0)]
ROWS = {"predictions": [{"outputs": "A", "scores": -1.0}, {"outputs": "B", "scores": -2.0}]}
COLUMNS = {"outputs": {"outputs": ["A", "B"], "scores": [-1.0, -2.0]}}


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"instances": [{"text": "a"}, {"text": "b"}]}, ROWS),
        ({"instances": ["a", {"text": "b"}], "signature_name": "serving_default"}, ROWS),
        ({"inputs": {"text": ["a", "b"]}}, COLUMNS),
        ({"inputs": ["a", "b"], "unknown": 1}, COLUMNS),
    ],
)
def test_predict(body, answer):
    asked = read_predict(json.dumps(body).encode())
    assert (asked.sentences, asked.answer(FOUND)) == (["a", "b"], answer)


@pytest.mark.parametrize("inputs", ["a", {"text": "a"}])
def test_a_column_of_one(inputs):
    assert read_predict(json.dumps({"inputs": inputs}).encode()).sentences == ["a"]


def test_no_sentence():
    assert read_predict(b'{"instances": []}')[0] == []
    assert read_predict(b'{"inputs": []}')[0] == []
    assert read_translate(b'{"sentences": []}')[0] == []


def test_lines_of_a_text():
    asked = read_translate(json.dumps({"text": "a\r\nb\u2028c"}).encode())
    assert asked.sentences == ["a\r", "b\u2028c"]
    assert asked.answer(FOUND) == {"translation": "A\nB"}


def test_a_list():
    asked = read_translate(json.dumps({"sentences": ["a\nb", "c"]}).encode())
    assert asked.sentences == ["a\nb", "c"]
    assert asked.answer(FOUND) == {"translations": ["A", "B"]}


@pytest.mark.parametrize(
    ("read", "body", "told"),
    [
        (read_predict, b"{}", 'must have either "instances" or "inputs"'),
        (read_predict, b'{"instances": ["a"], "inputs": ["a"]}', "must have either"),
        (read_predict, b'{"instances": ["a"], "signature_name": "decode"}', "'serving_default' al"),
        (read_predict, b'{"instances": [{"txt": "a"}]}', r"missing required field `text`"),
        (read_predict, b'{"instances": [1]}', r"Expected `str | object`, got `int`"),
        (read_predict, b'{"instances": "a"}', "The body is damaged: Expected `array"),
        (read_predict, b"", "The body is damaged"),
        (read_predict, b"[" * 100000, "The body is damaged"),
        (read_translate, b'{"text": "a", "sentences": []}', 'must have either "text" or "sent'),
        (read_translate, b'{"sentences": [null]}', "Expected `str`, got `null`"),
        (read_translate, b'{"text": "\xff"}', "The body is damaged"),
        (read_translate, b'{"text": "\\ud800"}', "The body is damaged"),
        (read_translate, b"null", "Expected `object`, got `null`"),
    ],
)
def test_what_is_refused(read, body, told):
    with pytest.raises(InputError, match=told):
        read(body)
