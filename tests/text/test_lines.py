"""Lines of text files: where they end, what is no text, what is told of bad ones."""

import gzip
import os
import threading

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.text.lines import (
    BYTE_ORDER_MARK,
    WHITE_SPACE,
    each_line,
    read_lines,
    read_pairs,
    sentence,
    whole_lines,
    write_lines,
)


def written(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_lines_end_at_newlines_only(tmp_path, pack):
    path = written(tmp_path / "text", pack("a\u2028b\x0bc\n\n d\r\ne\x85\rf".encode()))
    assert whole_lines(path) == ["a\u2028b\x0bc", "", " d\r", "e\x85\rf"]
    assert list(each_line(path)) == ["a\u2028b\x0bc\n", "\n", " d\r\n", "e\x85\rf"]
    assert read_lines(path) == ["a\u2028b\x0bc", "", "d", "e\x85\rf"]


@pytest.mark.parametrize(
    ("content", "lines"), [("a\n", ["a"]), ("a\n\n", ["a", ""]), ("\n", [""]), ("a", ["a"])]
)
def test_only_the_newline_at_the_end_is_no_sentence(tmp_path, content, lines):
    path = written(tmp_path / "text", content)
    assert whole_lines(path) == read_lines(path) == lines


@pytest.mark.parametrize(
    ("text", "delimiter", "expected"),
    [
        ("a\n b \n", "\n", ["a", "b"]),
        ("a\r\n\r\nb", "\n", ["a", "", "b"]),
        ("a\n ", "\n", ["a"]),
        ("a\nb;c;", ";", ["a\nb", "c"]),
    ],
)
def test_stripped_sentences_of_any_delimiter(tmp_path, text, delimiter, expected):
    assert read_lines(written(tmp_path / "in", text), delimiter) == expected


def test_no_delimiter(tmp_path):
    with pytest.raises(InputError, match="delimiter must not be empty"):
        read_lines(tmp_path / "in", "")


def test_a_byte_order_mark_is_no_text(tmp_path):
    path = written(tmp_path / "text", "\ufeffa b\n\ufeffc\n")
    assert whole_lines(path) == ["a b", "\ufeffc"]
    assert read_lines(path) == ["a b", "c"]
    with pytest.raises(InputError, match="text' is empty"):
        whole_lines(written(path, "\ufeff"))


def test_white_space_is_what_python_takes_for_it():
    assert [*WHITE_SPACE] == [c for c in map(chr, range(0x110000)) if c.isspace()]


@pytest.mark.parametrize("around", [*WHITE_SPACE, BYTE_ORDER_MARK, "\ufeff \ufeff\r\n"])
def test_a_sentence_is_what_stands_between_white_space(tmp_path, around):
    assert sentence(f"{around}a{around}b{around}") == f"a{around}b"
    assert sentence(around) == ""
    if "\n" not in around:
        line = f"{around}a{around}b{around}"
        assert read_lines(written(tmp_path / "text", f"{line}\n{line}")) == [f"a{around}b"] * 2


def test_nul_is_part_of_a_sentence():
    assert sentence(" \0a\0\n") == "\0a\0"


def test_a_pipe_is_read(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=("a\nb\n",))
    writer.start()
    assert read_lines(path) == ["a", "b"]
    writer.join()


@pytest.mark.parametrize("read", [whole_lines, read_lines, read_pairs])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"text' is empty: at least 1 line is needed$"),
        (b"\xff\tb\n", r"text' is not UTF-8 text at line 1$"),
        ("\ufeffa\tb\n".encode() + b"\xff\n", r"text' is not UTF-8 text at line 2$"),
        (gzip.compress(b"a\tb\n" * 99, mtime=0)[:-9], r"text' is damaged after line \d+: "),
    ],
)
def test_bad_files(tmp_path, read, content, message):
    path = written(tmp_path / "text", content)
    with pytest.raises(InputError, match=message):
        read(path)


def test_unreadable_files(tmp_path):
    with pytest.raises(InputError, match=r"^cannot read '.*missing': No such file"):
        whole_lines(tmp_path / "missing")
    with pytest.raises(InputError, match=r"^cannot read '.*': Is a directory"):
        read_lines(tmp_path)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (" a b \t c\n\td\ne\t\n", [("a b", "c"), ("", "d"), ("e", "")]),
        ("a\tb\nc\rd\te\n", [("a", "b"), ("c\rd", "e")]),
        ("a\tb\r\nc\td", [("a", "b"), ("c", "d")]),
        ("\ufeffa\u2028b\tc\n", [("a\u2028b", "c")]),
    ],
)
def test_pairs(tmp_path, content, expected):
    assert read_pairs(written(tmp_path / "pairs", content)) == expected


@pytest.mark.parametrize(("line", "tabs"), [("a", 0), ("a\tb\tc", 2), ("", 0)])
def test_a_line_without_its_tab(tmp_path, line, tabs):
    path = written(tmp_path / "pairs", f"a\tb\n{line}\nc\td\n")
    with pytest.raises(InputError, match=rf"pairs' must have .* one tab, it has {tabs}: line 2$"):
        read_pairs(path)


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "vocab"
    lines = ["a\r", "\u2028", "\x85", "", "b"]
    write_lines(path, lines)
    assert whole_lines(path) == lines
    assert [p.name for p in tmp_path.iterdir()] == ["vocab"]


def test_failed_write_keeps_the_old_file(tmp_path):
    path = written(tmp_path / "vocab", "old")

    def lines():
        yield "new"
        raise RuntimeError("interrupted")

    with pytest.raises(RuntimeError, match="interrupted"):
        write_lines(path, lines())
    (tmp_path / "vocab.incomplete").mkdir()
    with pytest.raises(InputError, match=r"cannot write '.*vocab'"):
        write_lines(path, ["new"])
    assert path.read_text() == "old"
