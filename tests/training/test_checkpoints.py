"""Checkpoints: T2T's names, all of the model, exact resumption, and one-line errors."""

import contextlib
import resource
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.interchange.t2t_checkpoint import open_t2t_checkpoint
from t2t_hint_nart.models.variables import named_variables
from t2t_hint_nart.training.averaging import average_last, write_model_values
from t2t_hint_nart.training.checkpoint_files import (
    every_checkpoint,
    find_checkpoint,
    list_checkpoints,
    new_checkpoints,
    step_of,
)
from t2t_hint_nart.training.checkpoints import Checkpoints, restore_model
from tests.training.tiny_learner import TableTeacher, batch, make_learner, shuffled_batches

VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"


class Training:
    """All that a run consists of."""

    def __init__(self, directory, **options):
        self.learner = make_learner(**options)
        self.learner.optimizer.build(self.learner.network.trainable_variables)
        self.iterator = iter(shuffled_batches())
        self.checkpoints = self.checkpoints_in(directory)

    def checkpoints_in(self, directory, **settings):
        learner = self.learner
        return Checkpoints(directory, learner.network, learner.optimizer, self.iterator, **settings)

    def steps(self, count):
        for _ in range(count):
            self.learner.train_step(next(self.iterator))

    def weights(self):
        return {name: v.numpy() for name, v in named_variables(self.learner.network).items()}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of one step with a checkpoint, model.ckpt-1234."""
    directory = tmp_path_factory.mktemp("trained")
    training = Training(directory, teacher=TableTeacher())
    training.steps(1)
    assert training.checkpoints.save(1234) == str(directory / "model.ckpt-1234")
    return directory, training


def assert_one_line(raised, *parts):
    message = str(raised.value)
    assert "\n" not in message and all(part in message for part in parts), message


def test_files_have_t2t_s_names(trained):
    directory, _ = trained
    assert {path.name for path in directory.iterdir()} == {
        "checkpoint",
        "model.ckpt-1234.index",
        "model.ckpt-1234.json",
        "model.ckpt-1234.data-00000-of-00001",
    }
    state = (directory / "checkpoint").read_text()
    assert 'model_checkpoint_path: "model.ckpt-1234"' in state


def test_everything_is_saved_and_nothing_of_the_teacher(trained):
    directory, training = trained
    saved = {
        name.removesuffix(VALUE).replace(".S", "/"): shape
        for name, shape in tf.train.list_variables(str(directory / "model.ckpt-1234"))
    }
    network, optimizer = training.learner.network, training.learner.optimizer
    model = {f"model/{name}": list(v.shape) for name, v in named_variables(network).items()}
    assert {name: shape for name, shape in saved.items() if name.startswith("model/")} == model
    assert len(model) == len(network.weights)
    kinds = [name.split("/")[0] for name in saved]
    assert kinds.count("optimizer") == len(optimizer.variables)
    # Each dropout layer's generator.
    assert kinds.count("dropout") == len(network.variables) - len(network.weights) > 0
    assert set(kinds) == {
        "model",
        "optimizer",
        "dropout",
        "position",
        "save_counter",
        "_CHECKPOINTABLE_OBJECT_GRAPH",
    }
    # The teacher's table has the shape of no other variable of the optimizer or generators.
    expected = len(model) + len(optimizer.variables) + kinds.count("dropout")
    assert len([name for name in saved if "/" in name and "position/" not in name]) == expected


def test_a_restored_model_is_the_same(trained):
    directory, training = trained
    other = make_learner().network
    data = batch()
    before = other(**data).logits.numpy()
    path = find_checkpoint(directory)
    assert restore_model(other, path) == 1234
    got, expected = (
        network(**data, probes=("hidden",)) for network in (other, training.learner.network)
    )
    assert np.array_equal(got.logits, expected.logits)
    assert np.array_equal(got.probes["hidden"], expected.probes["hidden"])
    assert not np.allclose(before, got.logits)


def test_the_newest_is_found_without_the_file_that_names_it(trained, tmp_path):
    """Copied without `checkpoint`, or with the one it names deleted: never from the beginning."""
    directory, training = trained
    for step in (3, 20):
        for file in directory.glob("model.ckpt-1234.*"):
            shutil.copy2(file, tmp_path / file.name.replace("1234", str(step)))
    resumed = Training(tmp_path, teacher=TableTeacher())
    assert resumed.checkpoints.restore_latest() == 20
    for name, value in training.weights().items():
        assert np.array_equal(resumed.weights()[name], value)
    assert Path(resumed.checkpoints.path(20)) == tmp_path / "model.ckpt-20"
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "model.ckpt-1234"\n')
    assert Training(tmp_path, teacher=TableTeacher()).checkpoints.restore_latest() == 20
    # A run that was set back stays there.
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "model.ckpt-3"\n')
    assert Training(tmp_path, teacher=TableTeacher()).checkpoints.restore_latest() == 3


def test_a_checkpoint_that_cannot_be_written(tmp_path):
    """Where its directory should be there is a file, say; a full disk is told alike."""
    directory = tmp_path / "run"
    training = Training(directory, teacher=TableTeacher())
    shutil.rmtree(directory, ignore_errors=True)
    directory.write_text("")
    with pytest.raises(InputError) as raised:
        training.checkpoints.save(3)
    assert_one_line(raised, f"Checkpoint {directory}/model.ckpt-3 can't be written: ")
    with pytest.raises(InputError) as raised:
        write_model_values({"w": np.zeros(2, np.float32)}, directory, 0, "averaged.ckpt")
    assert_one_line(raised, f"Checkpoint {directory}/averaged.ckpt-0 can't be written: ")


@contextlib.contextmanager
def full_disk():
    """No file gets longer than a kilobyte."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_is_written_in_vain_is_removed(trained, tmp_path):
    """The first checkpoint or a later one; the run goes on from the last that was written."""
    _, training = trained
    run = training.checkpoints_in(tmp_path)
    for step in (1, 2):
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        with full_disk(), pytest.raises(InputError) as raised:
            run.save(step)
        assert_one_line(raised, f"Checkpoint {tmp_path}/model.ckpt-{step} can't be written: ")
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
        assert run.restore_latest() == step - 1
        run.save(step)


