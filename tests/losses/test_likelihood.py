"""The likelihood against its oracle, its laws, its metrics, and mutants that must be noticed."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from t2t_hint_nart import registry
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.losses import likelihood
from t2t_hint_nart.losses.likelihood import (
    Likelihood,
    smoothed_cross_entropy,
    smoothing_constant,
    token_log_probs,
)
from t2t_hint_nart.losses.term import LossTerm, Step
from t2t_hint_nart.models.network import Output
from tests.central_differences import central_differences
from tests.oracles import smoothed_cross_entropy as oracle


def random_case(seed, batch=3, length=4, vocab_size=6, scale=1.0):
    """Logits and targets with padding at the end of some rows, one row all padding if B > 2."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=scale, size=(batch, length, vocab_size))
    lengths = rng.integers(1, length + 1, size=batch)
    lengths[2:3] = 0
    targets = rng.integers(1, vocab_size, size=(batch, length))
    return logits, np.where(np.arange(length) < lengths[:, None], targets, 0).astype(np.int32)


def compare(loss, logits, targets, smoothing, dtype="float64"):
    """The loss equals the oracle: its total in nats and its count of real tokens."""
    term = loss(tf.constant(logits, dtype), targets, smoothing)
    total, count = oracle.smoothed_cross_entropy(logits, targets, smoothing)
    rtol = 1e-10 if dtype == "float64" else 2e-4
    # Logits and the constant are subtracted: near 0 the error is relative to their size.
    size = count * (np.abs(logits).max() + oracle.entropy_constant(logits.shape[-1], smoothing))
    assert abs(float(term.total) - total) <= rtol * size
    assert float(term.count) == count
    assert term.total.dtype == dtype


@given(
    seed=st.integers(0, 10**6),
    batch=st.integers(1, 4),
    length=st.integers(1, 4),
    vocab_size=st.integers(2, 7),
    scale=st.sampled_from([0.1, 1.0, 30.0]),
    smoothing=st.sampled_from([0.0, 0.1, 0.4]),
)
def test_equals_the_oracle(seed, batch, length, vocab_size, scale, smoothing):
    logits, targets = random_case(seed, batch, length, vocab_size, scale)
    compare(smoothed_cross_entropy, logits, targets, smoothing)
    compare(smoothed_cross_entropy, logits, targets, smoothing, "float32")


def without_mask(logits, targets, smoothing):
    everything = tf.constant(np.where(targets == 0, 1, targets))
    return smoothed_cross_entropy(logits, everything, smoothing)


def mean_over_padding(logits, targets, smoothing):
    term = smoothed_cross_entropy(logits, targets, smoothing)
    return LossTerm(term.total, tf.cast(tf.size(targets), term.total.dtype))


def smoothed_over_all_ids(logits, targets, smoothing):
    """ε/V for every id, as in most other toolkits."""
    vocab_size = logits.shape[-1]
    return smoothed_cross_entropy(logits, targets, smoothing * (vocab_size - 1) / vocab_size)


def without_constant(logits, targets, smoothing):
    term = smoothed_cross_entropy(logits, targets, smoothing)
    return LossTerm(
        term.total + term.count * smoothing_constant(logits.shape[-1], smoothing), term.count
    )


def without_smoothing(logits, targets, smoothing):
    del smoothing
    return smoothed_cross_entropy(logits, targets, 0.0)


@pytest.mark.parametrize(
    "mutant",
    [without_mask, mean_over_padding, smoothed_over_all_ids, without_constant, without_smoothing],
)
def test_mutants_are_noticed(mutant):
    logits, targets = random_case(1)
    compare(smoothed_cross_entropy, logits, targets, 0.1)
    with pytest.raises(AssertionError):
        compare(mutant, logits, targets, 0.1)


def test_gradient_equals_central_differences():
    logits, targets = random_case(2, batch=3, length=3, vocab_size=4)
    variable = tf.Variable(logits)
    with tf.GradientTape() as tape:
        total = smoothed_cross_entropy(variable, targets, 0.1).total
    gradient = tape.gradient(total, variable).numpy()
    expected = central_differences(
        lambda x: oracle.smoothed_cross_entropy(x, targets, 0.1)[0], logits
    )
    np.testing.assert_allclose(gradient, expected, 1e-6, 1e-8)
    assert not gradient[targets == 0].any()


@pytest.mark.parametrize("smoothing, gradient", [(0.0, ["Mul"]), (0.1, ["Mul", "Sub"])])
def test_few_operations_are_as_wide_as_the_logits(smoothing, gradient):
    targets = tf.constant(random_case(2, batch=3, length=3)[1].reshape(9))
    cross_entropy = likelihood._row_cross_entropy(targets, smoothing)
    rows = tf.TensorSpec([9, 7], tf.float64)
    graph = tf.function(lambda x: tf.gradients(cross_entropy(x), x), [rows], autograph=False)
    operations = graph.get_concrete_function().graph.get_operations()
    wide = [op.type for op in operations if op.outputs and op.outputs[0].shape.num_elements() == 63]
    # Another shape costs nothing; zeros are of a branch that nobody asks for.
    free = {"Placeholder", "Reshape", "Identity", "ZerosLike"}
    assert [name for name in wide if name not in free] == [
        "Sub",
        "Exp",
        *gradient,
        "TensorScatterAdd",
    ]


