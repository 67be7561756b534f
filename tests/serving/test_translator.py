import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.serving.decodes import Hypothesis
from t2t_hint_nart.serving.translator import Translator


class Letters:
    """A vocabulary of letters: a is 2, b is 3, ..."""

    def encode(self, text):
        return [ord(letter) - ord("a") + 2 for letter in text]

    def decode(self, ids, strip_extraneous=False):
        return "".join(chr(i - 2 + ord("a")) for i in ids)


class Copy:
    """Decodes to the source and to the source without its first token, and notes the batches."""

    def __init__(self):
        self.batches = []

    def __call__(self, inputs):
        rows = inputs.numpy()
        self.batches.append(rows.shape)
        shorter = np.pad(rows[:, 1:], [[0, 0], [0, 1]])
        scores = -rows.sum(axis=1).astype(np.float32)
        return tf.constant(np.stack([rows, shorter], 1)), tf.stack([scores, scores - 1], 1)


def translator(**settings):
    decode = Copy()
    encoders = {"inputs": Letters(), "targets": Letters()}
    return Translator(decode, encoders, **settings), decode


def test_order_and_hypotheses():
    translate, decode = translator(batch_size=2)
    found = translate.translate(["a", "dcb", "ab"])
    assert [h[0].text for h in found] == ["a", "dcb", "ab"]
    assert found[1] == [Hypothesis("dcb", -13.0, (5, 4, 3)), Hypothesis("cb", -14.0, (4, 3))]
    assert decode.batches == [(2, 4), (1, 2)]


def test_progress():
    seen = []
    translator(batch_size=2)[0].translate(["a"] * 5, lambda *counts: seen.append(counts))
    assert seen == [(2, 5), (4, 5), (5, 5)]


@pytest.mark.parametrize(("size", "kept"), [(-1, "abc"), (0, "abc"), (1, ""), (3, "ab")])
def test_max_input_size_counts_eos(size, kept):
    translate, _ = translator(max_input_size=size)
    assert translate.encode("abc") == [*Letters().encode(kept), 1]


def test_default_batch_size():
    translate, decode = translator(batch_size=0)
    translate.translate(["a"] * 33)
    assert [shape[0] for shape in decode.batches] == [32, 1]


def test_warm_up():
    translate, decode = translator()
    translate.warm_up()
    assert decode.batches == [(1, 1)]


def test_no_lines():
    assert translator()[0].translate([]) == []
