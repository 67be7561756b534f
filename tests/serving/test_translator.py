import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.serving.decodes import Hypothesis
from t2t_hint_nart.serving.translator import Translator, teacher_decode


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


class Hasty:
    """A teacher that would end every sentence at once: p(EOS) = 0.9 after any prefix."""

    vocab_size = 4
    probabilities = np.array([[1e-9, 0.9, 0.06, 0.04]], np.float32)

    def encode(self, inputs, training):
        return tf.cast(inputs, tf.float32)[:, :, None], inputs != 0

    def memory(self, encoded):
        return encoded

    def empty_cache(self, batch, length, dtype):
        return tf.zeros([batch, 1, length, 1], dtype)

    def step(self, last_ids, step, cache, memory, source_mask):
        return tf.repeat(tf.math.log(self.probabilities), tf.shape(last_ids)[0], axis=0), cache


def searched(overrides, inputs=((5, 1),)):
    settings = decode_hparams(f"alpha=0.0,{overrides}")
    ids, scores = teacher_decode(Hasty(), settings)(tf.constant(inputs))
    return ids.numpy(), scores.numpy()


@pytest.mark.parametrize("stopping", ["1.2.9", "best_finished"])
def test_all_beams_are_found_where_all_are_asked_for(stopping):
    given = f"beam_size=4,extra_length=3,stopping={stopping}"
    ids, scores = searched(f"{given},return_beams=True")
    expected = [0.9, 0.06 * 0.9, 0.04 * 0.9, 0.06 * 0.06 * 0.9]
    np.testing.assert_allclose(scores, np.log([expected]), rtol=1e-5)
    assert ids[0, :, :3].tolist() == [[1, 0, 0], [2, 1, 0], [3, 1, 0], [2, 2, 1]]
    # The search for one translation ends as it did, and finds the same one.
    one, score = searched(given)
    assert one[0, 0, 0] == 1 and score[0, 0] == scores[0, 0]
    assert score[0, 1] == np.float32(-1e7)


def test_a_beam_that_the_limit_leaves_empty():
    """One token at most: there is no second sentence."""
    ids, scores = searched("beam_size=2,extra_length=0,return_beams=True", inputs=((1,),))
    assert ids.tolist() == [[[1], [0]]]
    np.testing.assert_allclose(scores, [[np.log(0.9), -1e7]], rtol=1e-5)
