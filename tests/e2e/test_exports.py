"""The SavedModels of teacher and student, as those see them who load them."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.exports.metadata import read_metadata
from t2t_hint_nart.output_dir import create_hparams
from t2t_hint_nart.serving.trained_model import load_trained
from tests.commands import succeed
from tests.e2e.conftest import PROBLEM, STUDENT, STUDENT_SET, TEACHER_SET

# What a user writes who has the export and no more; not a word of this package.
SCRIPT = """
import sys
import tensorflow as tf
import tensorflow_text
for export_dir in sys.argv[1:]:
    model = tf.saved_model.load(export_dir).signatures["serving_default"]
    lines = open("source.txt", encoding="utf-8").read().split("\\n")[:-1]
    outputs = model(text=tf.constant(lines))["outputs"].numpy()
    print("\\n".join(output.decode("utf-8") for output in outputs))
assert "t2t_hint_nart" not in sys.modules
"""


@pytest.fixture(scope="module")
def encoders(experiment):
    return registry.problem(PROBLEM).get_feature_encoders(experiment.data_dir)


@pytest.fixture(scope="module")
def pairs(experiment, encoders):
    """A batch of ids out of the dev set: inputs, targets."""
    texts = experiment.pairs("dev")[:12]
    return tuple(
        tf.ragged.constant(
            [[*encoders[side].encode(text), 1] for text in column], dtype=tf.int32
        ).to_tensor()
        for side, column in zip(("inputs", "targets"), zip(*texts, strict=True), strict=True)
    )


def in_memory(experiment, system):
    flags = experiment.flags(system)
    hparams = create_hparams(flags["hparams_set"], output_dir=flags["output_dir"], say=lambda _: 0)
    problem = registry.problem(flags["problem"])
    return load_trained(
        flags["model"], hparams, problem, experiment.data_dir, flags["checkpoint_path"]
    )


def test_a_script_without_this_package_translates_the_test_set(experiment, tmp_path):
    """Its text is that of the report, for teacher and student."""
    sources, _ = zip(*experiment.pairs("test"), strict=True)
    (tmp_path / "source.txt").write_text("".join(f"{line}\n" for line in sources))
    (tmp_path / "script.py").write_text(SCRIPT)
    systems = {"teacher": "beam4", STUDENT: "one_pass"}
    ended = subprocess.run(
        [sys.executable, "script.py", *(experiment.saved_model(system) for system in systems)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    decodes = experiment.directory / "decodes"
    assert ended.stdout == "".join(
        (decodes / f"{system}.{decoding}.txt").read_text() for system, decoding in systems.items()
    )


def test_saved_model_cli_shows_the_signature(experiment):
    command = Path(sys.executable).with_name("saved_model_cli")
    export_dir = experiment.saved_model(STUDENT)
    ended = subprocess.run(
        [command, "show", "--dir", export_dir, "--tag_set", "serve", "--signature_def",
         "serving_default"],
        capture_output=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    shown = " ".join(ended.stdout.split())
    assert "inputs['text'] tensor_info: dtype: DT_STRING shape: (-1)" in shown
    assert "outputs['outputs'] tensor_info: dtype: DT_STRING shape: (-1)" in shown
    assert "outputs['scores'] tensor_info: dtype: DT_FLOAT shape: (-1)" in shown


@pytest.mark.parametrize("system", ["teacher", "student"])
def test_hints_are_what_the_model_in_memory_gives(experiment, system, pairs, request):
    exported = request.getfixturevalue(system)
    trained = in_memory(experiment, {"student": STUDENT}.get(system, system))
    inputs, targets = pairs
    seen = exported.call("hints", inputs=inputs, targets=targets)
    names = ("hidden", "hidden_normed", "attention")
    passed = trained.model(inputs, targets, training=False, probes=names)
    output = {"logits": passed.logits, **passed.probes}
    assert set(seen) == set(output)
    sizes = {"B": 12, "N": 1, "H": 4, "D": 32, "S": inputs.shape[1], "T": targets.shape[1]}
    sizes["V"] = exported.metadata.vocabularies["targets"]["size"]
    for name, shape in (
        ("logits", "BTV"),
        ("hidden", "BNTD"),
        ("hidden_normed", "BNTD"),
        ("attention", "BNHTS"),
    ):
        assert seen[name].shape == [sizes[letter] for letter in shape]
        np.testing.assert_allclose(seen[name], output[name], rtol=1e-3, atol=1e-4)


def test_hints_are_the_same_twice(teacher, pairs):
    """No dropout, nothing that is left over from another call."""
    inputs, targets = pairs
    first = teacher.hints(inputs, targets)
    teacher.hints(inputs[:3], targets[:3])
    again = teacher.hints(inputs, targets)
    np.testing.assert_array_equal(first.logits, again.logits)
    for name, probe in first.probes.items():
        np.testing.assert_array_equal(probe, again.probes[name])


def test_a_score_is_the_sum_of_the_tokens_log_probabilities(teacher, pairs):
    inputs, targets = pairs
    scored = teacher.call("score", inputs=inputs, targets=targets)
    logits = teacher.hints(inputs, targets).logits.numpy().astype(np.float64)
    log_probs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    tokens = np.take_along_axis(log_probs, targets.numpy()[..., None], axis=-1)[..., 0]
    tokens = np.where(targets.numpy() == 0, 0.0, tokens)
    np.testing.assert_allclose(scored["token_log_prob"], tokens, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(scored["log_prob"], tokens.sum(1), rtol=1e-4, atol=1e-4)
    assert (scored["log_prob"].numpy() < 0).all()


def test_sources_encoded_once_score_alike(teacher, pairs):
    inputs, targets = pairs
    wider = tf.pad(inputs, [[0, 0], [0, 3]])
    for source in (teacher.encode(inputs), teacher.encode(wider)):
        scored = teacher.score_encoded(source, targets)
        np.testing.assert_allclose(scored, teacher.score(inputs, targets), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("system", ["teacher", "student"])
def test_examples_as_tensor2tensor_serves_them(system, pairs, request):
    exported = request.getfixturevalue(system)
    inputs = pairs[0]
    examples = [
        tf.train.Example(
            features=tf.train.Features(
                feature={"inputs": tf.train.Feature(int64_list=tf.train.Int64List(value=row))}
            )
        ).SerializeToString()
        for row in ([i for i in row if i] for row in inputs.numpy().tolist())
    ]
    seen = exported.call("serving_example", input=tf.constant(examples))
    outputs, scores = exported.decode(inputs)
    np.testing.assert_array_equal(seen["outputs"], outputs)
    np.testing.assert_array_equal(seen["scores"], scores)


def test_greedy_is_a_beam_of_one(teacher, pairs):
    greedy = teacher.call("greedy", inputs=pairs[0])
    beam, scores = teacher.decode(pairs[0])
    np.testing.assert_array_equal(greedy["outputs"][:, 0], beam[:, 0])
    assert (greedy["scores"].numpy() <= scores.numpy() + 1e-4).all()


def test_what_an_export_says_of_itself(experiment, teacher, student, encoders):
    fingerprint = encoders["targets"].fingerprint()
    for exported, model, name, system in (
        (teacher, "transformer", TEACHER_SET, "teacher"),
        (student, "transformer_nat", STUDENT_SET, STUDENT),
    ):
        facts = exported.metadata
        vocabulary = {"size": encoders["targets"].vocab_size, "fingerprint": fingerprint}
        assert facts.model == model
        assert facts.vocabularies == {"inputs": vocabulary, "targets": vocabulary}
        assert facts.probes["attention"] == {"layers": 1, "heads": 4}
        assert facts.probes["hidden"] == facts.probes["hidden_normed"] == {"layers": 1, "size": 32}
        assert facts.dtype == "float32"
        assert experiment.checkpoint(system).endswith(f"model.ckpt-{facts.step}")
        assert set(facts.hparams) == set(registry.hparams(name).values())
    assert (teacher.metadata.step, student.metadata.step) == (480, 200)
    assert (teacher.metadata.strategy, student.metadata.strategy) == ("beam", "one_pass")
    assert student.metadata.decode_hparams["length_bias"] == 0
    assert list(teacher.metadata.capabilities) == ["translates", "scores", "gives_hints"]
    assert list(student.metadata.capabilities) == ["translates", "gives_hints"]
    assert teacher.metadata.weights_fingerprint != student.metadata.weights_fingerprint


def test_the_command_exports_the_same_model_and_overwrites_nothing(experiment, student, tmp_path):
    flags = {**experiment.flags(STUDENT), "export_dir": tmp_path / "export"}
    out = succeed("t2t-exporter", **flags, decode_hparams="length_bias=2")
    assert f"Step 200 exported to {tmp_path / 'export' / '1'}" in out
    made = read_metadata(tmp_path / "export")
    assert made.weights_fingerprint == student.metadata.weights_fingerprint
    biases = [facts.decode_hparams["length_bias"] for facts in (made, student.metadata)]
    assert biases == [2, 0]
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "export" / "1").rglob("*")}
    assert f"exported to {tmp_path / 'export' / '2'}" in succeed("t2t-exporter", **flags)
    assert read_metadata(tmp_path / "export").decode_hparams["length_bias"] == 0
    assert [path.name for path in sorted((tmp_path / "export").iterdir())] == ["1", "2"]
    assert files == {path: path.stat().st_mtime_ns for path in files}
