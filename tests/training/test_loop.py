"""The step loop: lines, summaries, checkpoints, evaluation, divergence and interruption."""

import io
import math
import os
import signal

import keras
import pytest
import tensorflow as tf

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.training.checkpoint_files import list_checkpoints, step_of
from t2t_hint_nart.training.early_stopping import EvaluationHistory, StoppingRule
from t2t_hint_nart.training.loop import LoopSettings, TrainingLoop
from t2t_hint_nart.training.objective import Objective
from tests.training.event_files import read_scalars
from tests.training.tiny_learner import TableTeacher, make_learner, shuffled_batches

pytestmark = pytest.mark.filterwarnings("ignore:Even though the `tf.config.experimental_run")


class ScriptedLearner:
    """Reports losses that are written down; every step adds 1 to its only weight.

    Args:
        script: what happens at a step that isn't in it is loss 10 − step; a number is that loss,
            a dict the scalars, an exception is raised.
    """

    def __init__(self, script=()):
        self.script = dict(script)
        self.network = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
        self.network.build((None, 1))
        self.optimizer = keras.optimizers.SGD(0.1)
        self.objective = Objective(HParams())

    def state(self):
        return {}

    @property
    def weight(self):
        return float(self.network.kernel[0, 0])

    def train_step(self, data):
        self.optimizer.iterations.assign_add(1)
        step = int(self.optimizer.iterations)
        happens = self.script.get(step, 10.0 - step)
        if isinstance(happens, BaseException):
            raise happens
        self.network.kernel.assign_add([[1.0]])
        tokens = float(tf.math.count_nonzero(data["targets"]))
        scalars = {
            "loss": 10.0 - step,
            "gradient_norm": 1.0,
            "learning_rate": 0.5 * step,
            "target_tokens": tokens,
            "targets_nonpadding_tokens": tokens,
        }
        scalars |= happens if isinstance(happens, dict) else {"loss": happens}
        return {name: tf.constant(value) for name, value in scalars.items()}


def make_loop(learner, directory, evaluate=None, **settings):
    stream = io.StringIO()
    loop = TrainingLoop(
        learner, shuffled_batches(), directory, LoopSettings(**settings), evaluate, "toy", stream
    )
    return loop, stream


def steps_in(directory):
    return [step_of(path) for path in list_checkpoints(directory)]


def test_a_run(tmp_path, eager_functions):
    learner = ScriptedLearner()
    evaluated = []

    def evaluate(step):
        evaluated.append((step, learner.weight, steps_in(tmp_path)))
        return {"loss": step / 2, "accuracy": 0.25}

    loop, stream = make_loop(
        learner, tmp_path, evaluate, train_steps=7, checkpoint_steps=3, log_steps=2
    )
    assert loop.run() == 7
    assert learner.weight == 7.0
    # Evaluated after each checkpoint, the last step's too.
    assert evaluated == [(3, 3.0, [3]), (6, 6.0, [3, 6]), (7, 7.0, [3, 6, 7])]
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("Training from step 0 to 7 in ") and "first step" in lines[0]
    starts = ["step 2/7", "step 4/7", "step 6/7", "step 7/7"]
    progress = [line for line in lines if line.startswith("step ")]
    assert all(line.startswith(s) for line, s in zip(progress, starts, strict=True))
    assert "loss 8.5000  grad 1.000  lr 1.00e+00" in progress[0]
    assert "  eval at step 3: loss 1.5000  accuracy 0.2500" in lines
    scalars = read_scalars(tmp_path)
    # Means over the interval, but the rate as it is at its end.
    assert scalars["loss"] == {2: 8.5, 4: 6.5, 6: 4.5, 7: 3.0}
    assert scalars["learning_rate"] == {2: 1.0, 4: 2.0, 6: 3.0, 7: 3.5}
    assert {"global_step/sec", "tokens/sec", "input_stats/targets_nonpadding_tokens"} < set(scalars)
    assert read_scalars(tmp_path / "eval") == {
        "loss": {3: 1.5, 6: 3.0, 7: 3.5},
        "metrics-toy/targets/accuracy": {3: 0.25, 6: 0.25, 7: 0.25},
    }


