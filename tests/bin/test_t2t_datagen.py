"""The command that writes a problem's data."""

import subprocess
import sys
import tempfile

import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.bin import command_line, t2t_datagen
from t2t_hint_nart.bin.shared_flags import define_data_flags
from t2t_hint_nart.errors import InputError

COPY = "algorithmic_copy_tiny"
REVERSE = "algorithmic_reverse_tiny"


def run(*arguments):
    command_line.run(
        t2t_datagen._main,
        "t2t-datagen",
        define_data_flags,
        t2t_datagen.define_flags,
        argv=arguments,
    )


def refusal(capsys, *arguments):
    with pytest.raises(SystemExit) as error:
        run(*arguments)
    assert error.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    return line.removeprefix("t2t-datagen: error: ")


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_text_may_lie_where_nothing_can_be_written(tmp_path, monkeypatch):
    (tmp_path / "text").mkdir()
    written = tempfile.TemporaryFile

    def read_only(**options):
        assert options.get("dir") != tmp_path / "text", "Read-only file system"
        return written(**options)

    monkeypatch.setattr(tempfile, "TemporaryFile", read_only)
    run(f"--problem={COPY}", f"--data_dir={tmp_path / 'data'}", f"--tmp_dir={tmp_path / 'text'}")
    assert (tmp_path / "data" / f"{COPY}-data.json").exists()


def test_writes_skips_and_says_what_is_next(tmp_path, capsys):
    arguments = (f"--problem={COPY}", f"--data_dir={tmp_path}", f"--tmp_dir={tmp_path}/tmp")
    run(*arguments)
    written = contents(tmp_path)
    assert sorted(written) == [
        f"{COPY}-data.json",
        f"{COPY}-dev-00000-of-00001",
        f"{COPY}-test-00000-of-00001",
        f"{COPY}-train-00000-of-00001",
        f"vocab.{COPY}.32.subwords",
        f"vocab.{COPY}.32.subwords.json",
    ]
    told = capsys.readouterr()
    assert f"t2t-trainer --problem={COPY} --data_dir={tmp_path} " in told.out
    assert f"{COPY}: train: 4000 sentence pairs written to 1 shard(s)" in told.err
    assert f"{COPY}: train: 4,000 of 4,000 pairs written; tokens 21,741 in, 21,741 out" in told.err

    run(*arguments, "--problem", f"{COPY}_rev")
    assert contents(tmp_path) == written
    assert f"{COPY}: all in {tmp_path} already" in capsys.readouterr().err

    (tmp_path / f"{COPY}-test-00000-of-00001").unlink()
    run(*arguments)
    again = contents(tmp_path)
    assert {**again, f"{COPY}-data.json": written[f"{COPY}-data.json"]} == written


def test_finished_data_of_another_seed_are_refused(tmp_path, capsys):
    arguments = (f"--problem={COPY}", f"--data_dir={tmp_path}", f"--tmp_dir={tmp_path}/tmp")
    run(*arguments, "--random_seed=1")
    written = contents(tmp_path)
    capsys.readouterr()
    assert refusal(capsys, *arguments, "--random_seed=2") == (
        f"the data of '{COPY}' in '{tmp_path}' were made with another train and dev and test text, "
        "or other filters, --random_seed=1, not 2; to start anew remove "
        f"'{tmp_path}/{COPY}-*' and '{tmp_path}/vocab.{COPY}.32.subwords*', "
        "or choose another --data_dir"
    )
    assert contents(tmp_path) == written


def test_seed_changes_the_data(tmp_path):
    for seed in (1, 2):
        run(f"--problem={COPY}", f"--data_dir={tmp_path / str(seed)}", f"--random_seed={seed}")
    first, second = (contents(tmp_path / str(seed)) for seed in (1, 2))
    assert all(first[name] != second[name] for name in first if "-of-" in name)


