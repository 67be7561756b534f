"""Training batches: shapes, order, filters, resuming."""

import itertools
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.data.training_batches import Part, training_batches
from t2t_hint_nart.errors import InputError
from tests.data.numbered_shards import hparams, sentence, write


@pytest.fixture
def files(tmp_path):
    return write(tmp_path, [(2 + n % 14, 2 + (3 * n) % 14) for n in range(60)])


def take(batches, count):
    return [batch["inputs"].numpy().tolist() for batch in itertools.islice(batches, count)]


def test_every_batch_has_its_buckets_shape(files):
    shapes = set()
    for batch in itertools.islice(training_batches(files, hparams(), seed=1), 40):
        assert batch["inputs"].shape == batch["targets"].shape
        assert batch["inputs"].dtype == batch["targets"].dtype == tf.int32
        shapes.add(tuple(batch["inputs"].shape))
    assert shapes == {(8, 3), (4, 7), (2, 16)}


def test_sentences_are_whole_and_padded_with_zeros(files):
    for batch in itertools.islice(training_batches(files, hparams(), seed=1), 20):
        for source, target in zip(batch["inputs"].numpy(), batch["targets"].numpy(), strict=True):
            number = source[0] - 2
            expected = sentence(number, 2 + number % 14)
            assert source.tolist() == expected + [0] * (len(source) - len(expected))
            expected = sentence(number, 2 + (3 * number) % 14)
            assert target.tolist() == expected + [0] * (len(target) - len(expected))


def test_same_seed_same_batches(files):
    first = take(training_batches(files, hparams(), seed=1), 30)
    assert take(training_batches(files, hparams(), seed=1), 30) == first
    assert take(training_batches(files, hparams(), seed=2), 30) != first


def test_every_position_is_gone_on_from(files):
    """60 sentences in 100 batches: several epochs, whose ends lie anywhere within a batch."""
    batches = training_batches(files, hparams(), seed=3)
    positions, expected = [], []
    for _ in range(100):
        positions.append(batches.serialize())
        expected += take(batches, 1)
    expected += take(batches, 12)
    assert json.loads(positions[-1])["position"]["epoch"] >= 3
    resumed = training_batches(files, hparams(), seed=3)
    for number, position in enumerate(positions):
        resumed.deserialize(position)
        assert resumed.serialize() == position
        assert take(resumed, 12) == expected[number : number + 12]


def test_a_checkpoint_holds_the_position(files, tmp_path):
    batches = training_batches(files, hparams(), seed=3)
    take(batches, 17)
    path = tf.train.Checkpoint(position=batches).write(str(tmp_path / "checkpoint"))
    expected = take(batches, 5)
    # The order is that of the run's beginning, as weights and dropout are.
    resumed = training_batches(files, hparams(), seed=4)
    tf.train.Checkpoint(position=resumed).read(path).assert_consumed()
    assert take(resumed, 5) == expected
    names = [name for name, _ in tf.train.list_variables(path)]
    assert "position/.ATTRIBUTES/py_state" in names
    stored = tf.train.load_variable(path, "position/.ATTRIBUTES/py_state").decode()
    assert Path(files[0]).name not in json.loads(stored)["data"].values()
    assert str(tmp_path) not in stored


def test_moved_shards_are_the_same_shards(files, tmp_path):
    batches = training_batches(files, hparams(), seed=3)
    take(batches, 17)
    position = batches.serialize()
    expected = take(batches, 20)
    del batches
    (tmp_path / "moved").mkdir()
    moved = [shutil.move(file, tmp_path / "moved") for file in files]
    resumed = training_batches([str(path) for path in moved], hparams(), seed=3)
    resumed.deserialize(position)
    assert take(resumed, 20) == expected


def fewer_records(files, lengths):
    return lengths[:-1], len(files)


def another_record(files, lengths):
    return lengths[:-1] + [(5, 5)], len(files)


def other_order(files, lengths):
    return lengths[::-1], len(files)


def more_shards(files, lengths):
    return lengths, len(files) + 1


@pytest.mark.parametrize("change", [fewer_records, another_record, other_order, more_shards])
def test_other_shards_are_refused(tmp_path, change):
    lengths = [(3, 3)] * 20 + [(4, 5), (6, 7)]
    (tmp_path / "before").mkdir()
    files = write(tmp_path / "before", lengths)
    position = training_batches(files, hparams(), seed=1).serialize()
    (tmp_path / "after").mkdir()
    other, shards = change(files, lengths)
    batches = training_batches(write(tmp_path / "after", other, shards), hparams(), seed=1)
    with pytest.raises(InputError, match=r"^other training shards \(\d with \d+ sent.*--data_dir"):
        batches.deserialize(position)


