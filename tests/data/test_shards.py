"""Writing shards whole or not at all, and reading damaged ones."""

import os
from pathlib import Path

import pytest
import tensorflow as tf

from t2t_hint_nart.data.shards import (
    naming_damaged_shard,
    read_shard,
    to_example,
    write_records,
    write_shards,
    write_shuffled_shards,
)
from t2t_hint_nart.errors import InputError


def pair(number):
    return {"inputs": [number + 2, 1], "targets": [number + 2, number + 3, 1]}


@pytest.fixture
def shard(tmp_path):
    path = str(tmp_path / "p-train-00000-of-00001")
    write_shards(map(pair, range(20)), [path])
    return path


def write_raw(path, *records):
    with tf.io.TFRecordWriter(path) as writer:
        for record in records:
            writer.write(record)


def test_written_in_turn_and_read_in_order(tmp_path):
    paths = [str(tmp_path / name) for name in "ab"]
    assert write_shards(map(pair, range(5)), paths) == 5
    assert list(read_shard(paths[0])) == [pair(0), pair(2), pair(4)]
    assert list(read_shard(paths[1])) == [pair(1), pair(3)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_shuffled_within_shards_by_the_seed(tmp_path):
    def shards(seed):
        paths = [str(tmp_path / f"{seed}{name}") for name in "ab"]
        unshuffled = [path + "-unshuffled" for path in paths]
        assert write_shuffled_shards(map(pair, range(40)), unshuffled, paths, seed) == 40
        return [list(read_shard(path)) for path in paths]

    first, second = shards(1)
    assert first != list(map(pair, range(0, 40, 2)))
    assert sorted(first, key=str) == sorted(map(pair, range(0, 40, 2)), key=str)
    assert sorted(second, key=str) == sorted(map(pair, range(1, 40, 2)), key=str)
    assert shards(1) == [first, second]
    assert shards(2) != [first, second]
    assert not list(tmp_path.glob("*unshuffled*"))


def test_nothing_final_is_left_by_a_failing_run(tmp_path):
    def failing():
        yield pair(0)
        raise OSError("disk on fire")

    paths = [str(tmp_path / name) for name in "ab"]
    with pytest.raises(OSError, match="disk on fire"):
        write_shards(failing(), paths)
    assert not any(Path(path).exists() for path in paths)
    assert write_shards([pair(0), pair(1)], paths) == 2


def test_no_examples(tmp_path):
    with pytest.raises(InputError, match=r"no sentence pair to write to .*a'"):
        write_shards([], [str(tmp_path / "a")])
    assert not (tmp_path / "a").exists()


def test_empty_feature():
    with pytest.raises(InputError, match="Empty generated field: targets"):
        to_example({"inputs": [5, 1], "targets": []})


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
    write_raw(path, to_example({"inputs": [5, 1], "outputs": [6, 1]}).SerializeToString())
    with pytest.raises(InputError, match=r"record 0 of .*other.* 'targets'; it has \['outputs'\]"):
        list(read_shard(path))


def test_other_records_are_named(tmp_path):
    path = str(tmp_path / "other")
    write_raw(path, b"\xff\xff not an example")
    with pytest.raises(InputError, match=r"record 0 of .*other' is not a tf.train.Example"):
        list(read_shard(path))


def test_reading_error_of_a_dataset_names_the_shard(tmp_path, shard):
    good = str(tmp_path / "good")
    write_shards([pair(0)], [good])
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
    assert not Path(path).exists()


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"cannot write '.*/none/a.incomplete': No such file"):
        write_shards([pair(0)], [str(tmp_path / "none" / "a")])


def test_errors_of_the_examples_are_not_the_disks(tmp_path):
    def failing():
        yield pair(0)
        raise tf.errors.DataLossError(None, None, "corrupted record")

    with pytest.raises(tf.errors.DataLossError, match="corrupted record"):
        write_shards(failing(), [str(tmp_path / "a")])