def test_what_a_killed_run_was_writing_is_written_over(trained, tmp_path):
    _, training = trained
    (tmp_path / "model.ckpt.incomplete_temp").mkdir()
    for end in ("index", "data-00000-of-00001", "data-00001-of-00002"):
        (tmp_path / f"model.ckpt.incomplete.{end}").write_text("half")
    run = training.checkpoints_in(tmp_path)
    assert run.restore_latest() == 0
    run.save(7)
    assert {path.name for path in tmp_path.iterdir()} == {
        "checkpoint",
        "model.ckpt-7.index",
        "model.ckpt-7.json",
        "model.ckpt-7.data-00000-of-00001",
    }
    assert run.restore_latest() == 7


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\xff\xfe" * 99, b'model_checkpoint_path: "', b"all_model_checkpoint_timestamps: x"],
)
def test_a_file_checkpoint_that_says_nothing(trained, tmp_path, content):
    """Is as none; T2T's checkpoints are found as ours."""
    directory, training = trained
    copy = copy_of(directory, tmp_path)
    (copy / "checkpoint").write_bytes(content)
    run = training.checkpoints_in(copy)
    assert run.restore_latest() == 1234
    with pytest.raises(InputError, match="is one of this library"):
        open_t2t_checkpoint(copy)
    run.save(1235)
    assert run.restore_latest() == 1235


