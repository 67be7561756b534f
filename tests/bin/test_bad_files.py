"""What every command says to damaged, missing and unfit files: one line; nothing is changed."""

import errno
import gzip
import io
import os
import re
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.bin.conftest import PROBLEM, SIZES
from tests.commands import refusal


def contents(directory):
    return {path: path.read_bytes() for path in Path(directory).rglob("*") if path.is_file()}


def cut(path):
    """Leave the first half of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


@pytest.fixture
def refuses(workshop, tmp_path):
    """Run a command that must refuse its input and leave everything as it was."""

    def run(command, **flags):
        before = contents(tmp_path), contents(workshop.data_dir.parent)
        message = refusal(command, **flags)
        assert (contents(tmp_path), contents(workshop.data_dir.parent)) == before
        return message

    return run


def flags_of(workshop, tmp_path, command, **changes):
    """Flags with which a command on a trained model works."""
    flags = dict(flag.removeprefix("--").split("=", 1) for flag in workshop.flags())
    source = tmp_path / "in.txt"
    source.write_text("der Hund .\n", encoding="utf-8")
    further = {
        "t2t-decoder": {"decode_from_file": source, "decode_to_file": tmp_path / "out"},
        "t2t-eval": {"eval_timeout_mins": 0, "eval_steps": 1},
        "t2t-exporter": {"export_dir": tmp_path / "export"},
        "t2t-trainer": {"train_steps": 30, "eval_steps": 1},
        "t2t-translate-all": {"source": source, "translations_dir": tmp_path / "translations"},
        "t2t-visualize": {"sentence": "der Hund .", "visualization_dir": tmp_path / "page"},
    }[command]
    if command == "t2t-translate-all":
        flags["model_dir"] = flags.pop("output_dir")
    return {**flags, **further, **changes}


COMMANDS = ("t2t-decoder", "t2t-eval", "t2t-exporter", "t2t-translate-all", "t2t-visualize")


@pytest.mark.parametrize("command", [*COMMANDS, "t2t-trainer"])
@pytest.mark.parametrize("suffix", [".data-00000-of-00001", ".index"])
def test_a_damaged_checkpoint(workshop, tmp_path, refuses, command, suffix):
    run = shutil.copytree(workshop.runs["transformer"], tmp_path / "run")
    for path in run.glob(f"*{suffix}"):
        cut(path)
    place = "model_dir" if command == "t2t-translate-all" else "output_dir"
    message = refuses(command, **flags_of(workshop, tmp_path, command, **{place: run}))
    told = {".index": f"{run}/model.ckpt-", ".data-00000-of-00001": f"Checkpoint {run}/model.ckpt-"}
    assert message.startswith(told[suffix])
    # What isn't there to train on is seen in the index, before the values.
    unread = "holds weights alone" if command == "t2t-trainer" else "can't be read: "
    assert ("isn't what was written" if suffix == ".index" else unread) in message


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("directory", ["nowhere", "empty", "in.txt"])
def test_no_checkpoint(workshop, tmp_path, refuses, command, directory):
    (tmp_path / "empty").mkdir()
    place = "model_dir" if command == "t2t-translate-all" else "output_dir"
    path = tmp_path / directory
    message = refuses(command, **flags_of(workshop, tmp_path, command, **{place: path}))
    assert message.startswith(("No checkpoint ", f"--{place} {path} isn't a directory."))
    assert str(path) in message


def shortened(path):
    path.write_text("\n".join(path.read_text("utf-8").split("\n")[:-6]) + "\n", "utf-8")


def of_other_bytes(path):
    path.write_bytes(b"\xff\xfe" + path.read_bytes())


def any_text(path):
    path.write_text("hello\nworld\n", "utf-8")


@pytest.mark.parametrize("command", [*COMMANDS, "t2t-trainer"])
@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (shortened, "vocabulary file {path} lacks the one-character subtokens"),
        (of_other_bytes, "'{path}' is not UTF-8 text at line 1"),
        (any_text, "vocabulary file {path} is not a tensor2tensor subword vocabulary"),
        (Path.unlink, "no vocabulary '{path}' of problem"),
    ],
)
def test_a_damaged_vocabulary(workshop, tmp_path, refuses, command, damage, expected):
    data_dir = shutil.copytree(workshop.data_dir, tmp_path / "data")
    (path,) = data_dir.glob("vocab.*s")
    damage(path)
    flags = flags_of(workshop, tmp_path, command, data_dir=data_dir)
    if command == "t2t-trainer":
        flags["output_dir"] = tmp_path / "new"
    assert refuses(command, **flags).startswith(expected.format(path=path))


def unrecorded(workshop, tmp_path):
    """A copy of the data that don't say which vocabulary they were made with, and its file."""
    data_dir = shutil.copytree(workshop.data_dir, tmp_path / "data")
    for record in data_dir.glob("*.json"):
        record.unlink()
    (path,) = data_dir.glob("vocab.*")
    return data_dir, path


