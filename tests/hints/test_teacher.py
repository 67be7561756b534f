"""The teacher out of a SavedModel: its hints, what it refuses, and that it stays outside."""

import dataclasses
import gc
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.metadata import (
    DECODE,
    ENCODE,
    HINTS,
    METADATA_FILE,
    SCORE,
    SCORE_ENCODED,
    ExportMetadata,
)
from t2t_hint_nart.hints.teacher import Teacher

VOCAB, LAYERS, HEADS, WIDTH = 6, 2, 3, 4
IDS = tf.TensorSpec([None, None], tf.int32)
INPUTS = tf.constant([[2, 3, 1], [4, 1, 0]])
TARGETS = tf.constant([[5, 1], [3, 1]])

METADATA = ExportMetadata(
    model="transformer",
    problem="reverse",
    vocab_size=VOCAB,
    vocab_fingerprint="f" * 64,
    num_decoder_layers=LAYERS,
    num_heads=HEADS,
    hidden_size=WIDTH,
    dtype="float32",
    step=1234,
    length_bias=None,
    decode_hparams={"beam_size": 4},
    hparams={"hidden_size": WIDTH},
    weights_fingerprint="0" * 64,
)


class TableTeacher(tf.Module):
    """States are a table's rows; attention is uniform."""

    def __init__(self):
        super().__init__()
        self.table = tf.Variable(
            np.random.default_rng(51).normal(size=(VOCAB, WIDTH)), dtype=tf.float32
        )

    @tf.function(input_signature=[IDS, IDS])
    def hints(self, inputs, targets):
        states = tf.gather(self.table, targets)[:, None] * tf.ones([1, LAYERS, 1, 1])
        batch, source = tf.shape(inputs)[0], tf.shape(inputs)[1]
        attention = tf.ones([batch, LAYERS, HEADS, tf.shape(targets)[1], source])
        return {
            "logits": tf.matmul(states[:, 0], self.table, transpose_b=True),
            "hidden": states,
            "hidden_normed": -states,
            "attention": attention / tf.cast(source, tf.float32),
        }

    @tf.function(input_signature=[IDS, IDS])
    def score(self, inputs, targets):
        token = -tf.cast(targets, tf.float32)
        return {"log_prob": tf.reduce_sum(token, 1), "token_log_prob": token}

    @tf.function(input_signature=[IDS])
    def encode(self, inputs):
        return {"encoded": tf.gather(self.table, inputs), "source_mask": inputs != 0}

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None, WIDTH], tf.float32, "encoded"),
            tf.TensorSpec([None, None], tf.bool, "source_mask"),
            IDS,
        ]
    )
    def score_encoded(self, encoded, source_mask, targets):
        read = tf.where(source_mask, tf.reduce_sum(encoded, 2), 0.0)
        return {"log_prob": tf.reduce_sum(read, 1) - tf.cast(tf.reduce_sum(targets, 1), tf.float32)}

    @tf.function(input_signature=[IDS])
    def decode(self, inputs):
        return {"outputs": tf.reverse(inputs, [1]), "scores": tf.zeros(tf.shape(inputs)[:1])}


def export(directory, without=(), **facts):
    """Write a SavedModel with its metadata."""
    module = TableTeacher()
    signatures = {
        HINTS: module.hints,
        SCORE: module.score,
        ENCODE: module.encode,
        SCORE_ENCODED: module.score_encoded,
        DECODE: module.decode,
    }
    kept = {name: function for name, function in signatures.items() if name not in without}
    tf.saved_model.save(module, str(directory), signatures=kept)
    dataclasses.replace(METADATA, **facts).write(directory)
    return module.table.numpy()


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    directory = tmp_path_factory.mktemp("export") / "teacher"
    return directory, export(directory)


@pytest.fixture(scope="module")
def teacher(exported):
    loaded = Teacher(exported[0])
    gc.collect()  # whatever isn't kept alive is gone
    return loaded


def test_hints(exported, teacher):
    table = exported[1]
    output = teacher.hints(INPUTS, TARGETS)
    states = np.repeat(table[TARGETS.numpy()][:, None], LAYERS, axis=1)
    np.testing.assert_array_equal(output.hidden, states)
    np.testing.assert_array_equal(output.hidden_normed, -states)
    np.testing.assert_allclose(output.logits, states[:, 0] @ table.T, 1e-5, 1e-6)
    np.testing.assert_allclose(output.attention, np.full((2, LAYERS, HEADS, 2, 3), 1 / 3))


def test_hints_have_no_gradient(teacher):
    """Not even to its own variables, should a tape be open."""
    with tf.GradientTape() as tape:
        total = sum(tf.reduce_sum(value) for value in teacher.hints(INPUTS, TARGETS))
    watched = tape.watched_variables()
    assert watched, "TensorFlow watches what a SavedModel's function reads"
    assert all(gradient is None for gradient in tape.gradient(total, watched))


