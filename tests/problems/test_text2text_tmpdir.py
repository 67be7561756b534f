"""A user's own files, good and bad."""

import gzip

import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError

TEXT = {
    "inputs.train.txt": "eins\nzwei drei\nvier\n",
    "targets.train.txt": "one\n two three \r\nfour",
    "inputs.eval.txt": "fünf\n",
    "targets.eval.txt": "five\n",
}


@pytest.fixture
def problem():
    return registry.problem("text2text_tmpdir")


def write(folder, **changes):
    for name, text in {**TEXT, **changes}.items():
        content = text if isinstance(text, bytes) else text.encode()
        (folder / name).write_bytes(content)


def test_lines_become_pairs(problem, tmp_path):
    write(tmp_path)
    problem.generate_data(tmp_path / "data", tmp_path)
    assert sorted(problem.text_pairs(tmp_path / "data", "train")) == [
        ("eins", "one"),
        ("vier", "four"),
        ("zwei drei", "two three"),
    ]
    assert problem.text_pairs(tmp_path / "data", "dev") == [("fünf", "five")]
    with pytest.raises(InputError, match=r"no test shards .*; there was no test text when its tr"):
        problem.text_pairs(tmp_path / "data", "test")
    with pytest.raises(InputError, match=r"no test shards .*; make them with: .*tmp_dir=YOUR_TEXT"):
        problem.shard_files(tmp_path / "nowhere", "test")
    report = tmp_path / "data" / "text2text_tmpdir-data.json"
    report.rename(f"{report}.incomplete")
    with pytest.raises(InputError, match=r"no test shards .*; they aren't finished, go on with: "):
        problem.text_pairs(tmp_path / "data", "test")


def test_test_set_may_be_there(problem, tmp_path):
    write(tmp_path, **{"inputs.test.txt": "sechs\n", "targets.test.txt": "six\n"})
    problem.generate_data(tmp_path / "data", tmp_path)
    assert problem.text_pairs(tmp_path / "data", "test") == [("sechs", "six")]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"targets.train.txt": "one\ntwo\n"},
            r"'\S*targets.train.txt' ends after line 2, but '\S*inputs.train.txt' goes on",
        ),
        (
            {"inputs.eval.txt": "fünf\n", "targets.eval.txt": "five\nsix\n"},
            r"'\S*inputs.eval.txt' ends after line 1, but '\S*targets.eval.txt' goes on",
        ),
        ({"inputs.train.txt": "eins\n \nvier\n"}, r"inputs.train.txt' has an empty line: line 2"),
        ({"inputs.eval.txt": "", "targets.eval.txt": ""}, r"targets.eval.txt' are empty"),
        ({"targets.eval.txt": b"five\n\xff\n"}, "targets.eval.txt' is not UTF-8 text at line 2"),
        ({"inputs.test.txt": "sechs\n"}, r"cannot read '\S*targets.test.txt': No such file"),
    ],
)
def test_bad_files_are_told_in_one_line(problem, tmp_path, changes, message):
    write(tmp_path, **changes)
    with pytest.raises(InputError, match=message) as told:
        problem.generate_data(tmp_path / "data", tmp_path)
    assert "\n" not in str(told.value)
    assert not list((tmp_path / "data").iterdir())


def test_missing_files_name_all_that_are_read(problem, tmp_path):
    with pytest.raises(InputError, match=r"inputs.train.txt': No such file.*targets.eval.txt"):
        problem.generate_data(tmp_path / "data", tmp_path)


def test_gzip(problem, tmp_path):
    write(tmp_path)
    for name in ("inputs.train.txt", "targets.eval.txt"):
        path = tmp_path / name
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    problem.generate_data(tmp_path / "data", tmp_path)
    assert problem.text_pairs(tmp_path / "data", "dev") == [("fünf", "five")]


def test_text_comes_back_as_it_was(problem, tmp_path):
    lines = ["a  b", "Cafe\u0301", "10\xa0000 €", "x\ty", "_\\ &amp; 日本語 🙂", "–\ufeff–"]
    text = "".join(f"{line}\n" for line in lines)
    names = ("inputs.train.txt", "targets.train.txt", "inputs.eval.txt", "targets.eval.txt")
    write(tmp_path, **dict.fromkeys(names, "first\n" + text))
    problem.generate_data(tmp_path / "data", tmp_path)
    assert problem.text_pairs(tmp_path / "data", "dev")[1:] == [(line, line) for line in lines]


def test_tokens_of_the_text(tmp_path):
    problem = registry.problem("text2text_tmpdir_tokens")
    write(tmp_path, **{"inputs.eval.txt": "zwei fünf\n", "targets.eval.txt": "two\n"})
    problem.generate_data(tmp_path / "data", tmp_path)
    assert problem.text_pairs(tmp_path / "data", "dev") == [("zwei <UNK>", "two")]
    vocabulary = (tmp_path / "data" / "vocab.text2text_tmpdir_tokens.tokens").read_text()
    words = ["drei", "eins", "four", "one", "three", "two", "vier", "zwei"]
    assert vocabulary.split()[2:] == ["<UNK>", *words]


def test_tokens_of_ones_own_vocabulary(tmp_path):
    problem = registry.problem("text2text_tmpdir_tokens")
    write(tmp_path)
    (tmp_path / "vocab.txt").write_text("two\nthree\n<UNK>\nfive\n")
    problem.generate_data(tmp_path / "data", tmp_path)
    assert problem.text_pairs(tmp_path / "data", "dev") == [("<UNK>", "five")]
    assert problem.feature_encoders(tmp_path / "data")["inputs"].vocab_size == 2 + 4


def test_columns(tmp_path):
    problem = registry.problem("text2text_tsv")
    (tmp_path / "train.tsv").write_text("eins\tone\nzwei\ttwo\n")
    (tmp_path / "dev.tsv.gz").write_bytes(gzip.compress(b"drei\tthree\n"))
    problem.generate_data(tmp_path / "data", tmp_path)
    assert problem.text_pairs(tmp_path / "data", "dev") == [("drei", "three")]
    (tmp_path / "test.tsv").write_text("vier\n")
    with pytest.raises(InputError, match="test.tsv' must have .* one tab, it has 0: line 1"):
        list(problem.generate_samples("", tmp_path, "test"))
    with pytest.raises(InputError, match=r"text2text_tsv reads train.tsv, dev.tsv, test.tsv in"):
        problem.generate_data(tmp_path / "other", tmp_path / "none")
