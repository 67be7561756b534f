"""The training step: what it computes, where the teacher runs, in fit and in a graph."""

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.losses.term import Criterion, LossTerm, Scalar
from t2t_hint_nart.models.variables import named_variables
from t2t_hint_nart.training import learner as learner_module
from t2t_hint_nart.training.checkpoints import Checkpoints
from t2t_hint_nart.training.evaluation import make_evaluation
from t2t_hint_nart.training.learner import (
    Learner,
    SmallBatchMultiplier,
    compiled_step,
)
from t2t_hint_nart.training.objective import Objective
from tests.models.tiny_networks import VOCAB
from tests.oracles import smoothed_cross_entropy as oracle
from tests.training.tiny_learner import (
    NO_DROPOUT,
    TableTeacher,
    batch,
    make_learner,
    shuffled_batches,
)

SCALARS = {
    "loss",
    "nll",
    "hint_hidden",
    "hint_align",
    "gate_fraction",
    "student_cosine",
    "teacher_cosine",
    "gradient_norm",
    "learning_rate",
}


def weights(learner):
    return {name: v.numpy() for name, v in named_variables(learner.network).items()}


def dense_gradients(learner, data):
    """Gradients by variable name, as dense arrays, of the objective without dropout."""
    hints = learner.hint_giver.hints(**data) if learner.hint_giver else None
    probes = learner.objective.probes()
    with tf.GradientTape() as tape:
        output = learner.network(**data, training=True, probes=probes)
        total = learner.objective(output, data["inputs"], data["targets"], hints).total
    names = {id(v): name for name, v in named_variables(learner.network).items()}
    variables = learner.network.trainable_variables
    gradients = tape.gradient(total, [v.value for v in variables])
    return {
        names[id(variable)]: tf.convert_to_tensor(gradient).numpy()
        for variable, gradient in zip(variables, gradients, strict=True)
        if gradient is not None
    }


def global_norm(arrays):
    return np.sqrt(sum((x.astype(np.float64) ** 2).sum() for x in arrays))


def test_a_step_reports_and_updates():
    learner = make_learner(teacher=TableTeacher(), **NO_DROPOUT)
    data = batch()
    before, gradients = weights(learner), dense_gradients(learner, data)
    scalars = {name: float(value) for name, value in learner.train_step(data).items()}
    assert set(scalars) >= SCALARS
    # Terms are logged without their weights, 5 and 1 in this set.
    expected = scalars["nll"] + 5.0 * scalars["hint_hidden"] + 1.0 * scalars["hint_align"]
    assert scalars["loss"] == pytest.approx(expected, rel=1e-5)
    assert scalars["hint_hidden"] > 0.0 and scalars["hint_align"] > 0.0
    # The table's gradient comes from three uses of it: they are added up before the norm.
    assert scalars["gradient_norm"] == pytest.approx(global_norm(gradients.values()), rel=1e-5)
    # Adam's first step moves by the learning rate against the gradient's sign.
    rate = scalars["learning_rate"]
    for name, value in weights(learner).items():
        moved = np.abs(gradients[name]) > 1e-4
        np.testing.assert_allclose(
            (value - before[name])[moved], -rate * np.sign(gradients[name])[moved], 5e-2
        )
    second = learner.train_step(data)
    assert float(second["learning_rate"]) == pytest.approx(2.0 * rate, rel=1e-5)


def test_slots_hold_dense_gradients():
    """Rows of a table of its own that a batch uses several times count once, with their sum."""
    learner = make_learner(
        "transformer",
        "transformer_base_v2",
        model_args={"source_vocab_size": VOCAB + 1},
        **NO_DROPOUT,
    )
    data = batch()
    gradients = dense_gradients(learner, data)
    norm = float(learner.train_step(data)["gradient_norm"])
    slots = learner.optimizer.variables
    momenta = [v.numpy() for v in slots if "momentum" in v.path]
    velocities = [v.numpy() for v in slots if "velocity" in v.path]
    for gradient, momentum, velocity in zip(gradients.values(), momenta, velocities, strict=True):
        np.testing.assert_allclose(momentum, 0.1 * gradient, 1e-3, 1e-7)
        np.testing.assert_allclose(velocity, 0.02 * gradient**2, 1e-3, 1e-9)
    assert norm == pytest.approx(global_norm(gradients.values()), rel=1e-5)


