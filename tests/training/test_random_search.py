"""Trials: what is drawn, what is run again, which is best, and what TensorBoard makes of them."""

import json
import math
from pathlib import Path

import optuna
import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.errors import DivergedError, InputError
from t2t_hint_nart.ranged_hparam import RangedHParams
from t2t_hint_nart.training.random_search import (
    JOURNAL,
    STUDY,
    RandomSearch,
    RefusedSettingsError,
    Trial,
    ranked,
    table,
    write_experiment,
    write_trial,
)

GIVEN = {"random_seed": 3, "train_steps": 1, "hparams": "a=1"}


def ranges(most=1.0):
    made = RangedHParams()
    made.set_float("learning_rate", 0.1, most, scale=made.LOG_SCALE)
    made.set_int("num_heads", 1, 8)
    made.set_categorical("optimizer", ["Adam", "Adafactor"])
    return made


def searching(output_dir, count=3, metric="loss", made=None, maximize=False, **changes):
    given = {**GIVEN, **changes}
    return RandomSearch(output_dir, made or ranges(), count, metric, maximize, given)


def contents(directory):
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def refusal(output_dir, *arguments, **changes):
    """The message, without the directory; nothing may be written."""
    before = contents(output_dir)
    with pytest.raises(InputError) as refused:
        searching(output_dir, *arguments, **changes)
    assert contents(output_dir) == before
    message = str(refused.value)
    assert message.endswith(" give another --output_dir.") and "\n" not in message
    return message.removesuffix("; give another --output_dir.").replace(f"{output_dir}", "DIR")


def loss_of_one(settings, directory):
    return {"loss": 1.0, "accuracy": 0.5}


def never(settings, directory):
    raise AssertionError("nothing is trained")


def test_drawn_settings_are_repeatable_and_printable(tmp_path):
    four = searching(tmp_path, 4).settings
    assert four == searching(tmp_path, 4).settings
    assert four != searching(tmp_path, 4, random_seed=4).settings
    assert searching(tmp_path, 2).settings == four[:2]
    for settings in four:
        assert 0.1 <= settings["learning_rate"] <= 1.0
        assert json.loads(json.dumps(settings)) == settings
        assert len(str(settings["learning_rate"])) <= 7
    assert not list(tmp_path.iterdir())


def test_an_interrupted_search_goes_on(tmp_path):
    trained = []

    def train(settings, directory):
        trained.append((directory.name, settings))
        if len(trained) == 2:
            raise KeyboardInterrupt
        return {"loss": float(len(trained))}

    with pytest.raises(KeyboardInterrupt):
        searching(tmp_path).run(train)
    # The second has begun with these flags: with others it doesn't go on.
    assert refusal(tmp_path, train_steps=2) == "DIR is a search of --train_steps=1, not 2"
    trials = searching(tmp_path).run(train)
    names = [name for name, _ in trained]
    assert names == ["trial_000", "trial_001", "trial_001", "trial_002"]
    assert trained[1] == trained[2]
    assert [(t.directory.name, t.value) for t in trials] == [
        ("trial_000", 1.0), ("trial_001", 3.0), ("trial_002", 4.0),
    ]  # fmt: skip
    assert searching(tmp_path).run(never) == trials == searching(tmp_path, 3).run(never)
    # More of them: the new ones alone are trained; fewer: the first ones count.
    assert [t.value for t in searching(tmp_path, 4).run(loss_of_one)] == [1.0, 1.0, 3.0, 4.0]
    assert [t.value for t in searching(tmp_path, 2).run(never)] == [1.0, 3.0]


def test_optuna_reads_the_study(tmp_path):
    trials = searching(tmp_path, metric="accuracy", maximize=True).run(loss_of_one)
    backend = optuna.storages.journal.JournalFileBackend(str(tmp_path / JOURNAL))
    storage = optuna.storages.JournalStorage(backend)
    study = optuna.load_study(study_name=STUDY, storage=storage)
    assert study.best_value == 0.5 and study.direction.name == "MAXIMIZE"
    for trial, stored in zip(trials, study.trials, strict=True):
        assert {**stored.params, "learning_rate": 0} == {**trial.settings, "learning_rate": 0}
        rate = stored.params["learning_rate"]
        assert rate == pytest.approx(trial.settings["learning_rate"], rel=1e-3)


def test_a_trial_that_fails(tmp_path):
    def train(settings, directory):
        if directory.name == "trial_000":
            raise DivergedError("Training diverged: loss is nan")
        return {"loss": 5.0}

    best, failed = trials = searching(tmp_path, 2).run(train)
    assert failed.error == "Training diverged: loss is nan" and best.value == 5.0
    assert [line.split()[:2] for line in table(trials, "loss")] == [
        ["trial", "loss"], ["trial_001", "5.0000"], ["trial_000", "failed"],
    ]  # fmt: skip
    assert table(trials, "loss")[0].split()[2:] == ["learning_rate", "num_heads", "optimizer"]
    assert str(best.settings["learning_rate"]) in table(trials, "loss")[1]
    with pytest.raises(InputError, match="Every trial failed, the first one because: Training"):
        searching(tmp_path, 1).run(never)


