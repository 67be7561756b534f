"""Trials: what is drawn, what is run again, which is best, and what TensorBoard makes of them."""

import json
import math
from pathlib import Path

import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.ranged_hparam import RangedHParams
from t2t_hint_nart.training.random_search import (
    Search,
    Trial,
    best_trial,
    draw_trials,
    run_trials,
    stored_trials,
    table,
)

GIVEN = {"train_steps": 1, "hparams": "a=1"}


def ranges():
    made = RangedHParams()
    made.set_float("learning_rate", 0.1, 1.0, scale=made.LOG_SCALE)
    made.set_int("num_heads", 1, 8)
    made.set_categorical("optimizer", ["Adam", "Adafactor"])
    return made


def test_drawn_settings_are_repeatable_and_printable():
    four = draw_trials(ranges(), 4, seed=3)
    assert four == draw_trials(ranges(), 4, seed=3) != draw_trials(ranges(), 4, seed=4)
    assert draw_trials(ranges(), 2, seed=3) == four[:2]
    for settings in four:
        assert 0.1 <= settings["learning_rate"] <= 1.0
        assert json.loads(json.dumps(settings)) == settings
        assert len(str(settings["learning_rate"])) <= 7
    with pytest.raises(InputError, match="--autotune_max_trials must be at least 1, not 0"):
        draw_trials(ranges(), 0, seed=3)


def run(output_dir, trials, train, told=None, metric="loss", said=None, **changes):
    """Run what isn't stored; `told` and `said` take what is told."""
    search = Search(output_dir, trials, metric, {**GIVEN, **changes})
    stored = stored_trials(search, ([] if said is None else said).append)
    return run_trials(search, stored, train, ([] if told is None else told).append)


def test_an_interrupted_search_goes_on(tmp_path):
    trained, told = [], []

    def train(settings, directory):
        trained.append(directory.name)
        if len(trained) == 2:
            raise KeyboardInterrupt
        return {"loss": 1.0 + settings["n"]}

    trials = [{"n": 1}, {"n": 2}, {"n": 3}]
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, trials, train, told)
    # The second has begun with these flags: with others it doesn't go on.
    (tmp_path / "trial_000").rename(tmp_path / "first")
    with pytest.raises(InputError, match="trial_001 is of --train_steps=1, not 2"):
        run(tmp_path, trials, never, train_steps=2)
    (tmp_path / "first").rename(tmp_path / "trial_000")
    results = run(tmp_path, trials, train, told)
    assert trained == ["trial_000", "trial_001", "trial_001", "trial_002"]
    assert [trial.metrics["loss"] for trial in results] == [2.0, 3.0, 4.0]
    assert [Path(trial.directory).name for trial in told] == ["trial_000"] + [
        f"trial_00{number}" for number in (0, 1, 2)
    ]


def test_a_trial_that_fails(tmp_path):
    def train(settings, directory):
        if settings["n"] > 1:
            raise InputError("Training diverged: loss is nan")
        return {"loss": 5.0}

    results = run(tmp_path, [{"n": 2}, {"n": 1}], train)
    assert results[0].error == "Training diverged: loss is nan"
    assert best_trial(results, "loss", maximize=False) is results[1]
    lines = table(results, "loss", maximize=False)
    assert [line.split() for line in lines] == [
        ["trial", "loss", "n"],
        ["trial_001", "5.0000", "1"],
        ["trial_000", "failed", "2"],
    ]
    with pytest.raises(InputError, match="Every trial failed, the first one because: Training"):
        run(tmp_path, [{"n": 2}], train)


def loss_of_one(settings, directory):
    return {"loss": 1.0}


def never(settings, directory):
    raise AssertionError("nothing is trained")


def test_other_settings_are_refused(tmp_path):
    run(tmp_path, [{"n": 1}], loss_of_one)
    with pytest.raises(InputError, match="trial_000 is a trial of another range or seed"):
        run(tmp_path, [{"n": 2}], never)
    (tmp_path / "trial_000" / "trial.json").write_text("{")
    with pytest.raises(InputError, match="damaged"):
        run(tmp_path, [{"n": 1}], never)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"train_steps": 50}, "--train_steps=1, not 50; give another --output_dir."),
        ({"hparams": "a=2"}, "--hparams='a=1', not 'a=2'; give another --output_dir."),
        ({"hparams": None}, "--hparams='a=1', not None; give another --output_dir."),
    ],
)
def test_the_results_of_other_flags_are_refused(tmp_path, changes, words):
    trials = [{"n": 1}, {"n": 2}]
    run(tmp_path, trials[:1], loss_of_one)
    said = []
    assert run(tmp_path, trials[:1], never, said=said)[0].given == GIVEN and not said
    # Before the second trial is run.
    with pytest.raises(InputError) as refused:
        run(tmp_path, trials, never, **changes)
    assert str(refused.value) == f"{tmp_path}/trial_000 is of {words}"


