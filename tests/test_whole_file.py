import pytest

from t2t_hint_nart.whole_file import write_whole, written_whole


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
    assert path.read_text() == "one"
