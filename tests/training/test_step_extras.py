"""Weight decay and the small-batch multiplier: what they add to the loss and to a checkpoint."""

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.models.variables import named_variables
from t2t_hint_nart.training.checkpoints import Checkpoints
from t2t_hint_nart.training.step_extras import SmallBatchMultiplier, is_bias, weight_decay_loss
from tests.training.tiny_learner import NO_DROPOUT, batch, make_learner, shuffled_batches

TEACHER = {"model_name": "transformer", "set_name": "transformer_small", **NO_DROPOUT}


def test_what_decays():
    """Everything but biases and the shifts of layer norms."""
    names = named_variables(make_learner(**TEACHER).network)
    biases = {name for name, v in names.items() if is_bias(name, tuple(v.shape))}
    ends = {name.rsplit("/", 1)[-1] for name in biases}
    assert ends == {"bias", "beta"}
    assert any(name.endswith("gamma") for name in set(names) - biases)
    assert not is_bias("encoder/bias", (3, 4))


def test_half_the_squares():
    learner = make_learner(**TEACHER)
    variables = named_variables(learner.network)
    squares = sum(
        float((v.numpy().astype(np.float64) ** 2).sum())
        for name, v in variables.items()
        if name.rsplit("/", 1)[-1] not in ("bias", "beta")
    )
    loss = float(weight_decay_loss(variables, 0.2))
    assert loss == pytest.approx(0.2 * 0.5 * squares, rel=1e-5)


def test_it_is_part_of_the_loss_that_is_minimised():
    data = batch()
    plain = make_learner(**TEACHER).train_step(data)
    learner = make_learner(**TEACHER, weight_decay=0.5)
    decayed = learner.train_step(data)
    assert float(decayed["loss"]) == pytest.approx(
        float(decayed["nll"]) + float(decayed["weight_decay"]), rel=1e-5
    )
    assert float(decayed["weight_decay"]) > 0.0 and "weight_decay" not in plain


def test_its_gradient():
    """A weight that no sentence touches moves by weight decay alone, towards 0."""
    learner = make_learner(**TEACHER, weight_decay=0.5)
    variables = named_variables(learner.network)
    space = next(v for name, v in variables.items() if name.endswith("target_space_embedding"))
    before = space.numpy()
    learner.train_step(batch())
    # Row 9 is of another target language.
    moved = space.numpy()[9] - before[9]
    assert (np.sign(moved) == -np.sign(before[9])).all()
    untouched = make_learner(**TEACHER)
    name = next(n for n in variables if n.endswith("target_space_embedding"))
    still = named_variables(untouched.network)[name]
    before = still.numpy()
    untouched.train_step(batch())
    np.testing.assert_array_equal(still.numpy()[9], before[9])


def test_small_batches_weigh_less():
    learner = make_learner(**TEACHER, small_batch_multiplier=True)
    large, small = batch(6), batch(2)
    tokens = [int(np.count_nonzero(data["targets"])) for data in (large, small)]
    assert tokens[0] > tokens[1]
    first, second = learner.train_step(large), learner.train_step(small)
    assert float(first["small_batch_multiplier"]) == 1.0
    ratio = tokens[1] / tokens[0]
    assert float(second["small_batch_multiplier"]) == pytest.approx(ratio)
    assert float(second["loss"]) == pytest.approx(ratio * float(second["nll"]), rel=1e-5)


def test_off_by_default():
    learner = make_learner(**TEACHER)
    assert learner.state() == {} and "small_batch_multiplier" not in learner.train_step(batch())


def test_a_checkpoint_holds_the_largest_batch(tmp_path):
    def training():
        learner = make_learner(**TEACHER, small_batch_multiplier=True)
        learner.optimizer.build(learner.network.trainable_variables)
        iterator = iter(shuffled_batches())
        return learner, Checkpoints(
            tmp_path, learner.network, learner.optimizer, iterator, state=learner.state()
        )

    learner, checkpoints = training()
    learner.train_step(batch(6))
    checkpoints.save(1)
    again, checkpoints = training()
    assert checkpoints.restore_latest() == 1
    data = batch(2)
    expected = float(learner.train_step(data)["small_batch_multiplier"])
    assert expected < 1.0
    assert float(again.train_step(data)["small_batch_multiplier"]) == expected


def test_in_a_graph():
    multiplier = SmallBatchMultiplier()
    graph = tf.function(multiplier)
    got = [float(graph(tf.constant(tokens))) for tokens in (8.0, 4.0, 16.0, 4.0)]
    assert got == [1.0, 0.5, 1.0, 0.25]
