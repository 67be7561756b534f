"""When training ends early, what is remembered of it, and the best checkpoint."""

import json
import math

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.training.early_stopping import (
    HISTORY_FILE,
    EvaluationHistory,
    StoppingRule,
    has_plateaued,
)

STEPS = [100, 200, 300, 400, 500]


@pytest.mark.parametrize(
    ("values", "num_steps", "delta", "minimize", "expected"),
    [
        # Falls by 0.5 each time.
        ([3.0, 2.5, 2.0, 1.5, 1.0], 200, 0.1, True, False),
        # The same for accuracy, which has to rise.
        ([3.0, 2.5, 2.0, 1.5, 1.0], 200, 0.1, False, True),
        ([0.1, 0.2, 0.3, 0.5, 0.7], 200, 0.1, False, False),
        # Falls by less than delta since step 300, by just delta, by more.
        ([3.0, 2.5, 2.0, 1.95, 1.91], 200, 0.1, True, True),
        ([3.0, 2.5, 2.0, 1.95, 1.75], 200, 0.25, True, False),
        ([3.0, 2.5, 2.0, 1.5, 2.0], 200, 0.1, True, False),
        # Since step 100 it has fallen.
        ([3.0, 2.5, 2.0, 1.95, 1.91], 400, 0.1, True, False),
        # 500 steps have not passed since the first evaluation.
        ([3.0, 3.0, 3.0, 3.0, 3.0], 500, 0.1, True, False),
        ([3.0, 3.0, 3.0, 3.0, 3.0], 400, 0.1, True, True),
        # A model that diverged gets no better; one that recovers does.
        ([math.inf] * 5, 200, 0.1, True, True),
        ([math.inf] * 4 + [3.0], 200, 0.1, True, False),
        ([-math.inf] * 4 + [-3.0], 200, 0.1, False, False),
    ],
)
def test_plateau(values, num_steps, delta, minimize, expected):
    assert has_plateaued(STEPS, values, num_steps, delta, minimize) is expected


def test_between_evaluations():
    """The value to beat is from the last evaluation that is old enough, not an older one."""
    assert has_plateaued([100, 290, 500], [9.0, 2.0, 2.0], 200, 0.1, minimize=True)
    assert not has_plateaued([100, 310, 500], [9.0, 2.0, 2.0], 200, 0.1, minimize=True)


def test_one_evaluation_is_no_plateau():
    assert not has_plateaued([500], [1.0], 1, 0.1, minimize=True)


def checkpoint(directory, step):
    for end in ("index", "data-00000-of-00001"):
        (directory / f"model.ckpt-{step}.{end}").write_text(f"{end} of {step}")
    return str(directory / f"model.ckpt-{step}")


def record(history, step, **scalars):
    return history.record(step, checkpoint(history.directory, step), scalars)


def best_step(directory):
    return [int(p.stem.split("-")[1]) for p in (directory / "best").glob("model.ckpt-*.index")]


def test_the_best_is_kept(tmp_path):
    (tmp_path / "hparams.json").write_text("{}")
    history = EvaluationHistory(tmp_path, StoppingRule())
    assert record(history, 1, loss=3.0, accuracy=0.1)
    assert record(history, 2, loss=2.0, accuracy=0.1)
    assert not record(history, 3, loss=2.0, accuracy=0.9)
    assert not record(history, 4, loss=2.5, accuracy=0.9)
    assert best_step(tmp_path) == [2] and history.best()[:2] == (2, "loss")
    best = tmp_path / "best"
    assert (best / "model.ckpt-2.data-00000-of-00001").read_text() == "data-00000-of-00001 of 2"
    assert (best / "hparams.json").read_text() == "{}"
    assert (best / "checkpoint").read_text() == 'model_checkpoint_path: "model.ckpt-2"\n'
    # It stays when training throws its own away.
    for path in tmp_path.glob("model.ckpt-2.*"):
        path.unlink()
    assert (best / "model.ckpt-2.index").read_text() == "index of 2"
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {"best"}


def test_the_other_way(tmp_path):
    history = EvaluationHistory(tmp_path, StoppingRule("accuracy", minimize=False))
    assert record(history, 1, loss=1.0, accuracy=0.1)
    assert record(history, 2, loss=2.0, accuracy=0.2)
    assert not record(history, 3, loss=0.5, accuracy=0.15)
    assert best_step(tmp_path) == [2]


def test_another_process_goes_on(tmp_path):
    rule = StoppingRule(steps=200)
    first = EvaluationHistory(tmp_path, rule)
    for step in (100, 200):
        record(first, step, loss=1.0)
    assert not first.has_stopped(200)
    again = EvaluationHistory(tmp_path, rule)
    assert not record(again, 300, loss=1.5)
    assert again.has_stopped(300) and best_step(tmp_path) == [100]
    # The same command once more finds that it has stopped.
    assert EvaluationHistory(tmp_path, rule).has_stopped(300)
    assert again.last() == {"loss": 1.5}


