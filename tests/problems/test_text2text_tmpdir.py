"""A user's own files, good and bad."""

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
    with pytest.raises(InputError, match=r"no test shards .*--tmp_dir=YOUR_TEXT"):
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
        ({"inputs.test.txt": "sechs\n"}, r"cannot read '\S*targets.test.txt' \(No such file"),
    ],
)
def test_bad_files_are_told_in_one_line(problem, tmp_path, changes, message):
    write(tmp_path, **changes)
    with pytest.raises(InputError, match=message) as told:
        problem.generate_data(tmp_path / "data", tmp_path)
    assert "\n" not in str(told.value)
    assert not list((tmp_path / "data").iterdir())


def test_missing_files_name_all_that_are_read(problem, tmp_path):
    with pytest.raises(InputError, match=r"inputs.train.txt' \(No such file.*targets.eval.txt"):
        problem.generate_data(tmp_path / "data", tmp_path)
