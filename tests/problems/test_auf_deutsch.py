"""TFDS's own checks of the builder, on a made-up wheel."""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
import tensorflow_datasets as tfds

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.problems.builders.auf_deutsch import AufDeutsch, PinnedWheel
from tests.problems.course_wheel import FILENAME, write_wheel


class AufDeutschTest(tfds.testing.DatasetBuilderTestCase):
    DATASET_CLASS = AufDeutsch
    SPLITS: ClassVar = {"train": 32, "validation": 4, "test": 6}
    SKIP_CHECKSUMS = True

    @classmethod
    def setUpClass(cls):
        cls.EXAMPLE_DIR = tempfile.mkdtemp()
        cls.pinned = AufDeutsch.WHEEL, AufDeutsch.HELD_OUT
        sha256 = write_wheel(Path(cls.EXAMPLE_DIR) / FILENAME)
        AufDeutsch.WHEEL = replace(AufDeutsch.WHEEL, sha256=sha256)
        AufDeutsch.HELD_OUT = {"test": 6, "validation": 4}
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        AufDeutsch.WHEEL, AufDeutsch.HELD_OUT = cls.pinned
        shutil.rmtree(cls.EXAMPLE_DIR)


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder that is all the package index pip has."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return folder


def test_downloaded_once_then_found(tmp_path, index):
    wheel = PinnedWheel("auf-deutsch", "0.1.1", write_wheel(index / FILENAME))
    path = wheel.fetch(tmp_path / "tmp")
    assert path == tmp_path / "tmp" / FILENAME
    assert path.read_bytes() == (index / FILENAME).read_bytes()
    assert list(path.parent.iterdir()) == [path]
    (index / FILENAME).unlink()
    assert wheel.fetch(tmp_path / "tmp") == path


def test_not_to_be_had(tmp_path, index):
    with pytest.raises(InputError, match=r"could not download auf-deutsch==0.1.1 with pip") as told:
        PinnedWheel("auf-deutsch", "0.1.1", "0" * 64).fetch(tmp_path)
    assert "No matching distribution found" in str(told.value)
    assert str(tmp_path / FILENAME) in str(told.value)
    assert "\n" not in str(told.value)


def test_another_file_under_the_name(tmp_path):
    received = write_wheel(tmp_path / FILENAME)
    with pytest.raises(InputError, match=f"sha256 is {received}, expected {'0' * 64}; remove"):
        PinnedWheel("auf-deutsch", "0.1.1", "0" * 64).fetch(tmp_path)
    assert (tmp_path / FILENAME).exists()


def test_another_file_from_the_index_is_not_kept(tmp_path, index):
    write_wheel(index / FILENAME)
    with pytest.raises(InputError, match="not the file this problem is made of"):
        PinnedWheel("auf-deutsch", "0.1.1", "0" * 64).fetch(tmp_path / "tmp")
    assert list((tmp_path / "tmp").iterdir()) == []
