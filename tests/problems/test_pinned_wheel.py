"""Fetching a wheel: found, downloaded with the real pip from a folder, or refused."""

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.problems.builders.pinned_wheel import PinnedWheel
from tests.problems.course_wheel import FILENAME, write_wheel


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