@pytest.mark.parametrize("command", COMMANDS)
def test_a_vocabulary_of_another_size(workshop, tmp_path, refuses, command):
    data_dir, path = unrecorded(workshop, tmp_path)
    path.write_text(path.read_text("utf-8") + "'new_'\n", "utf-8")
    flags = flags_of(workshop, tmp_path, command, data_dir=data_dir)
    assert DIFFERS.match(refuses(command, **flags))[1] == "size"


DIFFERS = re.compile(
    rf"Checkpoint .*/model\.ckpt-[12]0 doesn't fit {PROBLEM}: its vocabulary of inputs has (\w+) "
    rf"\w+, that of {PROBLEM} \w+\. Use the vocabulary that it was trained with\.$"
)


@pytest.mark.parametrize("command", [*COMMANDS, "t2t-trainer"])
def test_a_vocabulary_in_another_order(workshop, tmp_path, refuses, command):
    data_dir, path = unrecorded(workshop, tmp_path)
    *first, last = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([*first[:2], last, *first[2:]]) + "\n", "utf-8")
    flags = flags_of(workshop, tmp_path, command, data_dir=data_dir)
    assert DIFFERS.match(refuses(command, **flags))[1] == "fingerprint"


@pytest.mark.parametrize("command", [*COMMANDS, "t2t-trainer"])
def test_the_opposite_direction(workshop, tmp_path, refuses, command):
    """Vocabulary and sizes are the same."""
    backwards = f"{PROBLEM}_rev"
    message = refuses(command, **flags_of(workshop, tmp_path, command, problem=backwards))
    assert message.startswith("Checkpoint ") and message.endswith(
        f"0 translates {PROBLEM}, the opposite direction of {backwards}; give a model of "
        f"{backwards}."
    )


@pytest.mark.parametrize("command", [*COMMANDS, "t2t-trainer"])
def test_another_models_files_under_a_checkpoints_name(workshop, tmp_path, refuses, command):
    """Of the same sizes: each step has the other's."""
    run = shutil.copytree(workshop.runs["transformer"], tmp_path / "run")
    for file in (*run.glob("*.index"), *run.glob("*.data-*")):
        step = "20" if "ckpt-10" in file.name else "10"
        source = workshop.runs["transformer"] / re.sub(r"(?<=ckpt-)\d+", step, file.name)
        file.write_bytes(source.read_bytes())
    place = "model_dir" if command == "t2t-translate-all" else "output_dir"
    message = refuses(command, **flags_of(workshop, tmp_path, command, **{place: run}))
    assert message.startswith(f"{run}/model.ckpt-")
    assert ".index isn't what was written there: its sha256 is " in message
    assert message.endswith("so it is damaged or of another model. Use another checkpoint.")


@pytest.mark.parametrize("command", [*COMMANDS, "t2t-trainer"])
@pytest.mark.parametrize("name", ["nowhere", "in.txt"])
def test_no_data(workshop, tmp_path, refuses, command, name):
    data_dir = tmp_path / name
    message = refuses(command, **flags_of(workshop, tmp_path, command, data_dir=data_dir))
    assert f"t2t-datagen --problem={PROBLEM} --data_dir={data_dir}" in message


def torn(path):
    path.write_bytes(path.read_bytes()[:-3])