def test_training_resumes_exactly(tmp_path):
    """6 steps are 3 steps, a save, new objects, a restore and 3 steps: to the last bit."""
    options = {"model_name": "transformer", "set_name": "transformer_base_v2"}
    straight = Training(tmp_path / "never saved", **options)
    assert straight.learner.objective.hparams.layer_prepostprocess_dropout > 0.0
    stopped = Training(tmp_path, **options)
    for ours, theirs in zip(
        straight.learner.network.variables, stopped.learner.network.variables, strict=True
    ):
        theirs.assign(ours)
    straight.steps(6)
    stopped.steps(3)
    stopped.checkpoints.save(3)
    halfway = stopped.weights()
    resumed = Training(tmp_path, **options)
    assert resumed.checkpoints.restore_latest() == 3
    resumed.steps(3)
    got, expected = resumed.weights(), straight.weights()
    for name, value in expected.items():
        assert np.array_equal(got[name], value), name
    assert not np.array_equal(halfway["softmax/table"], expected["softmax/table"])
    assert int(resumed.learner.optimizer.iterations) == 6
    for ours, theirs in zip(
        straight.learner.optimizer.variables, resumed.learner.optimizer.variables, strict=True
    ):
        assert np.array_equal(ours.numpy(), theirs.numpy())


def test_nothing_to_restore(tmp_path):
    assert Training(tmp_path / "new").checkpoints.restore_latest() == 0


def copy_of(directory, tmp_path):
    return Path(shutil.copytree(directory, tmp_path / "copy"))


def cut_data(directory):
    data = directory / "model.ckpt-1234.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[: data.stat().st_size // 2])


def flip_a_byte(directory):
    data = directory / "model.ckpt-1234.data-00000-of-00001"
    content = bytearray(data.read_bytes())
    for position in range(200, len(content), 50):
        content[position] ^= 0xFF
    data.write_bytes(bytes(content))


def remove_data(directory):
    (directory / "model.ckpt-1234.data-00000-of-00001").unlink()


def garble_index(directory):
    (directory / "model.ckpt-1234.index").write_bytes(b"not an index" * 20)


def empty_index(directory):
    (directory / "model.ckpt-1234.index").write_bytes(b"")


DAMAGES = [cut_data, flip_a_byte, remove_data, garble_index, empty_index]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_checkpoints(trained, tmp_path, damage):
    directory, training = trained
    damaged = copy_of(directory, tmp_path)
    damage(damaged)
    with pytest.raises(InputError) as raised:
        restore_model(training.learner.network, find_checkpoint(damaged))
    assert_one_line(raised, str(damaged / "model.ckpt-1234"))
    other = training.checkpoints_in(damaged)
    with pytest.raises(InputError) as raised:
        other.restore_latest()
    assert_one_line(raised, str(damaged / "model.ckpt-1234"))


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_one_before_a_damaged_one_is_restored(trained, tmp_path, damage):
    directory, training = trained
    damaged = copy_of(directory, tmp_path)
    for file in directory.glob("model.ckpt-1234.*"):
        shutil.copy2(file, damaged / file.name.replace("1234", "1200"))
        shutil.copy2(file, damaged / file.name.replace("1234", "1300"))
    damage(damaged)
    told = []
    run = training.checkpoints_in(damaged)
    assert run.restore_latest(told.append) == 1200
    (line,) = told
    assert str(damaged / "model.ckpt-1234") in line
    assert line.endswith("Trying the one before it.") and "\n" not in line


@pytest.mark.parametrize(
    "changes",
    [
        {"hidden_size": 16},
        {"filter_size": 20},
        {"num_encoder_layers": 2},
        {"num_encoder_layers": 2, "hidden_size": 16},
        {"positional_attention": False},
        {"attention_projection": "separate"},
        {"layer_preprocess_sequence": "none", "layer_postprocess_sequence": "dan"},
    ],
)
def test_another_model_s_checkpoint(trained, changes):
    """Larger, smaller or otherwise built: refused, never read in part."""
    directory, _ = trained
    other = make_learner(**changes).network
    before = [weight.numpy() for weight in other.weights]
    with pytest.raises(InputError) as raised:
        restore_model(other, find_checkpoint(directory))
    assert_one_line(raised, "model.ckpt-1234 is of another model", "variables differ")
    assert all(np.array_equal(a, b.numpy()) for a, b in zip(before, other.weights, strict=True))


