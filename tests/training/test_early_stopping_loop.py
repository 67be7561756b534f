"""The loop stops when evaluations say so, saves by the clock, and evaluates not too often."""

import contextlib
import io
import itertools
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from t2t_hint_nart.training.checkpoint_files import find_checkpoint, list_checkpoints
from t2t_hint_nart.training.checkpoints import read_model_values
from t2t_hint_nart.training.early_stopping import EvaluationHistory, StoppingRule
from t2t_hint_nart.training.loop import LoopSettings, TrainingLoop
from tests.training.event_files import read_scalars
from tests.training.test_loop import ScriptedLearner, steps_in
from tests.training.tiny_learner import shuffled_batches

pytestmark = pytest.mark.usefixtures("eager_functions")


def run(directory, losses, rule=None, clock=None, learner=None, pictures=None, **settings):
    """Train; `losses` are those of the evaluations by step."""
    stream, evaluated = io.StringIO(), []

    def evaluate(step):
        evaluated.append(step)
        return {"loss": losses.get(step, 1.0)}

    loop = TrainingLoop(
        learner or ScriptedLearner(),
        shuffled_batches(),
        directory,
        LoopSettings(**{"train_steps": 9, "checkpoint_steps": 1, **settings}),
        evaluate,
        "toy",
        stream,
        pictures,
        EvaluationHistory(directory, rule) if rule else None,
        **({"clock": clock} if clock else {}),
    )
    return loop.run(), evaluated, stream.getvalue()


def test_it_stops(tmp_path):
    losses = {1: 5.0, 2: 4.0, 3: 3.95, 4: 3.99, 5: 1.0}
    step, evaluated, told = run(tmp_path, losses, StoppingRule(steps=2))
    assert step == 4 and evaluated == [1, 2, 3, 4] and steps_in(tmp_path) == [1, 2, 3, 4]
    assert steps_in(tmp_path / "best") == [3]
    line = "Stopped at step 4: loss hasn't improved by 0.1 in 2 steps; the best is in "
    assert f"{line}{tmp_path / 'best'}." in told
    # Once more: no step is done.
    step, evaluated, told = run(tmp_path, losses, StoppingRule(steps=2))
    assert step == 4 and evaluated == [] and "Stopped at step 4" in told
    # With more patience it goes on where it was.
    step, evaluated, told = run(tmp_path, losses, StoppingRule(steps=8))
    assert step == 9 and evaluated == [5, 6, 7, 8, 9] and steps_in(tmp_path / "best") == [5]


def test_without_a_rule_nothing_is_kept(tmp_path):
    step, evaluated, _ = run(tmp_path, {}, train_steps=3)
    assert step == 3 and evaluated == [1, 2, 3]
    assert not (tmp_path / "best").exists() and not (tmp_path / "evaluations.json").exists()


class Killed(BaseException):
    """The process is gone: nothing changes in its directory any more."""


def kill_at(patch, change):
    """Let the process die as it wants to make its `change`th change to a directory."""
    changes = []

    def dying(function):
        def call(*args, **kwargs):
            changes.append(function)
            if len(changes) > change:
                raise Killed
            return function(*args, **kwargs)

        return call

    for owner, name in ((Path, "replace"), (Path, "unlink"), (os, "link"), (shutil, "rmtree")):
        patch.setattr(owner, name, dying(getattr(owner, name)))


def outcome(directory):
    """What evaluations leave, and the files that there are but for those of a killed writer."""
    best = directory / "best"
    files = [str(file.relative_to(directory)) for file in directory.rglob("*.*") if file.is_file()]
    return (
        json.loads((directory / "evaluations.json").read_text()),
        json.loads((best / "best.json").read_text()),
        [float(read_model_values(path)["kernel"].sum()) for path in list_checkpoints(best)],
        sorted(name for name in files if "events." not in name and ".incomplete" not in name),
    )


def test_a_kill_at_any_point_loses_no_evaluation(tmp_path):
    """Nor ever the best checkpoint; some die once more as they go on."""
    losses = {1: 3.0, 2: 2.0}
    settings = {"rule": StoppingRule(), "train_steps": 2}
    run(tmp_path / "straight", losses, **settings)
    expected = outcome(tmp_path / "straight")
    assert expected[0].keys() == {"1", "2"} and expected[2] == [2.0]
    for change in itertools.count():
        directory = tmp_path / str(change)
        deaths = 0
        for after in (change, change % 7)[: 1 + (change % 4 == 0)]:
            with pytest.MonkeyPatch.context() as patch, contextlib.suppress(Killed):
                kill_at(patch, after)
                deaths += 1
                run(directory, losses, **settings)
                deaths -= 1
            if (directory / "best" / "best.json").exists():
                read_model_values(find_checkpoint(directory / "best"))
        run(directory, losses, **settings)
        assert outcome(directory) == expected, change
        if not deaths:
            break
    assert change > 20


class Clock:
    """A step of training takes ten seconds."""

    def __init__(self, learner):
        self.learner = learner

    def __call__(self):
        return 10.0 * int(self.learner.optimizer.iterations)


def test_checkpoints_by_the_clock(tmp_path):
    learner = ScriptedLearner()
    run(tmp_path, {}, clock=Clock(learner), learner=learner, checkpoint_seconds=30)
    assert steps_in(tmp_path) == [3, 6, 9]


def test_an_evaluation_takes_no_time_from_the_next_interval(tmp_path):
    """Slow evaluations, as slow as the interval: a checkpoint every 3 steps nevertheless."""
    learner, waited = ScriptedLearner(), [0.0]
    trained = Clock(learner)

    def evaluate(step):
        waited[0] += 30.0
        return {"loss": 1.0}

    loop = TrainingLoop(
        learner,
        shuffled_batches(),
        tmp_path,
        LoopSettings(train_steps=9, checkpoint_seconds=30),
        evaluate,
        stream=io.StringIO(),
        clock=lambda: trained() + waited[0],
    )
    loop.run()
    assert steps_in(tmp_path) == [3, 6, 9]


def test_throttled_evaluations(tmp_path):
    learner = ScriptedLearner()
    _, evaluated, _ = run(
        tmp_path, {}, clock=Clock(learner), learner=learner, eval_throttle_seconds=30
    )
    assert evaluated == [1, 4, 7, 9] and steps_in(tmp_path) == list(range(1, 10))


def test_pictures_go_to_the_evaluation(tmp_path):
    pictures = {"attention": np.full((4, 6, 3), 200, np.uint8)}
    run(tmp_path, {}, train_steps=1, pictures=lambda: pictures)
    tags = read_tags(tmp_path / "eval")
    assert tags == {"loss", "attention"}
    assert "attention" not in read_scalars(tmp_path)


def read_tags(directory):
    import tensorflow as tf

    return {
        value.tag
        for path in directory.glob("events.out.tfevents.*")
        for event in tf.compat.v1.train.summary_iterator(str(path))
        for value in event.summary.value
    }