def test_a_trial_that_does_not_tell_its_flags_is_taken_as_it_is(tmp_path):
    run(tmp_path, [{"n": 1}], loss_of_one)
    path = tmp_path / "trial_000" / "trial.json"
    stored = json.loads(path.read_text())
    del stored["given"]["hparams"]
    path.write_text(json.dumps(stored))
    said = []
    (trial,) = run(tmp_path, [{"n": 1}], never, said=said, hparams="a=2")
    assert trial.metrics == {"loss": 1.0}
    assert said == [
        f"1 of the finished trials in {tmp_path} are of a version that didn't store what they are "
        "the results of (--hparams): they are taken as they are."
    ]
    with pytest.raises(InputError, match="--train_steps=1, not 2"):
        run(tmp_path, [{"n": 1}], never, train_steps=2)


def test_a_trial_without_the_objective(tmp_path):
    run(tmp_path, [{"n": 1}], lambda *_: {"loss": 1.0, "accuracy": 0.5})
    words = "trial_000 was evaluated without BLEU_cased; it has accuracy, loss: name one of them"
    with pytest.raises(InputError, match=words):
        run(tmp_path, [{"n": 1}, {"n": 2}], never, metric="BLEU_cased")


def test_a_trial_without_an_evaluation_is_not_finished(tmp_path):
    """Neither one that was stored so before, nor one that ends so now."""
    path = tmp_path / "trial_000" / "trial.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"directory": "", "settings": {"n": 1}, "metrics": {}, "error": ""}))
    (trial,) = run(tmp_path, [{"n": 1}], loss_of_one)
    assert trial.metrics == {"loss": 1.0}
    path.unlink()
    with pytest.raises(InputError, match="Every trial failed.*ended without an evaluation"):
        run(tmp_path, [{"n": 1}], lambda *_: {})


def test_no_trial_is_the_best():
    trials = [Trial("a", {}, {"m": math.nan}), Trial("b", {}, {}, "diverged")]
    with pytest.raises(InputError, match="none has a finite m"):
        best_trial(trials, "m", maximize=True)


@pytest.mark.parametrize(("maximize", "best"), [(True, "b"), (False, "a")])
def test_the_best(maximize, best):
    values = {"nan": math.nan, "a": 1.0, "b": 2.0, "c": 1.5}
    trials = [Trial(name, {}, {"m": value}) for name, value in values.items()]
    assert best_trial(trials, "m", maximize).directory == best
    assert table(trials, "m", maximize)[1].startswith(best)
    assert table(trials, "m", maximize)[-1].startswith("nan")


def test_tensorboard_s_plugin_reads_the_trials(tmp_path):
    """As its HParams tab asks for them: settings, status and the metric of each trial."""
    from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
    from tensorboard.context import RequestContext
    from tensorboard.plugins import base_plugin
    from tensorboard.plugins.hparams import (
        api_pb2,
        backend_context,
        get_experiment,
        list_session_groups,
    )

    from t2t_hint_nart.training.metric_names import metric_tag
    from t2t_hint_nart.training.search_summaries import write_experiment, write_trial
    from t2t_hint_nart.training.summaries import Summaries

    made = registry.ranged_hparams("transformer_base")
    tag = metric_tag("accuracy", "toy")
    write_experiment(tmp_path, made.ranges(), [("accuracy", tag)])
    drawn = draw_trials(made, 2, seed=1)
    for number, settings in enumerate(drawn):
        directory = tmp_path / f"trial_{number:03d}"
        Summaries(directory).evaluation(9, "toy", {"accuracy": 0.25 * (number + 1)})
        error = "diverged" if number else ""
        write_trial(Trial(str(directory), settings, {}, error))

    multiplexer = plugin_event_multiplexer.EventMultiplexer()
    multiplexer.AddRunsFromDirectory(str(tmp_path))
    multiplexer.Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, str(tmp_path))
    context = backend_context.Context(base_plugin.TBContext(data_provider=provider))
    request = RequestContext()
    experiment = get_experiment.Handler(request, context, "", api_pb2.GetExperimentRequest()).run()
    assert {info.name for info in experiment.hparam_infos} == set(drawn[0])
    assert [info.name.tag for info in experiment.metric_infos] == [tag]
    groups = list_session_groups.Handler(
        request,
        context,
        "",
        api_pb2.ListSessionGroupsRequest(
            start_index=0,
            slice_size=10,
            allowed_statuses=[api_pb2.STATUS_SUCCESS, api_pb2.STATUS_FAILURE],
        ),
    ).run()
    assert groups.total_size == 2
    found = sorted(groups.session_groups, key=lambda group: group.metric_values[0].value)
    for number, group in enumerate(found):
        assert group.metric_values[0].value == pytest.approx(0.25 * (number + 1))
        rate = group.hparams["learning_rate"].number_value
        assert rate == pytest.approx(drawn[number]["learning_rate"])
        failed = group.sessions[0].status == api_pb2.STATUS_FAILURE
        assert failed == bool(number)