def test_resuming_another_model(trained):
    directory, _ = trained
    with pytest.raises(InputError) as raised:
        Training(directory, positional_attention=False).checkpoints.restore_latest()
    assert_one_line(raised, "model.ckpt-1234 is of another model")


@pytest.mark.parametrize("optimizer", ["Adafactor", "SGD"])
def test_resuming_with_another_optimizer(trained, optimizer):
    """Its slots are not in the checkpoint, or would be left out."""
    directory, _ = trained
    with pytest.raises(InputError) as raised:
        Training(directory, optimizer=optimizer).checkpoints.restore_latest()
    assert_one_line(
        raised,
        "model.ckpt-1234 is of a run with another optimizer, precision or accumulation: go on as "
        "it did",
    )


@pytest.mark.parametrize(
    ("name", "value", "missing"),
    [
        ("glancing_draws", [1, 2], "glancing"),
        ("max_nonpadding", 1.0, "small_batch_multiplier"),
    ],
)
def test_resuming_with_more_than_it_had(trained, name, value, missing):
    directory, training = trained
    run = training.checkpoints_in(directory, state={name: tf.Variable(value)})
    with pytest.raises(InputError) as raised:
        run.restore_latest()
    assert_one_line(raised, f"model.ckpt-1234 is of a run without {missing}: go on as it did")


def test_resuming_weights_alone(trained, tmp_path):
    directory, training = trained
    path = average_last(directory, 1, tmp_path)
    run = training.checkpoints_in(tmp_path)
    with pytest.raises(InputError) as raised:
        run.restore_latest()
    assert_one_line(raised, "holds weights alone", f"--warm_start_from={path}")


def test_weights_that_an_earlier_version_saved_though_not_finite(trained, tmp_path, monkeypatch):
    """Are passed over."""
    _, training = trained
    run = training.checkpoints_in(tmp_path)
    run.save(1)
    weight = training.learner.network.weights[0]
    good = weight.numpy()
    weight.assign(np.full_like(good, np.nan))
    with monkeypatch.context() as patch:
        patch.setattr("t2t_hint_nart.training.checkpoints.non_finite", lambda values: [])
        run.save(2)
    told = []
    assert run.restore_latest(told.append) == 1 and "isn't finite. Trying" in told[0]
    assert np.array_equal(weight.numpy(), good)


def test_only_the_newest_are_kept(trained, tmp_path):
    _, training = trained
    checkpoints = training.checkpoints_in(tmp_path, keep_max=2)
    for step in (8, 9, 10, 11):
        checkpoints.save(step)
    assert [step_of(path) for path in list_checkpoints(tmp_path)] == [10, 11]
    assert find_checkpoint(tmp_path) == str(tmp_path / "model.ckpt-11")
    assert find_checkpoint(tmp_path / "model.ckpt-10") == str(tmp_path / "model.ckpt-10")


def test_steps_are_sorted_as_numbers(tmp_path):
    for name in ("model.ckpt-9", "model.ckpt-100", "model.ckpt-20", "model.ckpt-best"):
        (tmp_path / f"{name}.index").touch()
    assert [step_of(path) for path in list_checkpoints(tmp_path)] == [9, 20, 100]


@pytest.mark.parametrize(
    "name", ["model.ckpt-", "model.ckpt-x1", "weights12", "model.ckpt-1.index"]
)
def test_names_that_are_none(name):
    with pytest.raises(InputError, match="isn't a checkpoint name"):
        step_of(name)


def test_no_checkpoint(tmp_path):
    with pytest.raises(InputError, match="No checkpoint model.ckpt-<step> in .*train a model"):
        find_checkpoint(tmp_path)
    with pytest.raises(InputError, match="model.ckpt-7.index doesn't exist"):
        find_checkpoint(tmp_path / "model.ckpt-7")