def test_clipping_sees_dense_gradients():
    learner = make_learner(
        "transformer",
        "transformer_base_v2",
        model_args={"source_vocab_size": VOCAB + 1},
        clip_grad_norm=0.01,
        **NO_DROPOUT,
    )
    learner.train_step(batch())
    slots = [v.numpy() for v in learner.optimizer.variables if "momentum" in v.path]
    assert global_norm(slots) == pytest.approx(0.1 * 0.01, rel=1e-4)


@pytest.mark.filterwarnings("ignore:Gradients do not exist")
def test_two_vocabularies_train():
    """The student has a target table that nothing reads."""
    learner = make_learner(model_args={"source_vocab_size": VOCAB + 1}, **NO_DROPOUT)
    data = batch()
    before, gradients = weights(learner), dense_gradients(learner, data)
    learner.train_step(data)
    after = weights(learner)
    unchanged = {name for name in before if np.array_equal(before[name], after[name])}
    assert before.keys() - gradients.keys() == {"target_embedding/table"}
    assert unchanged & {"input_embedding/table", "softmax/table", "target_embedding/table"} == {
        "target_embedding/table"
    }


class RecordingTape(tf.GradientTape):
    """Remembers the last tape that was opened."""

    opened = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        RecordingTape.opened = self


class CarelessLearner(Learner):
    """A mutant that asks the teacher inside the tape."""

    def train_step(self, data):
        with RecordingTape() as tape:
            hints = self.hint_giver.hints(**data)
            output = self.network(**data, training=True, probes=self.objective.probes())
            total = self.objective(output, data["inputs"], data["targets"], hints).total
        tape.gradient(total, self.network.trainable_variables)


def check_teacher_is_outside_of_the_tape(learner, monkeypatch):
    monkeypatch.setattr(learner_module.tf, "GradientTape", RecordingTape)
    learner.train_step(batch())
    watched = {id(variable) for variable in RecordingTape.opened.watched_variables()}
    trained = {id(v.value) for v in learner.network.trainable_variables}
    assert watched == trained
    assert id(learner.hint_giver.table) not in watched


def test_teacher_is_outside_of_the_tape(monkeypatch):
    learner = make_learner(teacher=TableTeacher())
    table = learner.hint_giver.table.numpy()
    check_teacher_is_outside_of_the_tape(learner, monkeypatch)
    assert np.array_equal(learner.hint_giver.table.numpy(), table)
    careless = CarelessLearner(learner.network, learner.objective, learner.hint_giver)
    with pytest.raises(AssertionError):
        check_teacher_is_outside_of_the_tape(careless, monkeypatch)


def test_the_teacher_is_no_part_of_the_model():
    learner = make_learner(teacher=TableTeacher())
    everything = {id(v) for v in learner.variables} | {id(v.value) for v in learner.variables}
    assert id(learner.hint_giver.table) not in everything
    assert len(learner.weights) == len(learner.network.weights)


def test_step_in_fit():
    """compile and fit log what the step returns, not zeros."""
    learner = make_learner(teacher=TableTeacher())
    learner.compile(optimizer=learner.optimizer, run_eagerly=True)
    before = weights(learner)
    history = learner.fit(tf.data.Dataset.from_tensors(batch()), verbose=0).history
    assert set(history) >= SCALARS
    assert history["loss"][0] > 0.0 and history["learning_rate"][0] > 0.0
    assert int(learner.optimizer.iterations) == 1
    after = weights(learner)
    assert not np.array_equal(before["softmax/table"], after["softmax/table"])