def test_what_is_no_fault_of_the_settings_ends_the_search_which_goes_on_later(tmp_path):
    def train(settings, directory):
        raise InputError("No space left on device")

    for _ in range(2):
        with pytest.raises(InputError, match="^No space left on device"):
            searching(tmp_path, 2).run(train)
    assert [trial.error for trial in searching(tmp_path, 2).run(loss_of_one)] == ["", ""]


def test_settings_of_which_there_is_no_model(tmp_path):
    def train(settings, directory):
        raise RefusedSettingsError("num_heads is 3")

    with pytest.raises(InputError, match="^Every trial failed, the first one because: num_heads"):
        searching(tmp_path, 2).run(train)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"train_steps": 50}, "DIR is a search of --train_steps=1, not 50"),
        ({"hparams": "a=2"}, "DIR is a search of --hparams='a=1', not 'a=2'"),
        ({"hparams": None}, "DIR is a search of --hparams='a=1', not None"),
        ({"random_seed": 4}, "DIR is a search of --random_seed=3, not 4"),
        ({"made": ranges(most=2.0)}, "DIR is a search in other ranges"),
        (
            {"metric": "BLEU_cased"},
            "DIR/trial_000 was evaluated without BLEU_cased; it has accuracy, loss: name one of "
            "them as --autotune_objective, or give another --output_dir.",
        ),
    ],
)
def test_the_results_of_another_search_are_refused(tmp_path, changes, words):
    searching(tmp_path, 1).run(loss_of_one)
    assert refusal(tmp_path, **changes) == words


def test_another_objective_that_was_measured(tmp_path):
    searching(tmp_path, 1).run(loss_of_one)
    (trial,) = searching(tmp_path, 1, metric="accuracy", maximize=True).run(never)
    assert trial.value == 0.5


def test_a_damaged_journal(tmp_path):
    searching(tmp_path, 1).run(loss_of_one)
    (tmp_path / JOURNAL).write_text("{\n{\n")
    assert "DIR/optuna.journal is damaged: " in refusal(tmp_path)


def test_a_line_that_a_killed_search_did_not_finish(tmp_path):
    journal = tmp_path / JOURNAL
    trials = searching(tmp_path, 1).run(loss_of_one)
    whole = journal.read_bytes()
    journal.write_bytes(whole + whole.splitlines()[-1])
    # Who only looks writes nothing.
    assert refusal(tmp_path, train_steps=50) == "DIR is a search of --train_steps=1, not 50"
    assert searching(tmp_path, 1).run(never) == trials
    assert journal.read_bytes() == whole
    journal.write_bytes(whole + b'{"op')
    assert len(searching(tmp_path, 2).run(loss_of_one)) == 2
    assert len(searching(tmp_path, 2).run(never)) == 2
    assert journal.read_bytes().startswith(whole)


def test_a_search_that_was_killed_before_its_first_trial(tmp_path):
    def killed(settings, directory):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        searching(tmp_path).run(killed)
    begun, journal = (tmp_path / JOURNAL).read_bytes(), tmp_path / "cut" / JOURNAL
    journal.parent.mkdir()
    ends = [i + 1 for i, byte in enumerate(begun) if byte == ord("\n")]
    assert len(ends) == 3
    for end in [0, *ends]:
        for size in (max(end - 1, 0), end, end + 9):
            journal.write_bytes(begun[:size])
            for _ in range(2):
                with pytest.raises(KeyboardInterrupt):
                    searching(journal.parent).run(killed)
            assert journal.read_bytes().count(b"\n") == 3


def test_trials_of_nobody_knows_what(tmp_path):
    """As of versions that kept them otherwise."""
    (tmp_path / "trial_000").mkdir()
    assert refusal(tmp_path) == "DIR has trials, but no optuna.journal that says of what"


def test_a_trial_without_an_evaluation_has_failed(tmp_path):
    with pytest.raises(InputError, match="Every trial failed.*ended without an evaluation"):
        searching(tmp_path, 1).run(lambda *_: {})


@pytest.mark.parametrize(("maximize", "order"), [(True, "bcaxy"), (False, "acbxy")])
def test_the_best_comes_first(maximize, order):
    values = {"x": math.nan, "a": 1.0, "b": 2.0, "y": math.inf, "c": 1.5}
    trials = [Trial(Path(name), {}, value, "") for name, value in values.items()]
    assert "".join(trial.directory.name for trial in ranked(trials, maximize)) == order


def test_a_loss_that_is_no_number(tmp_path):
    (trial,) = searching(tmp_path, 1).run(lambda *_: {"loss": math.nan})
    assert math.isnan(trial.value) and not trial.error
    assert math.isnan(searching(tmp_path, 1).run(never)[0].value)


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
    from t2t_hint_nart.training.summaries import Summaries

    made = registry.ranged_hparams("transformer_base")
    tag = metric_tag("accuracy", "toy")
    write_experiment(tmp_path, made.ranges(), [("accuracy", tag)])
    drawn = searching(tmp_path / "none", 2, made=made).settings
    for number, settings in enumerate(drawn):
        directory = tmp_path / f"trial_{number:03d}"
        Summaries(directory).evaluation(9, "toy", {"accuracy": 0.25 * (number + 1)})
        write_trial(directory, settings, has_failed=bool(number))

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