def emptied(path):
    path.write_bytes(b"")


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (torn, "damaged shard '{path}' (record "),
        (emptied, "shard '{path}', of 0 sentence pairs, isn't the one that was written, says "),
    ],
)
@pytest.mark.parametrize(
    ("command", "shard"),
    [
        ("t2t-decoder", "dev-00000-of-00001"),
        ("t2t-eval", "dev-00000-of-00001"),
        ("t2t-trainer", "train-00000-of-00010"),
    ],
)
def test_damaged_shards(workshop, tmp_path, refuses, command, shard, damage, expected):
    data_dir = shutil.copytree(workshop.data_dir, tmp_path / "data")
    for path in data_dir.glob("*-000*"):
        damage(path)
    flags = flags_of(workshop, tmp_path, command, data_dir=data_dir)
    flags.pop("decode_from_file", None)
    if command == "t2t-trainer":
        flags["output_dir"] = tmp_path / "new"
    message = refuses(command, **flags)
    assert message.startswith(expected.format(path=f"{data_dir}/{PROBLEM}-{shard}"))
    assert "{{" not in message and "[Op" not in message


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "cannot read '{path}': No such file or directory"),
        (b"", "'{path}' is empty: at least 1 line is needed"),
        (b"gut\n\xe4\n", "'{path}' is not UTF-8 text at line 2"),
    ],
)
@pytest.mark.parametrize(
    ("command", "flag"),
    [
        ("t2t-decoder", "decode_from_file"),
        ("t2t-decoder", "score_file"),
        ("t2t-translate-all", "source"),
    ],
)
def test_bad_sentences(workshop, tmp_path, refuses, command, flag, content, expected):
    path = tmp_path / "bad.txt"
    if content is not None:
        path.write_bytes(content)
    flags = flags_of(workshop, tmp_path, command)
    flags.pop("decode_from_file", None)
    assert refuses(command, **{**flags, flag: path}).startswith(expected.format(path=path))


@pytest.mark.parametrize(
    ("command", "flag"),
    [
        ("t2t-decoder", "decode_from_file"),
        ("t2t-decoder", "decode_reference"),
        ("t2t-decoder", "score_file"),
        ("t2t-translate-all", "source"),
        ("t2t-bleu", "translation"),
        ("t2t-bleu", "reference"),
        ("t2t-bleu", "source"),
        ("t2t-bleu", "translations_dir"),
        ("t2t-build-vocab", "corpus_filepattern"),
        ("t2t-build-vocab", "vocab_filepattern"),
    ],
)
def test_packed_text_is_read_everywhere(workshop, tmp_path, refuses, command, flag):
    """Packed text goes as far as plain text does: to the one thing that is wrong with it."""
    text = tmp_path / "text"
    text.mkdir()
    path = text / "bad-1"
    path.write_bytes(gzip.compress(b"gut,1\n\xe4\n"))
    good = tmp_path / "good"
    good.write_bytes(gzip.compress(b"gut\ngut\n"))
    given = text if flag == "translations_dir" else path
    if command == "t2t-bleu":
        flags = {"reference": good, "translation": good, "event_dir": tmp_path / "events"}
        if flag == "translations_dir":
            del flags["translation"]
    elif command == "t2t-build-vocab":
        flags = {"output_filename": tmp_path / "vocabulary"}
    else:
        flags = flags_of(workshop, tmp_path, command)
        if flag == "score_file":
            del flags["decode_from_file"]
    message = refuses(command, **{**flags, flag: given})
    assert message == f"'{path}' is not UTF-8 text at line 2"


def test_scores_of_what_is_no_pair(workshop, tmp_path, refuses):
    flags = flags_of(workshop, tmp_path, "t2t-decoder")
    path = flags["score_file"] = flags.pop("decode_from_file")
    message = refuses("t2t-decoder", **flags)
    expected = "must have the form input<tab>target with one tab, it has 0: line 1"
    assert message == f"'{path}' {expected}"