@pytest.mark.parametrize("text", ["", "{}", '{"data": 3}', "\x00"])
def test_a_position_that_is_none(files, text):
    with pytest.raises(InputError, match=r"^the position in the training data is damaged: "):
        training_batches(files, hparams(), seed=1).deserialize(text)


def test_replicas_divide_the_same_order(files):
    """A batch for two replicas is two for one, of the same bucket."""

    def by_length(replicas):
        rows = {}
        for batch in take(training_batches(files, hparams(), seed=1, replicas=replicas), 60):
            rows.setdefault(len(batch[0]), []).extend(batch)
        return rows

    one, two = by_length(1), by_length(2)
    assert set(one) == set(two) == {3, 7, 16}
    for length, rows in one.items():
        assert two[length][: len(rows)] == rows[: len(two[length])]
    batch = next(training_batches(files, hparams(), seed=1, replicas=2))
    assert tuple(batch["inputs"].shape) in {(16, 3), (8, 7), (4, 16)}


def test_each_epoch_is_shuffled_anew(tmp_path):
    files = write(tmp_path, [(3, 3)] * 24)
    numbers = [
        [row[0] for row in batch] for batch in take(training_batches(files, hparams(), seed=1), 6)
    ]
    epochs = [[*itertools.chain(*numbers[:3])], [*itertools.chain(*numbers[3:])]]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(2, 26))
    assert epochs[0] != epochs[1]


def test_cut_to_max_seq_lengths(tmp_path):
    files = write(tmp_path, [(10, 12)] * 4)
    values = {"max_input_seq_length": 5, "max_target_seq_length": 6}
    batch = next(training_batches(files, hparams(**values), seed=1))
    assert batch["inputs"].shape == (4, 7)
    assert np.count_nonzero(batch["inputs"], axis=1).tolist() == [5] * 4
    assert np.count_nonzero(batch["targets"], axis=1).tolist() == [6] * 4


def test_features_choose_the_sides(tmp_path):
    files = write(tmp_path, [(3, 2)] * 8)
    for features, lengths in [(("targets", "inputs"), (2, 3)), (("inputs", "inputs"), (3, 3))]:
        batch = next(training_batches(files, hparams(), seed=1, features=features))
        counted = [np.count_nonzero(batch[side][0]) for side in ("inputs", "targets")]
        assert tuple(counted) == lengths


@pytest.mark.parametrize(
    ("lengths", "why"),
    [
        ([(20, 20)] * 5, "5 of 5 sentence pairs are longer than max_length=16 and left out"),
        ([(2, 2), (3, 20)], "1 of 2 .* max_length=16 and left out; 1 of 2 .* shorter than min_l"),
        ([], "they are empty"),
    ],
)
def test_no_sentence_that_fits_is_an_error_not_an_endless_wait(tmp_path, lengths, why):
    files = write(tmp_path, lengths)
    with pytest.raises(InputError, match=f"^no sentence pair to train on in '.*: {why}"):
        training_batches(files, hparams(min_length=3), seed=1)


def test_a_shard_that_changes_meanwhile_is_named(tmp_path):
    files = write(tmp_path, [(3, 3)] * 24, shards=1)
    batches = training_batches(files, hparams(), seed=1)
    os.truncate(files[0], 50)
    with pytest.raises(InputError, match=f"^shard '{files[0]}' isn't what it was"):
        take(batches, 6)


def test_a_shard_that_goes_meanwhile_is_named(tmp_path):
    files = write(tmp_path, [(3, 3)] * 24, shards=1)
    batches = training_batches(files, hparams(), seed=1)
    Path(files[0]).unlink()
    with pytest.raises(InputError, match=f"^shard '{files[0]}' can't be read any more: No such"):
        next(batches)


def numbers(batch):
    """Which sentences a batch holds."""
    return [ids[0] - 2 for ids in batch["inputs"].numpy().tolist()]


def test_parts_of_a_batch_are_all_of_it(files):
    whole = training_batches(files, hparams(), seed=3, replicas=2)
    parts = [
        training_batches(files, hparams(), seed=3, replicas=2, part=Part(index, 2))
        for index in range(2)
    ]
    for _ in range(30):
        first, second = (numbers(next(part)) for part in parts)
        assert len(first) == len(second) and first + second == numbers(next(whole))
        assert {part.serialize() for part in parts} == {whole.serialize()}