def test_resuming(tmp_path, eager_functions):
    make_loop(ScriptedLearner(), tmp_path, train_steps=2)[0].run()
    learner = ScriptedLearner()
    loop, stream = make_loop(learner, tmp_path, train_steps=5)
    assert learner.weight == 0.0
    assert loop.run() == 5
    assert stream.getvalue().startswith("Resuming at step 2 to 5 in ")
    assert learner.weight == 5.0 and steps_in(tmp_path) == [2, 5]
    for train_steps in (5, 3):
        loop, stream = make_loop(ScriptedLearner(), tmp_path, train_steps=train_steps)
        assert loop.run() == 5
        assert stream.getvalue() == f"{tmp_path}: already at step 5 of {train_steps}.\n"
    assert steps_in(tmp_path) == [2, 5]


def test_a_checkpoint_that_does_not_tell_its_position(tmp_path, eager_functions):
    """Of an earlier version, with tf.data's own state; its weights and optimizer are good."""
    learner = ScriptedLearner()
    make_loop(learner, tmp_path / "new", train_steps=2)[0].run()
    earlier = tf.train.Checkpoint(
        model={"kernel": learner.network.kernel.value},
        optimizer={f"{i:04d}": v.value for i, v in enumerate(learner.optimizer.variables)},
        dropout={},
        iterator=iter(shuffled_batches()),
    )
    manager = tf.train.CheckpointManager(
        earlier, str(tmp_path / "old"), None, checkpoint_name="model.ckpt"
    )
    manager.save(checkpoint_number=2)
    resumed = ScriptedLearner()
    loop, stream = make_loop(resumed, tmp_path / "old", train_steps=3)
    assert loop.restore() == 2 and resumed.weight == 2.0
    assert stream.getvalue() == (
        "The checkpoint of step 2 is of an earlier version and doesn't tell its position in the "
        "training data: they begin anew.\n"
    )
    assert loop.run() == 3 and int(resumed.optimizer.iterations) == 3
    assert "earlier version" not in stream.getvalue().partition("\n")[2]
    loop, stream = make_loop(ScriptedLearner(), tmp_path / "old", train_steps=3)
    assert loop.restore() == 3 and stream.getvalue() == ""


def test_old_checkpoints_go(tmp_path, eager_functions):
    loop, _ = make_loop(
        ScriptedLearner(), tmp_path, train_steps=5, checkpoint_steps=1, keep_checkpoint_max=2
    )
    loop.run()
    assert steps_in(tmp_path) == [4, 5]


@pytest.mark.parametrize("log_steps", [2, 100])
@pytest.mark.parametrize(
    "happens, message",
    [
        (math.nan, "loss is nan at step 4"),
        (math.inf, "loss is inf at step 4"),
        ({"gradient_norm": math.nan}, "gradient_norm is nan at step 4"),
        (
            {"loss": math.nan, "nll": math.inf, "target_tokens": math.nan},
            r"loss is nan at step 4 \(the term nll is inf\)",
        ),
    ],
)
def test_divergence(tmp_path, eager_functions, log_steps, happens, message):
    """Whenever it is noticed, no checkpoint is written after it."""
    learner = ScriptedLearner({4: happens})
    loop, _ = make_loop(learner, tmp_path, train_steps=9, checkpoint_steps=3, log_steps=log_steps)
    with pytest.raises(InputError, match=f"Training diverged: {message}; lower the") as raised:
        loop.run()
    assert "\n" not in str(raised.value)
    assert steps_in(tmp_path) == [3]


@pytest.mark.parametrize("checkpoint_steps, step", [(3, 6), (4, 7)])
def test_weights_that_are_not_finite_are_not_saved(
    tmp_path, eager_functions, checkpoint_steps, step
):
    """A step too long leaves finite numbers behind: they are of before the update."""

    class Exploding(ScriptedLearner):
        def train_step(self, data):
            scalars = super().train_step(data)
            if self.weight == 6.0:
                self.network.kernel.assign([[math.inf]])
            return scalars

    learner = Exploding({8: KeyboardInterrupt()})
    loop, _ = make_loop(learner, tmp_path, train_steps=9, checkpoint_steps=checkpoint_steps)
    message = f"1 of 1 weights aren't finite after step {step}, kernel among them; lower the"
    with pytest.raises(InputError, match=message):
        loop.run()
    assert steps_in(tmp_path) == [checkpoint_steps]
    learner = ScriptedLearner()
    assert make_loop(learner, tmp_path, train_steps=9)[0].run() == 9 and learner.weight == 9.0


