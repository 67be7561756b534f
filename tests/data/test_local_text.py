"""Which text files a folder has."""

import pytest

from t2t_hint_nart.data.local_text import file_names, find_splits
from t2t_hint_nart.errors import InputError

NAMES = file_names(("de", "en"), train=["train"], dev=["val", "dev"], test=["test"])


def touch(folder, *names):
    for name in names:
        (folder / name).touch()


def test_first_names_first_and_gzip(tmp_path):
    assert find_splits(tmp_path, NAMES) == {}
    touch(tmp_path, "train.de.gz", "train.en", "dev.de", "dev.en")
    found = find_splits(tmp_path, NAMES)
    assert {split: [path.name for path in paths] for split, paths in found.items()} == {
        "train": ["train.de.gz", "train.en"],
        "dev": ["dev.de", "dev.en"],
    }
    touch(tmp_path, "val.de", "val.en", "test.de", "test.en")
    assert find_splits(tmp_path, NAMES)["dev"][0].name == "val.de"
    assert "test" in find_splits(tmp_path, NAMES)


def test_held_out_files_alone_are_no_data(tmp_path):
    touch(tmp_path, "dev.de", "dev.en", "test.de", "test.en")
    assert find_splits(tmp_path, NAMES) == {}


def test_missing_files_are_named(tmp_path):
    touch(tmp_path, "train.de", "train.en")
    with pytest.raises(InputError, match="no dev text: put val.de and val.en or dev.de and dev.en"):
        find_splits(tmp_path, NAMES)
    touch(tmp_path, "dev.en.gz")
    with pytest.raises(
        InputError, match=r"has 'dev.en.gz' but not its other side, 'dev.de' or 'de"
    ):
        find_splits(tmp_path, NAMES)