@pytest.mark.parametrize("references", ["a\nb\n", None])
def test_unmatched_references(workshop, tmp_path, refuses, references):
    path = tmp_path / "references"
    if references:
        path.write_text(references, "utf-8")
    flags = flags_of(workshop, tmp_path, "t2t-decoder", decode_reference=path)
    expected = (
        f"{path} has 2 references for 1 sentences."
        if references
        else f"cannot read '{path}': No such file or directory"
    )
    assert refuses("t2t-decoder", **flags) == expected


def places(workshop, tmp_path):
    """Of every command that works long before it writes: what it writes, and flags to get there.

    Nothing that the work needs is there: were the place looked at later, that would be told.
    """
    flags = dict(flag.removeprefix("--").split("=", 1) for flag in workshop.flags())
    flags["output_dir"] = tmp_path / "nowhere"
    source = tmp_path / "in" / "in.txt"
    source.parent.mkdir(exist_ok=True)
    source.write_text("der Hund .\n", encoding="utf-8")
    out = tmp_path / "new" / "out"
    decoded = f"transformer.transformer_test.{PROBLEM}.beam4.alpha0.6"
    data = {name: flags[name] for name in ("problem", "data_dir")}
    run = workshop.runs["transformer"]
    return {
        "t2t-decoder": (
            [f"{source}.{decoded}.decodes"],
            {**flags, "decode_from_file": source},
        ),
        "t2t-decoder --decode_to_file": (
            [out],
            {**flags, "decode_from_file": tmp_path / "missing", "decode_to_file": out},
        ),
        "t2t-decoder of a data set": (
            [f"{out}.{decoded}{ending}" for ending in (".decodes", ".targets", ".inputs")],
            {**flags, "decode_to_file": out, "data_dir": tmp_path / "nowhere"},
        ),
        "t2t-decoder --score_file": (
            [out],
            {**flags, "score_file": tmp_path / "missing", "decode_to_file": out},
        ),
        "t2t-bleu": (
            [tmp_path / "events" / "last_evaluated_step.txt"],
            {
                "event_dir": tmp_path / "events",
                "reference": tmp_path / "missing",
                "translations_dir": tmp_path / "nowhere",
            },
        ),
        "t2t-reproduce": (
            [tmp_path / "new" / name for name in ("results.jsonl", "report.md")],
            {"recipe": "none", "output_dir": tmp_path / "new"},
        ),
        "t2t-reproduce --write_reproduction": (
            [out],
            {"write_reproduction": out, "reports_dir": tmp_path / "nowhere"},
        ),
        "t2t-build-vocab": ([out], {"output_filename": out, "corpus_filepattern": "missing"}),
        "t2t-avg-checkpoints": (
            [f"{out}-0.index"],
            {"output_path": out, "prefix": tmp_path, "num_last_checkpoints": 1},
        ),
        "t2t-import-checkpoint --export_to": (
            [f"{out}.index"],
            {"checkpoint_path": tmp_path / "nowhere", "export_to": out},
        ),
        # Those that fill a directory.
        "t2t-translate-all": (
            [out],
            {**data, "model_dir": run, "source": tmp_path / "missing", "translations_dir": out},
        ),
        "t2t-visualize": (
            [out],
            {**flags, "sentence": "der Hund", "visualization_dir": out},
        ),
        "t2t-exporter": ([out], {**flags, "export_dir": out}),
        "t2t-distill": (
            [out],
            {**data, "data_dir": out, "teacher_export_dir": tmp_path / "nowhere"},
        ),
        "t2t-eval": ([run / "eval"], {**flags, "output_dir": run, "data_dir": out}),
        "t2t-avg-all": ([out], {"model_dir": run, "output_dir": out, "n": 99}),
        "t2t-import-checkpoint": (
            [out],
            {**flags, "checkpoint_path": tmp_path / "nowhere", "output_dir": out},
        ),
        "t2t-datagen": ([out], {**data, "data_dir": out, "tmp_dir": tmp_path / "nowhere"}),
        "t2t-build-vocab --problem": (
            [out],
            {**data, "data_dir": out, "tmp_dir": tmp_path / "nowhere"},
        ),
    }


