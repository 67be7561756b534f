"""Recurrent cells: equal to NumPy loops, in value and gradient."""

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.layers.recurrent_cell import (
    GRUCell,
    LSTMCell,
    kernel_initializer,
    recurrent_cell,
)
from tests.central_differences import central_differences
from tests.dtype_policy import dtype_policy
from tests.oracles.recurrent import gru_step, lstm_step

ORACLES = {LSTMCell: lstm_step, GRUCell: gru_step}
INPUT, HIDDEN = 3, 2


def hparams(**changes):
    return registry.hparams("lstm_seq2seq").override_from_dict(changes)


def case(kind):
    """A cell with random weights, inputs float64[2, 3] and states of two sentences."""
    rng = np.random.default_rng(0)
    with dtype_policy("float64"):
        cell = kind(hparams(), INPUT, HIDDEN)
    for weight in cell.weights:
        weight.assign(rng.normal(size=weight.shape))
    return cell, rng.normal(size=(2, INPUT)), rng.normal(size=(2, cell.state_size))


def expected(kind, cell, x, state, **changes):
    weights = {
        name: getattr(cell, name).numpy() for name in ("kernel", "recurrent_kernel", "bias")
    } | changes
    return np.stack([ORACLES[kind](*row, **weights) for row in zip(x, state, strict=True)])


@pytest.mark.parametrize("kind", ORACLES)
def test_a_step_equals_the_oracle(kind):
    cell, x, state = case(kind)
    got = cell(tf.constant(x), tf.constant(state)).numpy()
    np.testing.assert_allclose(got, expected(kind, cell, x, state), rtol=1e-12)
    np.testing.assert_array_equal(cell.output(got), got[:, -HIDDEN:])


@pytest.mark.parametrize("kind", ORACLES)
def test_gradients_equal_central_differences(kind):
    cell, x, state = case(kind)
    factor = np.random.default_rng(1).normal(size=state.shape)
    x, state = tf.constant(x), tf.constant(state)
    with tf.GradientTape() as tape:
        tape.watch([x, state])
        loss = tf.reduce_sum(cell(x, state) * factor)
    gradients = tape.gradient(loss, [x, state, *(w.value for w in cell.weights)])
    x, state = x.numpy(), state.numpy()

    def loss_of(**changes):
        return np.sum(factor * expected(kind, cell, **{"x": x, "state": state, **changes}))

    values = {"x": x, "state": state} | {w.name: w.numpy() for w in cell.weights}
    for (name, value), gradient in zip(values.items(), gradients, strict=True):
        by_difference = central_differences(lambda v, name=name: loss_of(**{name: v}), value)
        np.testing.assert_allclose(gradient, by_difference, rtol=1e-6, atol=1e-8, err_msg=name)


def test_two_states_side_by_side_are_one_of_a_wider_cell():
    with dtype_policy("float64"):
        lstm, gru = LSTMCell(hparams(), 1, 2), GRUCell(hparams(), 1, 2)
    pair = np.array([[1.0, 2, 3, 4]]), np.array([[5.0, 6, 7, 8]])
    assert np.array(lstm.side_by_side(*pair)).tolist() == [[1, 2, 5, 6, 3, 4, 7, 8]]
    assert np.array(gru.side_by_side(pair[0][:, :2], pair[1][:, :2])).tolist() == [[1, 2, 5, 6]]


def test_kernels_begin_as_tensor2tensors_one_kernel():
    cell = LSTMCell(hparams(initializer_gain=2.0), 30, 50)
    limit = np.sqrt(6 * 2.0 / (30 + 50 + 200))
    for kernel in (cell.kernel.numpy(), cell.recurrent_kernel.numpy()):
        assert 0.98 * limit < np.abs(kernel).max() <= limit
    assert not cell.bias.numpy().any()
    uniform = LSTMCell(hparams(initializer="uniform", initializer_gain=0.4), 30, 50).kernel.numpy()
    assert 0.039 < np.abs(uniform).max() <= 0.04
    # What tensor2tensor's recurrent models refuse.
    square = kernel_initializer(hparams(initializer="orthogonal"))((5, 5)).numpy()
    np.testing.assert_allclose(square @ square.T, np.eye(5), atol=1e-6)


def test_what_there_is_not_is_refused():
    with pytest.raises(InputError, match="Unknown cell 'gruu'.*Did you mean 'gru'"):
        recurrent_cell(hparams(cell="gruu"), 1, 1)
    with pytest.raises(InputError, match="Unknown initializer 'zeros'"):
        kernel_initializer(hparams(initializer="zeros"))