class Directory:
    """Checkpoints appear (and go) as time passes, which sleeping alone makes it do."""

    def __init__(self, path, events):
        self.path = path
        self.events = dict(events)
        self.now = 0.0
        self.happen()

    def happen(self):
        for second in [s for s in self.events if s <= self.now]:
            for step in self.events.pop(second):
                file = self.path / f"model.ckpt-{abs(step)}.index"
                file.touch() if step > 0 else file.unlink()

    def sleep(self, seconds):
        self.now += seconds
        self.happen()

    def steps(self, minutes=1.0, last_step=None):
        clock = {"sleep": self.sleep, "clock": lambda: self.now}
        return [step_of(p) for p in new_checkpoints(self.path, minutes, last_step, **clock)]


def test_the_newest_and_then_every_newer_one(tmp_path):
    directory = Directory(tmp_path, {0: [1, 2, 10], 20: [11, 12], 70: [20]})
    assert directory.steps() == [10, 11, 12, 20]
    # A minute after the last one.
    assert 130 <= directory.now <= 140


def test_too_late(tmp_path):
    assert Directory(tmp_path, {0: [1], 90: [2]}).steps() == [1]


def test_none(tmp_path):
    directory = Directory(tmp_path, {})
    assert directory.steps(minutes=0.0) == [] and directory.now == 0.0


def test_a_directory_that_is_made_later(tmp_path):
    directory = Directory(tmp_path, {30: [5]})
    directory.path = tmp_path
    assert directory.steps() == [5]


def test_nothing_comes_after_the_last_step(tmp_path):
    directory = Directory(tmp_path, {0: [5], 10: [7], 20: [9]})
    assert directory.steps(minutes=240, last_step=7) == [5, 7]
    assert directory.now == 10


def test_waiting_without_end(tmp_path):
    directory = Directory(tmp_path, {0: [5], 90_000: [7]})
    assert directory.steps(minutes=-1, last_step=7) == [5, 7]


def test_removed_by_training_meanwhile(tmp_path):
    directory = Directory(tmp_path, {0: [1], 10: [2, 3]})
    clock = {"sleep": directory.sleep, "clock": lambda: directory.now}
    found = new_checkpoints(tmp_path, 1.0, **clock)
    assert step_of(next(found)) == 1 and step_of(next(found)) == 2
    directory.events[directory.now] = [-3, 4]
    directory.happen()
    assert [step_of(path) for path in found] == [4]


def add(directory, *steps):
    for step in steps:
        (directory / f"model.ckpt-{step}.index").touch()


def names(paths):
    return [path.rsplit("/", 1)[1] for path in paths]


def test_all_in_the_order_of_their_steps(tmp_path):
    add(tmp_path, 100, 20, 3)
    (tmp_path / "model.ckpt-7.data-00000-of-00001").touch()
    assert names(every_checkpoint(tmp_path)) == ["model.ckpt-3", "model.ckpt-20", "model.ckpt-100"]
    assert names(every_checkpoint(tmp_path, min_steps=20)) == ["model.ckpt-20", "model.ckpt-100"]


def test_new_ones_as_long_as_they_come_in_time(tmp_path):
    add(tmp_path, 1)
    clock = Directory(tmp_path, {30: [2], 80: [3], 500: [4]})
    found = every_checkpoint(tmp_path, 0, 60, sleep=clock.sleep, clock=lambda: clock.now)
    assert names(found) == ["model.ckpt-1", "model.ckpt-2", "model.ckpt-3"]
    assert 140 <= clock.now < 160


def test_one_that_is_removed_meanwhile_is_left_out(tmp_path):
    add(tmp_path, 1, 2, 3)
    found = []
    for path in every_checkpoint(tmp_path):
        found.append(path)
        (tmp_path / "model.ckpt-2.index").unlink(missing_ok=True)
    assert names(found) == ["model.ckpt-1", "model.ckpt-3"]
