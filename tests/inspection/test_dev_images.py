"""Pictures of a sentence: which one, and what is on them."""

import numpy as np
import pytest

from t2t_hint_nart.inspection import dev_images, figures
from t2t_hint_nart.inspection.dev_images import fixed_sentence, make_pictures
from t2t_hint_nart.models.network import Network
from tests.models.tiny_networks import run, tiny_network

SENTENCE = ([3, 4, 5, 1], [6, 7, 1])


class Letters:
    """An encoder: one letter an id."""

    def decode_list(self, ids):
        return ["abcdefghijk"[id_] for id_ in ids]


class Stored:
    """A problem whose shard is a list of (source length, target length)."""

    def __init__(self, lengths, monkeypatch):
        pairs = [{"inputs": [2] * s, "targets": [3] * t} for s, t in lengths]
        monkeypatch.setattr(dev_images, "read_shard", lambda path: iter(pairs))

    def features(self, split):
        return "inputs", "targets"

    def shard_files(self, data_dir, split):
        return ["only"]


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [
        ([(3, 3), (10, 30), (9, 12), (10, 10)], (9, 12)),
        ([(3, 3), (5, 4)], (5, 4)),
        ([(40, 40), (20, 21)], (20, 21)),
    ],
)
def test_a_sentence_to_read(monkeypatch, lengths, expected):
    source, target = fixed_sentence(Stored(lengths, monkeypatch), "data", "dev")
    assert (len(source), len(target)) == expected


@pytest.mark.parametrize(
    ("model", "set_name"),
    [("transformer", "transformer_small"), ("transformer_nat", "transformer_nat_small")],
)
def test_what_is_drawn(monkeypatch, model, set_name):
    drawn = {}
    for name in ("attention_figure", "similarity_figure"):
        monkeypatch.setattr(figures, name, lambda panels, name=name: drawn.update({name: panels}))
    monkeypatch.setattr(figures, "pixels", lambda figure: np.zeros((2, 2, 3), np.uint8))
    network = tiny_network(model, set_name, dtype="float32")
    pictures = make_pictures(network, {"inputs": Letters(), "targets": Letters()}, SENTENCE)()
    assert set(pictures) == {"attention", "cosine_similarity"}
    output = run(network, np.array([SENTENCE[0]]), np.array([SENTENCE[1]]))
    predicted = output.logits[0].argmax(-1)
    words = ["<EOS>" if id_ == 1 else "abcdefghijk"[id_] for id_ in predicted]
    first, last = drawn["attention_figure"]
    assert (first.title, last.title) == ("Mean of layer 1", "Mean of layer 2")
    assert first.columns == ["d", "e", "f", "<EOS>"] and first.rows == words
    weights = output.attention[0]
    np.testing.assert_allclose(last.values, weights[1].mean(axis=0), rtol=1e-5)
    # What the colour bar calls a weight is one: those of a target token sum to 1.
    np.testing.assert_allclose(np.sum(last.values, axis=1), 1.0, rtol=1e-5)
    states = output.hidden[0, 1].astype(np.float64)
    unit = states / np.linalg.norm(states, axis=1, keepdims=True)
    panel = drawn["similarity_figure"][1]
    np.testing.assert_allclose(panel.values, unit @ unit.T, atol=1e-5)
    assert panel.rows == panel.columns == words


def test_a_network_without_probes_has_none():
    assert make_pictures(Network(), {}, SENTENCE)() == {}


def test_they_follow_the_network():
    network = tiny_network("transformer", "transformer_small", dtype="float32")
    pictures = make_pictures(network, {"inputs": Letters(), "targets": Letters()}, SENTENCE)
    before, again = pictures()["attention"], pictures()["attention"]
    np.testing.assert_array_equal(before, again)
    assert before.dtype == np.uint8 and before.ndim == 3 and before.shape[-1] == 3
    for variable in network.trainable_variables:
        variable.assign(variable * 2.0)
    after = pictures()["attention"]
    assert after.shape != before.shape or (after != before).any()