def test_score_and_decode(teacher):
    assert teacher.score(INPUTS, TARGETS).numpy().tolist() == [-6.0, -4.0]
    outputs, scores = teacher.decode(INPUTS)
    assert outputs.numpy().tolist() == [[1, 3, 2], [0, 1, 4]] and scores.shape == (2,)


def test_sources_are_encoded_once(exported, teacher):
    encoded, mask = teacher.encode(INPUTS)
    np.testing.assert_array_equal(encoded, exported[1][INPUTS.numpy()])
    np.testing.assert_array_equal(mask, INPUTS.numpy() != 0)
    twice = (tf.repeat(encoded, 2, 0), tf.repeat(mask, 2, 0))
    read = np.where(mask, exported[1][INPUTS.numpy()].sum(2), 0).sum(1)
    expected = np.repeat(read, 2) - np.array([6, 4, 6, 4])
    got = teacher.score_encoded(twice, tf.concat([TARGETS, TARGETS], 0))
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


def test_an_older_export_says_what_it_lacks(tmp_path):
    export(tmp_path / "teacher", without=[ENCODE])
    with pytest.raises(InputError, match="no signature 'encode'; it has decode, hints, score"):
        Teacher(tmp_path / "teacher").encode(INPUTS)


def test_works_inside_a_graph(teacher):
    got = tf.function(teacher.hints)(INPUTS, TARGETS)
    np.testing.assert_array_equal(got.hidden, teacher.hints(INPUTS, TARGETS).hidden)


def test_is_not_tracked_by_a_model(teacher, tmp_path):
    """As an attribute of a model it adds nothing to the model's variables or checkpoint."""
    student = keras.Sequential([keras.layers.Dense(2)])
    student.build((None, 3))
    before = len(student.variables)
    student.teacher = teacher
    path = tf.train.Checkpoint(student=student).write(str(tmp_path / "student"))
    saved = dict(tf.train.list_variables(path))
    assert len(student.variables) == before
    assert [VOCAB, WIDTH] not in saved.values()
    assert sorted(shape for shape in saved.values() if shape) == [[2], [3, 2]]


FITTING = {
    "vocab_fingerprint": "f" * 64,
    "vocab_size": VOCAB,
    "num_decoder_layers": LAYERS,
    "num_heads": HEADS,
}


def test_a_fitting_student(teacher):
    teacher.check_fits(**FITTING)


@pytest.mark.parametrize(
    "name, value, words",
    [
        ("vocab_size", 7, "vocabulary size is 6, the student's is 7"),
        ("vocab_fingerprint", "e" * 64, "vocabulary .sha256. is f{64}, the student's is e{64}"),
        ("num_decoder_layers", 5, "number of decoder layers is 2, the student's is 5"),
        ("num_heads", 8, "number of heads is 3, the student's is 8"),
    ],
)
def test_a_student_that_does_not_fit(teacher, name, value, words):
    with pytest.raises(InputError, match=f"doesn't fit the student: its {words}"):
        teacher.check_fits(**{**FITTING, name: value})


def test_another_dtype(exported, tmp_path):
    copy = shutil.copytree(exported[0], tmp_path / "half")
    dataclasses.replace(METADATA, dtype="bfloat16").write(copy)
    with pytest.raises(InputError, match="dtype is bfloat16, the student's is float32"):
        Teacher(copy).check_fits(**FITTING)


def assert_refused(directory, *parts):
    with pytest.raises(InputError) as raised:
        Teacher(directory)
    message = str(raised.value)
    assert "\n" not in message and str(directory) in message
    assert all(part in message for part in parts), message


@pytest.mark.parametrize("missing", [HINTS, SCORE])
def test_an_export_that_is_no_teacher(tmp_path, missing):
    export(tmp_path / "student", without=[missing], model="transformer_nat")
    assert_refused(tmp_path / "student", "'transformer_nat'", f"no signature '{missing}'", DECODE)


def test_no_export(tmp_path):
    assert_refused(tmp_path, "No SavedModel")
    assert_refused(tmp_path / "nowhere", "No SavedModel")


def garble(name):
    def damage(directory):
        (directory / name).write_bytes(b"\x00garbled\xff" * 9)

    return damage


def cut_variables(directory):
    data = directory / "variables" / "variables.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:10])


def remove_variables(directory):
    shutil.rmtree(directory / "variables")


def remove_metadata(directory):
    (directory / METADATA_FILE).unlink()


def metadata_of_another_format(directory):
    dataclasses.replace(METADATA, format=99).write(directory)


def incomplete_metadata(directory):
    (directory / METADATA_FILE).write_text('{"model": "transformer"}')


@pytest.mark.parametrize(
    "damage",
    [
        garble("saved_model.pb"),
        garble(METADATA_FILE),
        cut_variables,
        remove_variables,
        remove_metadata,
        metadata_of_another_format,
        incomplete_metadata,
    ],
)
def test_a_damaged_export(exported, tmp_path, damage):
    copy = shutil.copytree(exported[0], tmp_path / "copy")
    damage(copy)
    assert_refused(copy)
