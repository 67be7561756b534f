"""Lines and columns of text, plain and gzip, good and bad."""

import gzip

import pytest

from t2t_hint_nart.data.parallel_text import (
    MAX_LINE_CHARACTERS,
    file_names,
    find_splits,
    find_text,
    read_columns,
    read_pairs,
    read_sentences,
    side_by_side,
)
from t2t_hint_nart.errors import InputError


def written(path, content, packed=False):
    data = content if isinstance(content, bytes) else content.encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    return path


@pytest.mark.parametrize("packed", [False, True])
def test_lines_end_in_line_feeds_alone(tmp_path, packed):
    text = "\ufeffeins \r\n zwei\xa0 drei\t\x20\nvi\u0065\u0301r  fünf\tsechs\nsieben"
    path = written(tmp_path / "text", text, packed)
    assert list(read_sentences(path)) == [
        "eins",
        "zwei\xa0 drei",
        "vi\u0065\u0301r  fünf\tsechs",
        "sieben",
    ]


def test_gzip_is_found_and_seen_by_content(tmp_path):
    packed = written(tmp_path / "a.de.gz", "ja\n", packed=True)
    assert find_text(tmp_path, "a.de") == packed
    assert find_text(tmp_path, "b.de") is None
    plain = written(tmp_path / "a.de", "nein\n")
    assert find_text(tmp_path, "a.de") == plain
    assert list(read_sentences(written(tmp_path / "c.gz", "not packed\n"))) == ["not packed"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"ja\n\n", r"text' has an empty line: line 2"),
        (b"ja\nj\x00a\n", r"text' has a control character: line 2"),
        ("ja\u2028nein\n", r"text' has a control character: line 1"),
        ("a" * (MAX_LINE_CHARACTERS + 1), r"more than 10000 characters in a line: line 1"),
        (b"ja\nnein\nsch\xf6n\n", r"text' is not UTF-8 text at line 3"),
        (gzip.compress(b"ja\n" * 99, mtime=0)[:-9], r"text' is damaged after line \d+: "),
        (gzip.compress(b"ja\n", mtime=0)[:10] + b"\xff" * 3, r"text' is damaged after line 0: "),
    ],
)
def test_bad_lines_are_told_with_file_and_line(tmp_path, content, message):
    path = written(tmp_path / "text", content)
    with pytest.raises(InputError, match=message) as told:
        list(read_sentences(path))
    assert "\n" not in str(told.value)


MANY = "ja\n" + "\n" * 12 + "j\x00a\nja\n"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            MANY,
            "has an empty line: lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more; "
            "has a control character: line 14",
        ),
        (b"ja\n\xff\nja\n\xfe\n", "is not UTF-8 text at lines 2 and 4"),
    ],
)
def test_all_bad_lines_of_a_file_are_told(tmp_path, content, told):
    path = written(tmp_path / "text", content)
    with pytest.raises(InputError) as raised:
        list(read_sentences(path))
    assert str(raised.value) == f"'{path}' {told}"


def test_all_bad_lines_of_two_files_are_told(tmp_path):
    source = written(tmp_path / "a", "eins\n\nzwei\n")
    target = written(tmp_path / "b", "\none\n\x01\nfour\n")
    seen = []
    with pytest.raises(InputError) as raised:
        seen.extend(read_pairs(source, target))
    assert seen == []
    assert str(raised.value) == (
        f"'{source}' ends after line 3, but '{target}' goes on; line n of one belongs to line n of "
        f"the other; '{source}' has an empty line: line 2; '{target}' has an empty line: line 1; "
        "has a control character: line 3"
    )


def test_all_bad_lines_of_columns_are_told(tmp_path):
    path = written(tmp_path / "a.tsv", "a\tb\nc\nd\te\tf\ng\th\ni\n")
    with pytest.raises(InputError) as raised:
        list(read_columns(path))
    form = "must have the form input<tab>target with one tab, it has"
    assert str(raised.value) == f"'{path}' {form} 0: lines 2 and 5; {form} 2: line 3"


def test_what_is_refused_is_the_callers_choice(tmp_path):
    path = written(tmp_path / "text", "ja\n\n\x01\n")
    assert list(read_sentences(path, {})) == ["ja", "", "\x01"]
    with pytest.raises(InputError, match=r"text' has a yes: line 1"):
        list(read_sentences(path, {"a yes": lambda text: text == "ja"}))


def test_pairs(tmp_path):
    source = written(tmp_path / "a", "eins\nzwei\n", packed=True)
    target = written(tmp_path / "b", "one\ntwo")
    assert list(read_pairs(source, target)) == [("eins", "one"), ("zwei", "two")]
    longer = written(tmp_path / "c", "one\ntwo\nthree\n")
    for files in ((source, longer), (longer, source)):
        with pytest.raises(InputError, match=r"/a' ends after line 2, but '\S+/c' goes on"):
            list(read_pairs(*files))
    empty = written(tmp_path / "d", "")
    with pytest.raises(InputError, match="are empty"):
        list(read_pairs(empty, empty))
    with pytest.raises(InputError, match=r"cannot read '\S+/none': No such file or directory"):
        list(read_pairs(tmp_path / "none", target))


@pytest.mark.parametrize("sides", [["ab", "abc"], ["abc", "ab"]])
def test_texts_of_any_unit(sides):
    pairs = side_by_side(sides, [f"text {len(side)}" for side in sides], "letter")
    assert [next(pairs), next(pairs)] == [("a", "a"), ("b", "b")]
    with pytest.raises(InputError) as told:
        next(pairs)
    assert str(told.value) == (
        "text 2 ends after letter 2, but text 3 goes on; letter n of one belongs to letter n of "
        "the other"
    )


def test_columns(tmp_path):
    path = written(tmp_path / "a.tsv", "eins \t one\r\nzwei\ttwo\n", packed=True)
    assert list(read_columns(path)) == [("eins", "one"), ("zwei", "two")]
    for content, message in (
        ("a\tb\nab\n", r"a.tsv' must have the form .* one tab, it has 0: line 2$"),
        ("a\tb\tc\n", "with one tab, it has 2"),
        ("a\tb\n\tb\n", "a.tsv' has an empty side: line 2$"),
        ("a\tb\nc\t\r\n \t \n", "a.tsv' has an empty side: lines 2 and 3$"),
        ("a\tb\n\n \n", "it has 0: lines 2 and 3$"),
        ("a\tb\t\n", "it has 2: line 1$"),
        ("a\tb\nc\t\x01\n", "has a control character: line 2"),
        ("", "a.tsv' is empty"),
    ):
        written(path, content)
        with pytest.raises(InputError, match=message):
            list(read_columns(path))


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
