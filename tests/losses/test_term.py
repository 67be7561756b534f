"""What terms and criteria read of a batch, and what they are unless they say otherwise."""

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.losses.term import Criterion, LossTerm, Scalar, Step, Term
from t2t_hint_nart.models.network import Output

TARGETS = tf.constant([[3, 4, 1], [2, 1, 0]])
ALIGNMENT = np.array([[4, 0, -1], [2, -1, 3]])


def step(alignment=None):
    """An output of five positions."""
    rng = np.random.default_rng(3)
    probes = {
        "states": tf.constant(rng.normal(size=(2, 2, 5, 4))),
        "weights": tf.constant(rng.normal(size=(2, 2, 3, 5, 6))),
    }
    alignment = None if alignment is None else tf.constant(alignment)
    return Step(None, None, TARGETS, Output(None, None, probes), alignment=alignment)


def test_without_alignment_everything_is_as_it_is():
    found = step()
    assert found.mask().numpy().tolist() == [[True, True, True], [True, True, False]]
    assert found.probe("states", axis=2) is found.output.probes["states"]


def test_aligned_probes_are_those_of_the_positions_that_belong_to_the_targets():
    found = step(ALIGNMENT)
    # PAD has no counterpart, whatever the alignment says.
    assert found.mask().numpy().tolist() == [[True, True, False], [True, False, False]]
    for name, axis in (("states", 2), ("weights", 3)):
        whole, got = found.output.probes[name].numpy(), found.probe(name, axis).numpy()
        assert got.shape[axis] == TARGETS.shape[1]
        for b, t in zip(*np.nonzero(ALIGNMENT >= 0), strict=True):
            np.testing.assert_array_equal(
                np.take(got[b], t, axis - 1), np.take(whole[b], ALIGNMENT[b, t], axis - 1)
            )


def test_a_term_says_what_it_is():
    assert Term().probes == {} and Term().check(None) is None
    with pytest.raises(NotImplementedError):
        Term()(step())


class Blanks(Criterion):
    scalar = Scalar("blanks", "losses/training")

    def __call__(self, step):
        return LossTerm(tf.constant(6.0), tf.constant(4.0))


def test_a_criterion_is_evaluated_by_its_mean_unless_it_says_otherwise():
    sums, predictions = Blanks().sums(step())
    assert predictions is None
    assert {name: float(value) for name, value in sums.items()} == {"total": 6.0, "count": 4.0}
    assert Blanks().metrics(lambda name, count: sums[name] / sums[count]) == {"loss": 1.5}
    assert Blanks().alignment(step()) is None
    with pytest.raises(NotImplementedError):
        Criterion()(step())
