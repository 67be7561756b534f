"""Training and evaluation batches: shapes, order, filters, resuming."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.data.batching import eval_batches, training_batches
from t2t_hint_nart.data.example_bytes import example_bytes
from t2t_hint_nart.data.shards import write_records
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams


def hparams(**values):
    defaults = {
        "batch_size": 32,
        "max_length": 16,
        "min_length": 0,
        "min_length_bucket": 4,
        "length_bucket_step": 2.0,
        "max_input_seq_length": 0,
        "max_target_seq_length": 0,
        "eval_drop_long_sequences": False,
    }
    return HParams(**{**defaults, **values})


def sentence(number, length):
    """Ids that tell which sentence it is; EOS last."""
    return [number + 2] * (length - 1) + [1]


def write(tmp_path, lengths, shards=3):
    files = [str(tmp_path / f"{shard}") for shard in range(shards)]
    records = [
        example_bytes({"inputs": sentence(n, source), "targets": sentence(n, target)})
        for n, (source, target) in enumerate(lengths)
    ]
    for shard, file in enumerate(files):
        write_records(records[shard::shards], file)
    return files


@pytest.fixture
def files(tmp_path):
    return write(tmp_path, [(2 + n % 14, 2 + (3 * n) % 14) for n in range(60)])


def take(dataset, count):
    return [
        batch["inputs"].tolist() for batch in itertools.islice(dataset.as_numpy_iterator(), count)
    ]


def test_every_batch_has_its_buckets_shape(files):
    shapes = set()
    for batch in training_batches(files, hparams(), seed=1).take(40).as_numpy_iterator():
        assert batch["inputs"].shape == batch["targets"].shape
        assert batch["inputs"].dtype == batch["targets"].dtype == np.int32
        shapes.add(batch["inputs"].shape)
    assert shapes == {(8, 3), (4, 7), (2, 16)}


def test_sentences_are_whole_and_padded_with_zeros(files):
    for batch in training_batches(files, hparams(), seed=1).take(20).as_numpy_iterator():
        for source, target in zip(batch["inputs"], batch["targets"], strict=True):
            number = source[0] - 2
            expected = sentence(number, 2 + number % 14)
            assert source.tolist() == expected + [0] * (len(source) - len(expected))
            expected = sentence(number, 2 + (3 * number) % 14)
            assert target.tolist() == expected + [0] * (len(target) - len(expected))


def test_same_seed_same_batches(files):
    first = take(training_batches(files, hparams(), seed=1), 30)
    assert take(training_batches(files, hparams(), seed=1), 30) == first
    assert take(training_batches(files, hparams(), seed=2), 30) != first


def test_saved_iterator_goes_on_where_it_was(files, tmp_path):
    iterator = iter(training_batches(files, hparams(), seed=3))
    for _ in range(17):
        next(iterator)
    path = tf.train.Checkpoint(data=iterator).write(str(tmp_path / "checkpoint"))
    expected = [next(iterator) for _ in range(25)]

    resumed = iter(training_batches(files, hparams(), seed=3))
    tf.train.Checkpoint(data=resumed).read(path).assert_consumed()
    for batch in expected:
        other = next(resumed)
        np.testing.assert_array_equal(other["inputs"], batch["inputs"])
        np.testing.assert_array_equal(other["targets"], batch["targets"])


def test_a_lonely_sentence_is_not_starved(tmp_path):
    files = write(tmp_path, [(3, 3)] * 30 + [(15, 15)])
    batches = training_batches(files, hparams(), seed=1).take(20).as_numpy_iterator()
    assert (2, 16) in {batch["inputs"].shape for batch in batches}


def test_each_epoch_is_shuffled_anew(tmp_path):
    files = write(tmp_path, [(3, 3)] * 24)
    numbers = [
        [row[0] for row in batch] for batch in take(training_batches(files, hparams(), seed=1), 6)
    ]
    epochs = [[*itertools.chain(*numbers[:3])], [*itertools.chain(*numbers[3:])]]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(2, 26))
    assert epochs[0] != epochs[1]


def test_training_drops_what_does_not_fit(tmp_path):
    files = write(tmp_path, [(3, 3)] * 8 + [(17, 3), (3, 17), (16, 16)] + [(2, 2)])
    batches = take(training_batches(files, hparams(min_length=3), seed=1), 30)
    seen = {row[0] - 2 for batch in batches for row in batch}
    assert seen == {*range(8), 10}


def test_cut_to_max_seq_lengths(tmp_path):
    files = write(tmp_path, [(10, 12)] * 4)
    values = {"max_input_seq_length": 5, "max_target_seq_length": 6}
    batch = next(training_batches(files, hparams(**values), seed=1).as_numpy_iterator())
    assert batch["inputs"].shape == (4, 7)
    assert (batch["inputs"] != 0).sum(axis=1).tolist() == [5] * 4
    assert (batch["targets"] != 0).sum(axis=1).tolist() == [6] * 4


def test_features_choose_the_sides(tmp_path):
    files = write(tmp_path, [(3, 2)] * 8)
    for features, lengths in [(("targets", "inputs"), (2, 3)), (("inputs", "inputs"), (3, 3))]:
        batches = training_batches(files, hparams(), seed=1, features=features)
        batch = next(batches.as_numpy_iterator())
        counted = [(batch[side][0] != 0).sum() for side in ("inputs", "targets")]
        assert tuple(counted) == lengths


def test_replicas_multiply_the_batch(files):
    batch = next(training_batches(files, hparams(), seed=1, replicas=2).as_numpy_iterator())
    assert batch["inputs"].shape in {(16, 3), (8, 7), (4, 16)}


def test_no_sentence_that_fits_is_an_error_not_an_endless_wait(tmp_path):
    files = write(tmp_path, [(20, 20)] * 5)
    with pytest.raises(InputError, match="is within max_length 16"):
        training_batches(files, hparams(), seed=1)


def test_damaged_first_shard_is_named(tmp_path):
    files = write(tmp_path, [(3, 3)], shards=1)
    Path(files[0]).write_bytes(b"not a TFRecord file at all")
    with pytest.raises(InputError, match=f"damaged shard '{files[0]}'"):
        training_batches(files, hparams(), seed=1)


def test_eval_has_every_sentence_once(files):
    batches = list(eval_batches(files, hparams()).as_numpy_iterator())
    numbers = [row[0] - 2 for batch in batches for row in batch["inputs"]]
    assert sorted(numbers) == list(range(60))
    assert {batch["inputs"].shape[1] for batch in batches} == {3, 7, 16}
    assert take(eval_batches(files, hparams()), 99) == [b["inputs"].tolist() for b in batches]


@pytest.mark.parametrize("drop", [False, True])
def test_eval_keeps_long_sentences_unless_told(tmp_path, drop):
    files = write(tmp_path, [(3, 3), (20, 18)])
    batches = eval_batches(files, hparams(eval_drop_long_sequences=drop)).as_numpy_iterator()
    shapes = [(batch["inputs"].shape, batch["targets"].shape) for batch in batches]
    assert shapes == [((1, 3), (1, 3))] + [((1, 20), (1, 20))] * (not drop)
