"""One sentence, one translation: whichever way, in whatever company it is translated."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.decoding.reading import complete_sentences
from t2t_hint_nart.serving.export_decoding import decode_of_export
from t2t_hint_nart.serving.translator import Translator
from tests.commands import succeed
from tests.e2e.conftest import BEAM, PROBLEM, STUDENT, USR_DIR

HALFWIDTH = 4
# Nothing that occurs in the training data: empty, longer than any, other characters, escapes.
STRANGE = ["", "7", "1 2 " * 15 + "3", "Grüße, 1 2!", "\\_u;\\95;", "日本 1"]


@pytest.fixture(scope="module")
def sources(experiment):
    """The dev set with strange sentences in its midst."""
    dev = [source for source, _ in experiment.pairs("dev")]
    assert len(dev) == 100
    return [*dev[:50], *STRANGE, *dev[50:]]


@pytest.fixture(scope="module")
def references(experiment):
    dev = [target for _, target in experiment.pairs("dev")]
    return [*dev[:50], *STRANGE, *dev[50:]]


@pytest.fixture(scope="module")
def source_file(sources, tmp_path_factory):
    path = tmp_path_factory.mktemp("sources") / "dev.txt"
    path.write_text("".join(f"{line}\n" for line in sources), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def encoders(experiment):
    return registry.problem(PROBLEM).get_feature_encoders(experiment.data_dir)


def lines(path):
    return Path(path).read_text(encoding="utf-8").split("\n")[:-1]


@pytest.fixture(scope="module")
def teacher_lines(experiment, source_file, tmp_path_factory):
    """t2t-decoder's translations by beam search."""
    out = tmp_path_factory.mktemp("teacher") / "out.txt"
    succeed(
        "t2t-decoder",
        **experiment.flags("teacher"),
        decode_hparams=BEAM,
        decode_from_file=source_file,
        decode_to_file=out,
    )
    return lines(out)


@pytest.fixture(scope="module")
def student_process(experiment, source_file, tmp_path_factory):
    """t2t-decoder's translations in one pass, by its console script in a fresh process."""
    out = tmp_path_factory.mktemp("student") / "out.txt"
    flags = {
        **experiment.flags(STUDENT),
        "t2t_usr_dir": USR_DIR,
        "decode_from_file": source_file,
        "decode_to_file": out,
    }
    command = Path(sys.executable).with_name("t2t-decoder")
    ended = subprocess.run(
        [command, *(f"--{name}={value}" for name, value in flags.items())],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended, lines(out)


@pytest.fixture(scope="module")
def student_lines(student_process):
    return student_process[1]


def test_the_teacher_reverses(sources, references, teacher_lines):
    assert len(teacher_lines) == len(sources)
    right = sum(map(str.__eq__, teacher_lines, references))
    assert right > 70


def test_the_exported_teacher_gives_the_decoders_text(sources, teacher_lines, teacher):
    assert teacher.translate(sources) == teacher_lines


def test_the_exported_student_gives_the_decoders_text(sources, student_lines, student):
    assert student.translate(sources) == student_lines


def test_the_command_is_quiet(student_process, sources):
    """TensorFlow's start is not heard of; what remains is the command's own progress."""
    ended, _ = student_process
    said = ended.stderr.splitlines()
    count = len(sources)
    assert any(line.startswith("Inference time ") for line in said)
    noise = ("WARNING", "I0000", "W0000", "E0000", "tensorflow", "cuda", "oneDNN", "Warning")
    assert [line for line in said if any(word in line for word in noise)] == []
    assert ended.stdout.startswith(f"{count} sentences")


def translated(decode, encoders, sources, batch_size):
    """Best text and score of every sentence."""
    translator = Translator(decode, encoders, batch_size)
    found = [hypotheses[0] for hypotheses in translator.translate(sources)]
    return [best.text for best in found], np.asarray([best.score for best in found])


@pytest.fixture(scope="module")
def rescored(student, teacher):
    return decode_of_export(student.export, f"length_halfwidth={HALFWIDTH}", teacher.scorer)


@pytest.mark.parametrize("way", ["teacher", "student", "rescored"])
def test_a_translation_does_not_depend_on_the_batch(way, request, encoders, sources):
    found = request.getfixturevalue(way)
    decode = found if way == "rescored" else decode_of_export(found.export)
    alone, alone_scores = translated(decode, encoders, sources, 1)
    together, together_scores = translated(decode, encoders, sources, 32)
    assert alone == together
    np.testing.assert_allclose(alone_scores, together_scores, rtol=1e-3, atol=1e-3)


def test_rescoring_on_the_command_line(
    experiment, encoders, sources, source_file, rescored, student_lines, tmp_path
):
    succeed(
        "t2t-decoder",
        **experiment.flags(STUDENT),
        teacher_export_dir=experiment.export_dir("teacher"),
        decode_hparams=f"length_halfwidth={HALFWIDTH}",
        decode_from_file=source_file,
        decode_to_file=tmp_path / "out.txt",
    )
    found = lines(tmp_path / "out.txt")
    assert found == translated(rescored, encoders, sources, 32)[0]
    assert found != student_lines


def test_the_teacher_likes_its_choice_at_least_as_much_as_the_one_pass_candidate(
    encoders, sources, student, teacher, rescored
):
    translator = Translator(rescored, encoders)
    # Of an empty source nobody is asked.
    batch = [translator.encode(source) for source in sources if source]
    inputs = tf.ragged.constant(batch, dtype=tf.int32).to_tensor()
    one_pass = complete_sentences(student.decode(inputs)[0])
    chosen, scores = (values[:, 0] for values in rescored(inputs))
    one_pass_score = teacher.score(inputs, one_pass).numpy()
    chosen_score = teacher.score(inputs, chosen).numpy()
    np.testing.assert_allclose(chosen_score, scores, rtol=1e-4, atol=1e-3)
    assert (chosen_score >= one_pass_score - 1e-3).all()
    assert (chosen_score > one_pass_score + 0.1).any()


@pytest.mark.parametrize("halfwidth", [0, 2])
def test_the_student_is_told_the_sources_length_and_no_other(student, halfwidth):
    """What it is asked for has length Tx + C + δ: less only where it says EOS itself."""
    inputs = tf.constant([[5, 6, 7, 8, 9, 1], [5, 6, 1, 0, 0, 0], [7, 1, 0, 0, 0, 0]])
    bias = student.metadata.decode_hparams["length_bias"]
    ids = student.call("candidates", inputs=inputs, halfwidth=tf.constant(halfwidth))["outputs"]
    assert ids.shape[1] == 2 * halfwidth + 1
    for source_length, candidates in zip([6, 3, 2], ids.numpy(), strict=True):
        for delta, row in zip(range(-halfwidth, halfwidth + 1), candidates, strict=True):
            asked = max(source_length + bias + delta, 1)
            length = np.count_nonzero(row)
            assert length == asked or (length < asked and row[length - 1] == 1)


def test_what_is_typed_is_translated(experiment, sources, student_lines):
    typed = "\n".join([*sources[:3], "", "q", "1 2"])
    out = succeed("t2t-decoder", "--decode_interactive", **experiment.flags(STUDENT), typed=typed)
    assert out.replace(">", "").splitlines() == [*student_lines[:3], ""]
