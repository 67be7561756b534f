"""t2t-decoder --export_dir: an export of any format in place of a checkpoint."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bin.conftest import DECODES, PAIRS, PROBLEM
from tests.commands import refusal, run_command, succeed

SOURCES = [source for source, _ in PAIRS["eval"]]
# Runs a command as its console script does, and tells whether TensorFlow was loaded.
WITHOUT_TENSORFLOW = """
import sys
from t2t_hint_nart.bin.t2t_decoder import main
main()
print("tensorflow" in sys.modules)
"""


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "in"
    path.write_text("".join(f"{line}\n" for line in SOURCES), "utf-8")
    return path


def test_a_saved_model_decodes_as_its_checkpoint(workshop, teacher_export, tmp_path, source):
    by_checkpoint, by_export = tmp_path / "a", tmp_path / "b"
    settings = f"{DECODES['transformer']},write_beam_scores=True"
    run_command(
        "t2t-decoder",
        *workshop.flags(),
        decode_hparams=settings,
        decode_from_file=source,
        decode_to_file=by_checkpoint,
    )
    # Its parent will do, and so will hparams that it was made with.
    flags = {"export_dir": Path(teacher_export).parent, "decode_from_file": source}
    told = succeed("t2t-decoder", **flags, decode_hparams=settings, decode_to_file=by_export)
    assert told == f"2 sentences written to {by_export}\n"
    assert by_export.read_text("utf-8") == by_checkpoint.read_text("utf-8")


def test_ctranslate2_loads_no_tensorflow(teacher_export, ctranslate2_export, tmp_path, source):
    expected, out = tmp_path / "a", tmp_path / "b"
    flags = {"export_dir": teacher_export, "decode_from_file": source, "decode_to_file": expected}
    succeed("t2t-decoder", **flags)
    told = told_without_tensorflow(
        flags | {"export_dir": ctranslate2_export, "decode_to_file": out}
    )
    assert told == f"2 sentences written to {out}\nFalse\n"
    assert out.read_text("utf-8") == expected.read_text("utf-8")


def told_without_tensorflow(flags):
    arguments = [f"--{name}={value}" for name, value in flags.items()]
    command = [sys.executable, "-c", WITHOUT_TENSORFLOW, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_verified_drafts_in_litert_load_no_tensorflow(
    teacher_export, export_model, export_teacher, tmp_path, source
):
    """They are the teacher's greedy search, and how much was accepted is told."""
    pytest.importorskip("ai_edge_litert")
    expected, out = tmp_path / "a", tmp_path / "b"
    flags = {"export_dir": teacher_export, "decode_from_file": source, "decode_to_file": expected}
    succeed("t2t-decoder", **flags, decode_hparams="beam_size=1")
    told = told_without_tensorflow(
        {
            "export_dir": export_model("transformer_nat", "litert_int8"),
            "teacher_export_dir": export_teacher("litert"),
            "decode_hparams": "verified=True,extra_length=2",
            "decode_from_file": source,
            "decode_to_file": out,
        }
    )
    written, accepted, loaded = told.splitlines()
    assert written == f"2 sentences written to {out}" and loaded == "False"
    assert re.fullmatch(r"Verified in [\d.]+ passes of the teacher a sentence: .* a pass", accepted)
    assert out.read_text("utf-8") == expected.read_text("utf-8") != "\n\n"


def test_the_sentences_of_a_problem(workshop, ctranslate2_export):
    data = {"problem": PROBLEM, "data_dir": workshop.data_dir}
    told = succeed("t2t-decoder", export_dir=ctranslate2_export, **data)
    assert told.count("Inference results OUTPUT") == 2 and "BLEU_13a" in told


def test_a_source_that_is_longer_than_the_export_takes(ctranslate2_export, tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    source.write_text(f"{SOURCES[0]}\n{'Hund ' * 50}\n", "utf-8")
    flags = {"export_dir": ctranslate2_export, "decode_from_file": source, "decode_to_file": out}
    assert "Too long: line 2 of" in run_command("t2t-decoder", **flags).err
    first, second, _ = out.read_text("utf-8").split("\n")
    assert first and not second
    succeed("t2t-decoder", **flags, decode_hparams="max_input_size=50")
    assert out.read_text("utf-8").split("\n")[1]


def test_what_is_typed(ctranslate2_export):
    typed = f"{SOURCES[0]}\ndl=7\n{SOURCES[0]}\nq\n"
    ended = run_command(
        "t2t-decoder", "--decode_interactive", export_dir=ctranslate2_export, typed=typed
    )
    first, second = ended.out.splitlines()
    assert ended.status == 0 and first == second
    assert "decodes with extra_length=2, not 7" in ended.err


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"model": "transformer"}, "--model has no effect with --export_dir: an export says"),
        ({"output_dir": "runs"}, "--output_dir has no effect with --export_dir: give either"),
        ({"hparams": "num_heads=2"}, "--hparams has no effect with --export_dir"),
        ({"decode_hparams": "beam_size=3"}, "decodes with beam_size=2, not 3: export the model"),
        ({"decode_hparams": "extra_length=9"}, "decodes with extra_length=2, not 9"),
        ({"decode_hparams": "return_beams=True"}, "return_beams=True has no effect on an export"),
        ({"decode_hparams": "max_input_size=51"}, "takes 50 tokens of a source, not max_input"),
        ({"decode_hparams": "beam=1"}, "Unknown hyperparameter type for beam"),
        ({"problem": PROBLEM}, "Missing --data_dir"),
    ],
)
def test_what_an_export_has_fixed_is_refused(ctranslate2_export, source, flags, words):
    named = {"export_dir": ctranslate2_export, "decode_from_file": source}
    assert words in refusal("t2t-decoder", **named, **flags)
    assert [path.name for path in source.parent.iterdir()] == ["in"]