def test_interruption(tmp_path, eager_functions):
    learner = ScriptedLearner({5: KeyboardInterrupt()})
    loop, stream = make_loop(learner, tmp_path, train_steps=9, checkpoint_steps=3, log_steps=100)
    with pytest.raises(KeyboardInterrupt):
        loop.run()
    assert steps_in(tmp_path) == [3, 4]
    last = stream.getvalue().splitlines()[-1]
    assert last == "Interrupted; step 4 is saved. Run the same command to go on."
    again = ScriptedLearner()
    assert make_loop(again, tmp_path, train_steps=9)[0].run() == 9
    assert again.weight == 9.0


class InterruptedLearner(ScriptedLearner):
    """Is sent a signal, perhaps more than once, while it makes a step."""

    def __init__(self, step, number=signal.SIGINT, times=1):
        super().__init__()
        self.signals = {float(step): [number] * times}

    def train_step(self, data):
        scalars = super().train_step(data)
        for number in self.signals.get(self.weight, ()):
            os.kill(os.getpid(), number)
        return scalars


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("times, saved", [(1, [3, 5]), (2, [3])])
def test_an_interrupt_lets_the_step_end(
    tmp_path, eager_functions, usual_signals, times, saved, number
):
    """What is saved is what its name says; a second interrupt doesn't wait, and saves nothing."""
    learner = InterruptedLearner(5, number, times)
    loop, stream = make_loop(learner, tmp_path, train_steps=9, checkpoint_steps=3)
    with pytest.raises(KeyboardInterrupt) as raised:
        loop.run()
    assert raised.value.args == (number,)
    assert steps_in(tmp_path) == saved
    assert f"Interrupted; step {saved[-1]} is saved." in stream.getvalue()
    again = ScriptedLearner()
    assert make_loop(again, tmp_path, train_steps=9)[0].run() == 9
    assert again.weight == 9.0


def test_interrupts_leave_the_checkpoints_of_a_run_without(
    tmp_path, eager_functions, usual_signals
):
    """Which are averaged: one of theirs takes no other's place, and goes with the next."""
    settings = {"train_steps": 11, "checkpoint_steps": 3, "keep_checkpoint_max": 3}
    there = {2: [2], 5: [3, 5], 6: [3, 6], 7: [3, 6, 7], 8: [3, 6, 8], 10: [3, 6, 9, 10]}
    for step, saved in there.items():
        loop, _ = make_loop(InterruptedLearner(step), tmp_path, **settings)
        with pytest.raises(KeyboardInterrupt):
            loop.run()
        assert steps_in(tmp_path) == saved
    learner = ScriptedLearner()
    assert make_loop(learner, tmp_path, **settings)[0].run() == 11
    assert learner.weight == 11.0 and steps_in(tmp_path) == [6, 9, 11]


def test_what_an_interrupt_saves_stays_where_the_clock_decides(
    tmp_path, eager_functions, usual_signals
):
    settings = {"train_steps": 4, "checkpoint_seconds": 9999.0}
    with pytest.raises(KeyboardInterrupt):
        make_loop(InterruptedLearner(3), tmp_path, **settings)[0].run()
    make_loop(ScriptedLearner(), tmp_path, **settings)[0].run()
    assert steps_in(tmp_path) == [3, 4]


def test_interruption_right_after_a_checkpoint(tmp_path, eager_functions):
    loop, stream = make_loop(
        ScriptedLearner({4: KeyboardInterrupt()}), tmp_path, train_steps=9, checkpoint_steps=3
    )
    with pytest.raises(KeyboardInterrupt):
        loop.run()
    assert steps_in(tmp_path) == [3]
    assert "Interrupted; step 3 is saved." in stream.getvalue()


def test_interruption_before_the_first_step(tmp_path, eager_functions):
    loop, stream = make_loop(ScriptedLearner({1: KeyboardInterrupt()}), tmp_path, train_steps=9)
    with pytest.raises(KeyboardInterrupt):
        loop.run()
    assert steps_in(tmp_path) == []
    assert "Interrupted; no step is saved." in stream.getvalue()