FILES = (
    "t2t-decoder",
    "t2t-decoder --decode_to_file",
    "t2t-decoder of a data set",
    "t2t-decoder --score_file",
    "t2t-bleu",
    "t2t-reproduce",
    "t2t-reproduce --write_reproduction",
    "t2t-build-vocab",
    "t2t-avg-checkpoints",
    "t2t-import-checkpoint --export_to",
)
DIRECTORIES = (
    "t2t-translate-all",
    "t2t-visualize",
    "t2t-exporter",
    "t2t-distill",
    "t2t-eval",
    "t2t-avg-all",
    "t2t-import-checkpoint",
    "t2t-datagen",
    "t2t-build-vocab --problem",
)


@pytest.mark.parametrize("what", [*FILES, *DIRECTORIES])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_place_without_room_or_permission(workshop, tmp_path, refuses, monkeypatch, what, number):
    """Told before anything is read or loaded, not after an hour of decoding."""

    def fails(**_):
        raise OSError(number, os.strerror(number))

    _, flags = places(workshop, tmp_path)[what]
    monkeypatch.setattr(tempfile, "TemporaryFile", fails)
    message = refuses(what.split()[0], **flags)
    assert message.endswith(f" can't be written: {os.strerror(number)}."), message


@pytest.mark.parametrize("what", FILES)
def test_a_directory_in_place_of_a_file(workshop, tmp_path, refuses, what):
    paths, flags = places(workshop, tmp_path)[what]
    # One after the other, the last first: each alone is enough.
    for path in reversed(paths):
        Path(path).mkdir(parents=True)
        message = refuses(what.split()[0], **flags)
        assert message == f"{path} can't be written: {path} isn't a file."
        Path(path).rmdir()


@pytest.mark.parametrize("what", [name for name in DIRECTORIES if name != "t2t-eval"])
def test_a_file_in_place_of_a_directory(workshop, tmp_path, refuses, what):
    (path,), flags = places(workshop, tmp_path)[what]
    path.parent.mkdir()
    path.write_text("precious")
    message = refuses(what.split()[0], **flags)
    assert message == f"{path} can't be written: {path} isn't a directory."


def test_an_output_dir_that_is_a_file(workshop, tmp_path, refuses):
    flags = flags_of(workshop, tmp_path, "t2t-trainer", output_dir=tmp_path / "in.txt")
    assert refuses("t2t-trainer", **flags) == f"{tmp_path}/in.txt: File exists"


def test_a_sentence_without_a_word(workshop, tmp_path, refuses):
    flags = flags_of(workshop, tmp_path, "t2t-visualize", sentence=" ")
    assert refuses("t2t-visualize", **flags) == "--sentence has no word."


def test_a_checkpoint_that_is_not_tensor2tensors(workshop, tmp_path, refuses):
    flags = dict(flag.removeprefix("--").split("=", 1) for flag in workshop.flags())
    flags |= {"checkpoint_path": flags["output_dir"], "output_dir": tmp_path / "new"}
    message = refuses("t2t-import-checkpoint", **flags)
    assert message.endswith("model.ckpt-20 is one of this library; nothing to import.")
    assert not (tmp_path / "new").exists()


def test_a_warm_start_from_another_direction_is_told(workshop, tmp_path):
    """What is shared may still be of use."""
    from t2t_hint_nart import registry
    from t2t_hint_nart.training.experiment import Experiment
    from t2t_hint_nart.training.run import Run

    hparams, start = registry.hparams("transformer_test"), str(workshop.runs["transformer"])
    hparams.override_from_dict(SIZES)
    told = {}
    for problem in (PROBLEM, f"{PROBLEM}_rev"):
        out = io.StringIO()
        run = Run(
            "transformer",
            hparams,
            registry.problem(problem),
            str(workshop.data_dir),
            str(tmp_path / "run"),
            warm_start_from=start,
        )
        Experiment(run, out)
        told[problem] = out.getvalue().splitlines()
    assert len(told[PROBLEM]) == 1
    assert told[f"{PROBLEM}_rev"] == [
        *told[PROBLEM],
        f"Warning: Checkpoint {start}/model.ckpt-20 translates {PROBLEM}, the opposite direction "
        f"of {PROBLEM}_rev; give a model of {PROBLEM}_rev.",
    ]
