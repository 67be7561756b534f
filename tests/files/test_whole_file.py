from pathlib import Path

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.whole_file import (
    check_directory,
    check_writable,
    naming_file,
    write_whole,
    written_whole,
)

# Where every write fails as on a full disk.
FULL = Path("/dev/full")


def test_a_file_is_replaced_when_it_is_complete(tmp_path):
    path = tmp_path / "new" / "report.json"
    assert write_whole(path, "one ü\n") == path
    with written_whole(path) as incomplete:
        incomplete.write_text("two")
        assert path.read_text(encoding="utf-8") == "one ü\n"
    assert path.read_text() == "two" and list(path.parent.iterdir()) == [path]


def test_a_failure_leaves_the_file_as_it_was(tmp_path):
    path = write_whole(tmp_path / "report.json", "one")
    with pytest.raises(SystemExit), written_whole(path) as incomplete:
        incomplete.write_text("half")
        raise SystemExit
    assert path.read_text() == "one" and list(tmp_path.iterdir()) == [path]


def test_a_place_is_looked_at_and_left_as_it_is(tmp_path):
    check_writable(tmp_path / "new" / "report.json", "", tmp_path / "report.json")
    check_directory(tmp_path / "new" / "er", tmp_path, "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["/dev/null", "{}", "{}/below/x", "{}/" + 300 * "x"])
def test_a_place_that_cannot_be_written(tmp_path, name):
    there = tmp_path / "there"
    there.mkdir() if name == "{}" else there.write_text("precious")
    path = name.format(there if "below" in name or name == "{}" else tmp_path)
    with pytest.raises(InputError, match=f"^{path} can't be written: .*[.]$"):
        check_writable(path)


def test_an_unfinished_file_that_is_a_directory(tmp_path):
    (tmp_path / "out.incomplete").mkdir()
    with pytest.raises(InputError, match="out can't be written: .*out.incomplete isn't a file.$"):
        check_writable(tmp_path / "out")


@pytest.mark.parametrize("named", [None, "other"])
def test_an_error_of_writing_names_the_file(named):
    with pytest.raises(OSError) as caught, naming_file(Path("file")):
        raise OSError(28, "No space left on device", named)
    assert caught.value.filename == (named or "file")


def test_what_is_no_error_of_the_system_has_no_file():
    with pytest.raises(OSError) as caught, naming_file("file"):
        raise OSError("damaged")
    assert caught.value.filename is None


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_named_and_nothing_is_left(tmp_path):
    path = write_whole(tmp_path / "report.json", "one")
    (tmp_path / "report.json.incomplete").symlink_to(FULL)
    with pytest.raises(OSError, match="No space left") as caught:
        write_whole(path, "two")
    assert caught.value.filename == str(path) and path.read_text() == "one"
    assert list(tmp_path.iterdir()) == [path]