def test_interruption_after_divergence_saves_nothing(tmp_path, eager_functions):
    script = {2: math.nan, 3: KeyboardInterrupt()}
    loop, _ = make_loop(ScriptedLearner(script), tmp_path, train_steps=9)
    with pytest.raises((InputError, KeyboardInterrupt), match="loss is nan at step 2"):
        loop.run()
    assert steps_in(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interruption_of_an_evaluation(tmp_path, eager_functions, usual_signals, number):
    def evaluate(step):
        os.kill(os.getpid(), number)

    loop, _ = make_loop(ScriptedLearner(), tmp_path, evaluate, train_steps=9, checkpoint_steps=2)
    with pytest.raises(KeyboardInterrupt):
        loop.run()
    assert steps_in(tmp_path) == [2]


def test_the_evaluation_that_an_interrupt_left_out_is_made_up(tmp_path, eager_functions):
    """Once; what is evaluated is the last checkpoint."""
    interrupts = [KeyboardInterrupt()]
    learners = []

    def evaluate(step):
        if step == 4 and interrupts:
            raise interrupts.pop()
        return {"loss": 10.0 - learners[-1].weight}

    def again():
        learners.append(ScriptedLearner())
        history = EvaluationHistory(tmp_path, StoppingRule())
        settings = LoopSettings(train_steps=4, checkpoint_steps=2)
        stream = io.StringIO()
        loop = TrainingLoop(
            learners[-1],
            shuffled_batches(),
            tmp_path,
            settings,
            evaluate,
            "toy",
            stream,
            history=history,
        )
        return loop.run, history, stream

    run, history, _ = again()
    with pytest.raises(KeyboardInterrupt):
        run()
    assert history.last() == {"loss": 8.0}
    run, history, stream = again()
    run()
    assert "eval at step 4: loss 6.0000  (best loss, kept in best/)" in stream.getvalue()
    assert history.last() == {"loss": 6.0} and history.best().step == 4
    run, _, stream = again()
    run()
    assert "eval at" not in stream.getvalue()


def test_a_student_with_hints(tmp_path, eager_functions):
    """The real step: every term has its line and its tag."""
    learner = make_learner(teacher=TableTeacher())
    loop, stream = make_loop(learner, tmp_path, train_steps=1)
    assert loop.run() == 1
    scalars = read_scalars(tmp_path)
    assert set(scalars) >= {
        "loss",
        "learning_rate",
        "losses/training",
        "losses/hint_hidden",
        "losses/hint_align",
        "hint/gate_fraction",
        "hint/student_cosine",
        "hint/teacher_cosine",
        "gradient_norm",
        "global_step/sec",
        "tokens/sec",
        "input_stats/targets_nonpadding_tokens",
    }
    terms = [scalars[f"losses/{name}"][1] for name in ("training", "hint_hidden", "hint_align")]
    assert scalars["loss"][1] == pytest.approx(terms[0] + 5.0 * terms[1] + terms[2], rel=1e-5)
    line = stream.getvalue().splitlines()[1]
    assert all(f"  {name} " in line for name in ("nll", "hint_hidden", "hint_align", "gate", "lr"))


def test_the_step_is_a_graph_for_all_shapes(tmp_path):
    """Batches of other lengths don't trace it again."""
    traces = []

    class TracedLearner(ScriptedLearner):
        def train_step(self, data):
            traces.append(data["inputs"].shape)
            self.optimizer.iterations.assign_add(1)
            tokens = tf.cast(tf.math.count_nonzero(data["targets"]), tf.float32)
            names = ("loss", "gradient_norm", "learning_rate")
            scalars = {name: tf.constant(1.0) for name in names}
            return {**scalars, "target_tokens": tokens, "targets_nonpadding_tokens": tokens}

    batches = shuffled_batches().map(lambda pair: {k: v[:, :3] for k, v in pair.items()}).take(2)
    loop = TrainingLoop(
        TracedLearner(),
        shuffled_batches().take(2).concatenate(batches),
        tmp_path,
        LoopSettings(train_steps=4),
        stream=io.StringIO(),
    )
    assert loop.run() == 4
    assert len(traces) == 1 and traces[0].as_list() == [None, None]
