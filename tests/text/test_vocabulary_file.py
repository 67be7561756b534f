import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.text.vocabulary_file import read_lines, unquote, write_lines


@pytest.mark.parametrize(
    ("line", "subtoken"),
    [
        ("'a_'", "a_"),
        ('"a_"', "a_"),
        ("a_", "a_"),
        ("''_'", "'_"),
        ("'\"'", '"'),
        ("'a_' \r", "a_"),
        ("'\x85'", "\x85"),
        ("'", ""),
        ("'a\"", "'a\""),
    ],
)
def test_quotes(line, subtoken):
    assert unquote(line) == subtoken


def test_lines_end_at_newlines_only(tmp_path):
    path = tmp_path / "vocab"
    lines = ["a\r", "\u2028", "\x85", "", "b"]
    write_lines(path, lines)
    assert read_lines(path) == lines
    assert [p.name for p in tmp_path.iterdir()] == ["vocab"]


def test_last_newline_is_optional(tmp_path):
    path = tmp_path / "vocab"
    path.write_text("a\nb")
    assert read_lines(path) == ["a", "b"]


def test_unreadable_files(tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*missing: No such file"):
        read_lines(tmp_path / "missing")
    with pytest.raises(InputError, match=r"cannot read .*: Is a directory"):
        read_lines(tmp_path)
    empty = tmp_path / "empty"
    empty.touch()
    with pytest.raises(InputError, match="empty is empty"):
        read_lines(empty)
    latin = tmp_path / "latin"
    latin.write_bytes(b"'a'\n'b'\n'\xe9'\n")
    with pytest.raises(InputError, match="latin is not UTF-8 text at line 3"):
        read_lines(latin)


def test_failed_write_keeps_the_old_file(tmp_path):
    path = tmp_path / "vocab"
    path.write_text("old")

    def lines():
        yield "new"
        raise RuntimeError("interrupted")

    with pytest.raises(RuntimeError, match="interrupted"):
        write_lines(path, lines())
    (tmp_path / "vocab.incomplete").mkdir()
    with pytest.raises(InputError, match="cannot write vocabulary file"):
        write_lines(path, ["new"])
    assert path.read_text() == "old"
