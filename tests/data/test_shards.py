"""Writing shards whole or not at all, and reading damaged ones."""

import os
from pathlib import Path

import pytest
import tensorflow as tf

from t2t_hint_nart.data.example_bytes import example_bytes
from t2t_hint_nart.data.shards import (
    naming_damaged_shard,
    read_shard,
    write_records,
)
from t2t_hint_nart.errors import InputError


def pair(number):
    return {"inputs": [number + 2, 1], "targets": [number + 2, number + 3, 1]}


def record(number):
    return example_bytes(pair(number))


@pytest.fixture
def shard(tmp_path):
    path = str(tmp_path / "p-train-00000-of-00001")
    write_records(map(record, range(20)), path)
    return path


def test_written_and_read_in_order(tmp_path):
    path = str(tmp_path / "a")
    assert write_records(map(record, range(5)), path) == 5
    assert list(read_shard(path)) == list(map(pair, range(5)))
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_nothing_final_is_left_by_a_failing_run(tmp_path):
    def failing():
        yield record(0)
        raise OSError("disk on fire")

    path = tmp_path / "a"
    with pytest.raises(OSError, match="disk on fire"):
        write_records(failing(), str(path))
    assert not path.exists()
    assert write_records([record(0), record(1)], str(path)) == 2


def test_missing_shard(tmp_path):
    with pytest.raises(InputError, match=r"does not exist: .*/gone"):
        list(read_shard(str(tmp_path / "gone")))


def truncated(content):
    return content[:-7]


def with_flipped_bit(content):
    return content[:60] + bytes([content[60] ^ 1]) + content[61:]


@pytest.mark.parametrize("damage", [truncated, with_flipped_bit])
def test_damaged_shard_is_named(shard, damage):
    Path(shard).write_bytes(damage(Path(shard).read_bytes()))
    with pytest.raises(InputError, match=r"damaged shard .*p-train-00000-of-00001") as raised:
        list(read_shard(shard))
    assert "\n" not in str(raised.value)


def test_other_features_are_named(tmp_path):
    path = str(tmp_path / "other")
    write_records([example_bytes({"inputs": [5, 1], "outputs": [6, 1]})], path)
    with pytest.raises(InputError, match=r"record 0 of .*other.* 'targets'; it has \['outputs'\]"):
        list(read_shard(path))


def test_other_records_are_named(tmp_path):
    path = str(tmp_path / "other")
    write_records([b"\xff\xff not an example"], path)
    with pytest.raises(InputError, match=r"record 0 of .*other' is not a tf.train.Example"):
        list(read_shard(path))


def test_reading_error_of_a_dataset_names_the_shard(tmp_path, shard):
    good = str(tmp_path / "good")
    write_records([record(0)], good)
    os.truncate(shard, 100)
    files = [good, shard]
    with pytest.raises(InputError, match=r"damaged shard .*p-train"), naming_damaged_shard(files):
        for _ in tf.data.TFRecordDataset(files):
            pass


def test_errors_that_are_not_the_shards_stay(shard):
    error = tf.errors.InvalidArgumentError(None, None, "shapes differ")
    with pytest.raises(tf.errors.InvalidArgumentError), naming_damaged_shard([shard]):
        raise error


@pytest.mark.parametrize("size", [10, 1_000_000])
def test_a_full_disk_is_named(tmp_path, size):
    """Small records fail when the file is closed, large ones when they are written."""
    path = str(tmp_path / "p-train-00000-of-00001")
    Path(path + ".incomplete").symlink_to("/dev/full")
    with pytest.raises(InputError) as raised:
        write_records([b"x" * size] * 3, path)
    assert str(raised.value) == f"cannot write '{path}.incomplete': No space left on device"
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "a.incomplete").mkdir()
    with pytest.raises(InputError, match=r"cannot write '.*/a.incomplete': "):
        write_records([record(0)], str(tmp_path / "a"))