def test_another_metric_later(tmp_path):
    """What was measured before counts; what was best by another metric does not."""
    history = EvaluationHistory(tmp_path, StoppingRule())
    for step, accuracy in ((100, 0.5), (200, 0.5)):
        record(history, step, loss=1.0 / step, accuracy=accuracy)
    again = EvaluationHistory(tmp_path, StoppingRule("accuracy", False, 100))
    assert again.has_stopped(200) and again.best() is None
    assert record(again, 300, loss=9.0, accuracy=0.1)
    assert best_step(tmp_path) == [300]


def test_a_run_that_is_set_back(tmp_path):
    """Later evaluations are of weights that are gone."""
    rule = StoppingRule(steps=100)
    history = EvaluationHistory(tmp_path, rule)
    for step in (100, 200, 300):
        record(history, step, loss=1.0)
    assert history.has_stopped(300) and not history.has_stopped(100)
    assert record(history, 50, loss=5.0)
    assert best_step(tmp_path) == [50] and not history.has_stopped(50)
    assert EvaluationHistory(tmp_path, rule).last() == {"loss": 5.0}


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_what_is_not_finite_is_remembered_and_never_the_best(tmp_path, value):
    history = EvaluationHistory(tmp_path, StoppingRule())
    assert not record(history, 1, loss=value, accuracy=value)
    assert not (tmp_path / "best").exists() and history.best() is None
    assert json.loads((tmp_path / HISTORY_FILE).read_text(), parse_constant=pytest.fail) == {
        "1": {"loss": None, "accuracy": None}
    }
    again = EvaluationHistory(tmp_path, StoppingRule())
    # As the worst.
    assert history.last() == again.last() == {"loss": math.inf, "accuracy": -math.inf}
    assert record(again, 2, loss=7.0)
    assert not record(again, 3, loss=value) and best_step(tmp_path) == [2]


def test_files_of_earlier_versions(tmp_path):
    """They have Python's Infinity and NaN, in best.json too."""
    (tmp_path / HISTORY_FILE).write_text('{"1": {"loss": Infinity, "accuracy": NaN}}')
    (tmp_path / "best").mkdir()
    checkpoint(tmp_path / "best", 1)
    (tmp_path / "best" / "best.json").write_text('{"step": 1, "metric": "loss", "value": Infinity}')
    history = EvaluationHistory(tmp_path, StoppingRule())
    assert history.last() == {"loss": math.inf, "accuracy": -math.inf}
    assert record(history, 2, loss=7.0) and best_step(tmp_path) == [2]


def test_what_was_to_be_evaluated_is_known(tmp_path):
    history = EvaluationHistory(tmp_path, StoppingRule(steps=100))
    record(history, 100, loss=1.0)
    for step in (200, 300):
        history.expect(step)
    again = EvaluationHistory(tmp_path, StoppingRule(steps=100))
    assert again.missing(300) == [200, 300] and again.missing(250) == [200]
    assert not again.has(200) and again.last() == {"loss": 1.0} and not again.has_stopped(300)
    record(again, 200, loss=0.5)
    assert EvaluationHistory(tmp_path, StoppingRule()).missing(300) == [300]
    # Of a run that was set back.
    again.expect(150)
    assert again.missing(300) == [150] and again.last() == {"loss": 1.0}


def test_never_without_steps(tmp_path):
    history = EvaluationHistory(tmp_path, StoppingRule())
    for step in range(1, 9):
        record(history, step, loss=1.0)
    assert not history.has_stopped(8)


def test_bad_input(tmp_path):
    history = EvaluationHistory(tmp_path, StoppingRule("BLEU_cased", False))
    with pytest.raises(InputError, match="gives no BLEU_cased; it gives loss, accuracy"):
        record(history, 1, loss=1.0, accuracy=0.0)
    assert not (tmp_path / HISTORY_FILE).exists() and best_step(tmp_path) == []
    for damaged in ("", "{", "[1]", '{"1": 2}', '{"x": {}}', "[" * 100_000):
        (tmp_path / HISTORY_FILE).write_text(damaged)
        with pytest.raises(InputError, match="damaged"):
            EvaluationHistory(tmp_path, StoppingRule())
    (tmp_path / HISTORY_FILE).unlink()
    (tmp_path / "best").mkdir()
    for damaged in ("", '{"step": 1}', "[" * 100_000, "\x00\xff"):
        (tmp_path / "best" / "best.json").write_text(damaged)
        with pytest.raises(InputError, match=r"best.json is damaged: .*Delete .*best to go on"):
            EvaluationHistory(tmp_path, StoppingRule())
