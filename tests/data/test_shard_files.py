"""Names of shards and the check that a set is complete."""

import pytest

from t2t_hint_nart.data.shard_files import find_shards, shard_paths
from t2t_hint_nart.errors import InputError


def make(folder, *names):
    for name in names:
        (folder / name).touch()


def test_names_are_those_of_tensor2tensor(tmp_path):
    assert shard_paths("d", "translate_deen", "train", 100)[7] == (
        "d/translate_deen-train-00007-of-00100"
    )


def test_finds_the_shards_of_the_split_only(tmp_path):
    paths = shard_paths(tmp_path, "p", "train", 2)
    make(tmp_path, "p-train-00001-of-00002", "p-train-00000-of-00002")
    make(tmp_path, "p-dev-00000-of-00001", "p_distill-train-00000-of-00001")
    make(tmp_path, "p-train-00000-of-00002.incomplete", "p-unshuffled-train-00000-of-00003")
    assert find_shards(tmp_path, "p", "train") == paths
    assert find_shards(tmp_path, "p", "test") == []


def test_missing_shard_is_named(tmp_path):
    make(tmp_path, "p-train-00000-of-00003", "p-train-00002-of-00003")
    with pytest.raises(InputError, match=r"1 of 3 p-train shards are missing.*00001-of-00003"):
        find_shards(tmp_path, "p", "train")


def test_two_sets_are_refused(tmp_path):
    make(tmp_path, "p-train-00000-of-00001", "p-train-00000-of-00002")
    with pytest.raises(InputError, match="more than one set of p-train shards"):
        find_shards(tmp_path, "p", "train")


def test_missing_folder(tmp_path):
    assert find_shards(tmp_path / "nowhere", "p", "train") == []
