"""What terms and criteria read of a batch, and what they are unless they say otherwise."""

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.losses.term import Alignment, Criterion, LossTerm, Scalar, Step, Term
from t2t_hint_nart.models.network import Output

TARGETS = tf.constant([[3, 4, 1], [2, 1, 0]])
ALIGNMENT = np.array([[4, 0, -1], [2, -1, 3]])
RUNS = np.array([[[0, 0, 0, 1, 1], [1, 0, 0, 0, 0], [0] * 5], [[0, 1, 1, 1, 0], [0] * 5, [0] * 5]])
RUNS = RUNS.astype(bool)


def step(alignment=None, shown=None):
    """An output of five positions."""
    rng = np.random.default_rng(3)
    probes = {
        "states": tf.constant(rng.normal(size=(2, 2, 5, 4))),
        "weights": tf.constant(rng.normal(size=(2, 2, 3, 5, 6))),
    }
    if alignment is not None:
        alignment = Alignment(tf.constant(alignment), tf.constant(RUNS))
    return Step(None, None, TARGETS, Output(None, None, probes), alignment=alignment, shown=shown)


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


@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16"])
def test_aligned_probes_are_exact_and_zero_where_nothing_belongs(dtype):
    found = step(ALIGNMENT)
    states = tf.cast(found.output.probes["states"], dtype)
    found = found._replace(output=found.output._replace(probes={"states": states}))
    got, whole = (tf.cast(x, "float64").numpy() for x in (found.probe("states", 2), states))
    assert found.probe("states", axis=2).dtype == dtype
    np.testing.assert_array_equal(got[0, :, 1], whole[0, :, 0])
    assert not got[0, :, 2].any() and not got[1, :, 1].any()


def test_the_gradient_of_aligned_probes_is_no_scatter():
    found = step(ALIGNMENT)

    def gradient(states):
        output = found.output._replace(probes={"states": states})
        return tf.gradients(found._replace(output=output).probe("states", axis=2), states)

    spec = tf.TensorSpec([None, 2, None, 4], tf.float32)
    graph = tf.function(gradient, [spec], autograph=False).get_concrete_function().graph
    types = {operation.type for operation in graph.get_operations()}
    slow = ("Scatter", "Gather", "Segment")
    assert "BatchMatMulV2" in types and not [t for t in types if any(word in t for word in slow)]


def test_what_was_shown_is_not_compared():
    shown = tf.constant([[True, False, False], [False, False, True]])
    assert step(None, shown).mask().numpy().tolist() == [[False, True, True], [True, True, False]]


def test_averages_are_over_all_positions_that_belong_to_a_target():
    found = step(ALIGNMENT)
    whole, got = found.output.probes["weights"].numpy(), found.averaged("weights").numpy()
    assert got.shape == (2, 2, 3, 3, 6)
    for b in range(2):
        for t in range(3):
            run = np.flatnonzero(RUNS[b, t])
            mean = whole[b][:, :, run].mean(axis=2) if len(run) else np.zeros((2, 3, 6))
            np.testing.assert_allclose(got[b][:, :, t], mean, rtol=1e-12)
    found = step()
    assert found.averaged("weights") is found.output.probes["weights"]


def test_a_term_says_what_it_is():
    assert Term().probes == Term().chosen_probes(None) == {} and Term().check(None) is None
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