def test_padding_changes_nothing():
    logits, targets = random_case(3)
    garbage = np.full((3, 2, 6), 1e4) * np.arange(6)
    wider = np.concatenate([logits, garbage], axis=1)
    wider_targets = np.pad(targets, [[0, 0], [0, 2]])
    expected = smoothed_cross_entropy(tf.constant(logits), targets, 0.1)
    got = smoothed_cross_entropy(tf.constant(wider), wider_targets, 0.1)
    assert float(got.total) == pytest.approx(float(expected.total), rel=1e-12)
    assert float(got.count) == float(expected.count)


def test_adds_over_batches_in_any_order():
    logits, targets = random_case(4, batch=4)
    whole = smoothed_cross_entropy(tf.constant(logits[::-1]), targets[::-1], 0.1)
    parts = [
        smoothed_cross_entropy(tf.constant(logits[p]), targets[p], 0.1) for p in ([0], [1, 2, 3])
    ]
    assert float(whole.total) == pytest.approx(sum(float(p.total) for p in parts), rel=1e-12)
    assert float(whole.count) == sum(float(p.count) for p in parts)


def test_zero_when_the_prediction_is_the_smoothed_target():
    targets = np.array([[1, 2, 0]], np.int32)
    probabilities = np.full((1, 3, 4), 0.1 / 3)
    probabilities[0, [0, 1], [1, 2]] = 0.9
    term = smoothed_cross_entropy(tf.constant(np.log(probabilities)), targets, 0.1)
    assert abs(float(term.total)) < 1e-12 and float(term.count) == 2


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_extreme_logits_and_padding_alone_are_finite(dtype):
    logits = tf.Variable(np.array([[[1e4, -1e4, 0.0]], [[0.0, 0.0, 0.0]]]), dtype=dtype)
    for targets in ([[1], [2]], [[2], [0]], [[0], [0]]):
        with tf.GradientTape() as tape:
            term = smoothed_cross_entropy(logits, np.array(targets, np.int32), 0.1)
            mean = term.mean()
        assert np.isfinite(float(mean))
        assert np.isfinite(tape.gradient(mean, logits).numpy()).all()
    assert float(mean) == 0.0


@pytest.mark.parametrize(
    "vocab_size, constant", [(32768, 1.364801), (33708, 1.367629), (10000, 1.246107)]
)
def test_golden_constants(vocab_size, constant):
    assert round(smoothing_constant(vocab_size, 0.1), 6) == constant
    assert smoothing_constant(vocab_size, 0.0) == 0.0


def test_token_log_probs():
    logits, targets = random_case(5)
    got = token_log_probs(tf.constant(logits), targets).numpy()
    np.testing.assert_allclose(got, -oracle.token_losses(logits, targets, 0.0), 1e-10)
    term = smoothed_cross_entropy(tf.constant(logits), targets, 0.0)
    assert float(term.total) == pytest.approx(-got.sum(), rel=1e-12)


def step_of(logits, targets, smoothing=0.1):
    hparams = HParams(label_smoothing=smoothing)
    output = Output(tf.constant(logits), targets != 0)
    return Step(hparams, None, tf.constant(targets), output)


def test_the_criterion_is_the_smoothed_cross_entropy_of_the_set():
    logits, targets = random_case(6)
    criterion = registry.criterion("likelihood")
    assert isinstance(criterion, Likelihood) and criterion.scalar.name == "nll"
    for smoothing in (0.1, 0.0):
        step = step_of(logits, targets, smoothing)
        total, count = oracle.smoothed_cross_entropy(logits, targets, smoothing)
        term = criterion(step)
        assert (float(term.total), float(term.count)) == (pytest.approx(total), count)
        assert criterion.alignment(step) is None


def test_its_sums_and_metrics():
    """Counted by hand: five real tokens of two sentences, one of which is right throughout."""
    targets = np.array([[3, 1, 0], [2, 4, 1]], np.int32)
    said = np.array([[3, 1, 5], [2, 3, 1]])
    logits = 4.0 * np.eye(9)[said]
    # The token that is wrong is the second choice; all padding is.
    logits[1, 1, 4] = 2.0
    sums, predictions = Likelihood().sums(step_of(logits, targets))
    assert predictions.numpy().tolist() == said.tolist() and predictions.dtype == targets.dtype
    sums = {name: float(value) for name, value in sums.items()}
    total, count = oracle.smoothed_cross_entropy(logits, targets, 0.1)
    plain, _ = oracle.smoothed_cross_entropy(logits, targets, 0.0)
    assert sums == pytest.approx(
        {
            "nll_total": total,
            "log_prob": -plain,
            "correct": 4.0,
            "correct_top5": 5.0,
            "count": count,
            "correct_sequences": 1.0,
            "sequences": 2.0,
        }
    )
    assert Likelihood().metrics(lambda name, divisor: sums[name] / sums[divisor]) == pytest.approx(
        {
            "loss": total / 5,
            "accuracy": 4 / 5,
            "accuracy_top5": 1.0,
            "accuracy_per_sequence": 1 / 2,
            "neg_log_perplexity": -plain / 5,
        }
    )