@pytest.mark.parametrize(
    ("patterns", "excluded", "names"),
    [
        (COPY, "", [COPY]),
        (f"{REVERSE},{COPY},{REVERSE}", "", [REVERSE, COPY]),
        ("algorithmic_*", "", [COPY, REVERSE]),
        ("algorithmic_*", "algorithmic_c*", [REVERSE]),
        (f"{REVERSE}_rev, {COPY}_copy", "", [REVERSE, COPY]),
        (f"{REVERSE}_distill", "", [f"{REVERSE}_distill"]),
    ],
)
def test_chosen_problems(patterns, excluded, names):
    assert t2t_datagen.chosen_problems(patterns, excluded) == names


def test_no_problem_lists_them_by_prefix():
    with pytest.raises(InputError, match=f"algorithmic: {COPY}, {REVERSE}; text2text: "):
        t2t_datagen.chosen_problems("")


def test_only_list(capsys):
    run("--only_list")
    assert capsys.readouterr().out.split() == registry.list_problems()


def test_bad_input_is_told_in_one_line(tmp_path, capsys):
    data = f"--data_dir={tmp_path}"
    assert refusal(capsys, data).startswith("--problem is missing. Problems: algorithmic: ")
    assert "Did you mean 'algorithmic_copy_tiny'" in refusal(
        capsys, data, "--problem=algorithmic_copy_tny"
    )
    assert "no problem matches 'algorithmetic_*'" in refusal(
        capsys, data, "--problem=algorithmetic_*"
    )
    assert "Missing --data_dir" in refusal(capsys, f"--problems={COPY}")
    assert "--num_shards is not for registered problems" in refusal(
        capsys, data, f"--problem={COPY}", "--num_shards=7"
    )
    assert f"t2t-distill --problem={COPY} --data_dir=" in refusal(
        capsys, data, f"--problem={COPY}_distill"
    )
    assert "inputs.train.txt': No such file" in refusal(
        capsys, data, "--problem=text2text_tmpdir", f"--tmp_dir={tmp_path}/none"
    )
    assert list(tmp_path.iterdir()) == [tmp_path / "none"]


def test_only_list_of_a_folder(tmp_path, capsys):
    data = f"--data_dir={tmp_path / 'data'}"
    assert "does not exist" in refusal(capsys, "--only_list", data)
    run(f"--problem={COPY}", data)
    capsys.readouterr()
    run("--only_list", data)
    told = capsys.readouterr().out.splitlines()
    assert told[0] == COPY
    assert "  train: 4,000 of 4,000 pairs written" in told[3]


def test_only_list_needs_no_tensorflow(tmp_path):
    (tmp_path / f"{COPY}-train-00000-of-00001").write_bytes(b"")
    code = (
        "import sys; from t2t_hint_nart.bin import t2t_datagen;"
        f"sys.argv[1:] = ['--only_list', '--data_dir={tmp_path}'];"
        "t2t_datagen.main(); sys.exit('tensorflow' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout == f"{COPY}\n  shards without a report\n"


def test_tasks(tmp_path, capsys):
    arguments = (f"--problem={COPY}", f"--data_dir={tmp_path}")
    run(*arguments, "--task_id=0")
    assert sorted(path.name for path in tmp_path.glob("*-of-*")) == [f"{COPY}-train-00000-of-00001"]
    assert capsys.readouterr().out == ""
    assert "task 1 isn't one of this problem's" in refusal(
        capsys, *arguments, "--task_id_start=0", "--task_id_end=2"
    )
    for wrong in (("--task_id_start=1",), ("--task_id_end=1", "--task_id_start=1")):
        assert "come together" in refusal(capsys, *arguments, *wrong)
    assert "come together" in refusal(
        capsys, *arguments, "--task_id=0", "--task_id_start=0", "--task_id_end=1"
    )
    assert "--task_id must be" in refusal(capsys, *arguments, "--task_id=-2")
    run(*arguments, "--task_id_start=0", "--task_id_end=1")
    run(*arguments)
    assert len(list(tmp_path.glob("*-of-*"))) == 3


def test_number_of_processes(tmp_path, capsys):
    arguments = (f"--problem={COPY}", f"--data_dir={tmp_path}")
    assert "--num_concurrent_processes must be at least 1, not 0" in refusal(
        capsys, *arguments, "--num_concurrent_processes=0"
    )
    assert list(tmp_path.iterdir()) == []