def test_step_in_a_graph_equals_the_eager_step():
    data = batch()
    eager = make_learner(teacher=TableTeacher(), **NO_DROPOUT)
    graph = make_learner(teacher=TableTeacher(), **NO_DROPOUT)
    for name, variable in named_variables(graph.network).items():
        variable.assign(named_variables(eager.network)[name])
    step = compiled_step(graph)
    expected = {name: float(value) for name, value in eager.train_step(data).items()}
    got = {name: float(value) for name, value in step(data).items()}
    assert got == pytest.approx(expected, rel=1e-3)
    for name, value in weights(eager).items():
        np.testing.assert_allclose(weights(graph)[name], value, 1e-3, 1e-4)
    # One trace serves other shapes.
    other = step(batch(count=2, seed=3))
    assert np.isfinite(float(other["loss"])) and step.experimental_get_tracing_count() == 1


def test_evaluation_sums():
    learner = make_learner()
    data = batch()
    targets = data["targets"].numpy()
    before = weights(learner)
    sums = {name: float(value) for name, value in learner.test_step(data).items()}
    logits = learner.network(**data).logits.numpy()
    total, count = oracle.smoothed_cross_entropy(logits, targets, 0.1)
    plain, _ = oracle.smoothed_cross_entropy(logits, targets, 0.0)
    right = ((logits.argmax(-1) == targets) & (targets != 0)).sum()
    expected = {"nll_total": total, "log_prob": -plain, "correct": right, "count": count}
    assert {name: sums[name] for name in expected} == pytest.approx(expected, rel=1e-4)
    after = weights(learner)
    assert all(np.array_equal(before[name], after[name]) for name in before)
    # Dropout is on in training alone.
    assert float(learner.test_step(data)["nll_total"]) == sums["nll_total"]
    nll = float(learner.train_step(data)["nll"])
    assert nll != pytest.approx(sums["nll_total"] / sums["count"], rel=1e-3)


TEACHER = {"model_name": "transformer", "set_name": "transformer_small", **NO_DROPOUT}


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


def test_weight_decay_is_scaled_too():
    learner = make_learner(**TEACHER, small_batch_multiplier=True, weight_decay=0.5)
    learner.train_step(batch(6))
    got = {name: float(value) for name, value in learner.train_step(batch(2)).items()}
    assert got["small_batch_multiplier"] < 1.0 and got["weight_decay"] > 0.0
    unscaled = got["nll"] + got["weight_decay"]
    assert got["loss"] == pytest.approx(got["small_batch_multiplier"] * unscaled, rel=1e-5)


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


class MeanLogit(Criterion):
    """A criterion of another name, with sums of its own and no predictions."""

    scalar = Scalar("mean_logit", "losses/training", "logit")

    def __call__(self, step):
        logits = step.output.logits
        return LossTerm(tf.reduce_sum(logits), tf.cast(tf.size(logits), logits.dtype))


def test_another_criterion_is_what_is_trained_and_evaluated():
    plain = make_learner("transformer", "transformer_base_v2", **NO_DROPOUT)
    objective = Objective(plain.objective.hparams, MeanLogit())
    learner = Learner(plain.network, objective)
    learner.compile(optimizer=plain.optimizer)
    data = batch()
    mean = np.mean(learner.network(**data).logits)
    scalars = {name: float(value) for name, value in learner.train_step(data).items()}
    assert scalars["loss"] == scalars["mean_logit"] == pytest.approx(mean, rel=1e-5)
    assert "nll" not in scalars
    after = np.mean(learner.network(**data).logits)
    assert after < mean
    evaluate = make_evaluation(learner, tf.data.Dataset.from_tensors(data), sentence_metrics=True)
    assert evaluate(1) == {"loss": pytest.approx(after, rel=1e-4)}
