"""The command that writes a problem's data."""

import subprocess
import sys

import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.bin import command_line, t2t_datagen
from t2t_hint_nart.bin.flags import define_data_flags
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


def test_writes_skips_and_says_what_is_next(tmp_path, capsys):
    arguments = (f"--problem={COPY}", f"--data_dir={tmp_path}", f"--tmp_dir={tmp_path}/tmp")
    run(*arguments)
    written = contents(tmp_path)
    assert sorted(written) == [
        f"{COPY}-dev-00000-of-00001",
        f"{COPY}-test-00000-of-00001",
        f"{COPY}-train-00000-of-00001",
        f"vocab.{COPY}.32.subwords",
    ]
    told = capsys.readouterr()
    assert f"t2t-trainer --problem={COPY} --data_dir={tmp_path} " in told.out
    assert f"{COPY}: train: 4000 sentence pairs written to 1 shard(s)" in told.err

    (tmp_path / f"{COPY}-dev-00000-of-00001").write_bytes(b"mine")
    run(*arguments, "--problem", f"{COPY}_rev")
    assert contents(tmp_path) == {**written, f"{COPY}-dev-00000-of-00001": b"mine"}
    assert f"{COPY}: all in {tmp_path} already" in capsys.readouterr().err

    (tmp_path / f"{COPY}-test-00000-of-00001").unlink()
    run(*arguments)
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
    assert "inputs.train.txt' (No such file" in refusal(
        capsys, data, "--problem=text2text_tmpdir", f"--tmp_dir={tmp_path}/none"
    )
    assert list(tmp_path.iterdir()) == [tmp_path / "none"]


def test_help_needs_no_tensorflow():
    code = (
        "import sys; from t2t_hint_nart.bin import t2t_datagen; sys.argv[1:] = ['--help'];"
        "t2t_datagen.main(); sys.exit('tensorflow' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "--exclude_problems" in told.stdout and "trailing *" in told.stdout
