"""Which interpreter is called with which shapes, and when one more is made."""

import numpy as np
import pytest

from t2t_hint_nart.exports import interpreters as module
from t2t_hint_nart.exports.interpreters import MOST_BYTES, WORTH, Interpreters


class Made:
    """Makes interpreters that note what they are called with."""

    def __init__(self):
        self.calls = []

    def __call__(self):
        own = []
        self.calls.append(own)

        def runner(name):
            def call(**tensors):
                own.append((name, *(values.shape for values in tensors.values())))
                return {"outputs": name}

            return call

        return {name: runner(name) for name in ("decode", "candidates")}


def sentence(length):
    return {"inputs": np.zeros((1, length), np.int32)}


def test_shapes_that_come_and_go_get_an_interpreter():
    made = Made()
    interpreters = Interpreters(made, 2**20)
    assert interpreters.signatures == ["candidates", "decode"]
    for length in (5, 6) * WORTH:
        assert interpreters("decode", sentence(length)) == {"outputs": "decode"}
    assert len(made.calls) == 1
    for length in (5, 6, 5, 6):
        interpreters("decode", sentence(length))
    # The first one is planned for 6, and nothing comes between now.
    assert made.calls[1:] == [[("decode", (1, 5))] * 2]


def test_a_sentence_as_long_as_the_one_before_costs_no_plan():
    made = Made()
    interpreters = Interpreters(made, 2**20)
    for _ in range(3 * WORTH):
        interpreters("decode", sentence(5))
        # Of another signature, which has a plan of its own.
        interpreters("candidates", sentence(6))
    assert len(made.calls) == 1


@pytest.mark.parametrize(("size", "most"), [(MOST_BYTES // 2, 2), (MOST_BYTES + 1, 0), (0, 5)])
def test_no_more_than_there_is_room_for(monkeypatch, size, most):
    monkeypatch.setattr(module, "WORTH", 0)
    made = Made()
    interpreters = Interpreters(made, size)
    for length in (1, 2, 3, 4, 5):
        interpreters("decode", sentence(length))
    assert len(made.calls) == 1 + most
