"""What one export does for another model: hints, scores, translations, and who fits whom."""

import dataclasses
import gc
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.data.problem_identity import identity_of
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.capabilities import ExportedScorer, ExportedTranslator, HintGiver
from t2t_hint_nart.exports.metadata import ENCODE, GIVES_HINTS, SCORES, TRANSLATES
from t2t_hint_nart.exports.runtime import open_export
from tests.exports.table_exports import (
    FINGERPRINT,
    FORMAT_1,
    FORMAT_1_STUDENT,
    HEADS,
    INPUTS,
    LAYERS,
    METADATA,
    TARGETS,
    VOCAB,
    WIDTH,
    TableStudent,
    TableTeacher,
    write_json,
    write_saved_model,
)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Directories of a teacher by the format of its metadata, and the table in both."""
    root = tmp_path_factory.mktemp("exports")
    tables = [write_saved_model(root / name, TableTeacher()) for name in ("new", "old")]
    METADATA.write(root / "new")
    write_json(root / "old", FORMAT_1)
    assert np.array_equal(*tables)
    return root, tables[0]


@pytest.fixture(scope="module", params=["new", "old"])
def directory(request, exported):
    return exported[0] / request.param


@pytest.fixture(scope="module")
def table(exported):
    return exported[1]


@pytest.fixture(scope="module")
def giver(directory):
    opened = HintGiver(directory)
    gc.collect()  # whatever isn't kept alive is gone
    return opened


@pytest.fixture(scope="module")
def scorer(directory):
    return ExportedScorer(str(directory))


def test_hints(giver, table):
    output = giver.hints(INPUTS, TARGETS)
    states = np.repeat(table[TARGETS.numpy()][:, None], LAYERS, axis=1)
    assert set(output.probes) == {"hidden", "hidden_normed", "attention"}
    np.testing.assert_array_equal(output.probes["hidden"], states)
    np.testing.assert_array_equal(output.probes["hidden_normed"], -states)
    np.testing.assert_allclose(output.logits, states[:, 0] @ table.T, 1e-5, 1e-6)
    uniform = np.full((2, LAYERS, HEADS, 2, 3), 1 / 3)
    np.testing.assert_allclose(output.probes["attention"], uniform)
    np.testing.assert_array_equal(output.mask, TARGETS != 0)


def test_hints_have_no_gradient(giver):
    """Not even to its own variables, should a tape be open."""
    with tf.GradientTape() as tape:
        output = giver.hints(INPUTS, TARGETS)
        total = sum(tf.reduce_sum(value) for value in (output.logits, *output.probes.values()))
    watched = tape.watched_variables()
    assert watched, "TensorFlow watches what a SavedModel's function reads"
    assert all(gradient is None for gradient in tape.gradient(total, watched))


def test_scores(scorer):
    assert scorer.score(INPUTS, TARGETS).numpy().tolist() == [-6.0, -4.0]


def test_translations(directory):
    outputs, scores = ExportedTranslator(directory).decode(INPUTS)
    assert outputs.numpy().tolist() == [[1, 3, 2], [0, 1, 4]] and scores.shape == (2,)


def test_sources_are_encoded_once(scorer, table):
    source = scorer.encode(INPUTS)
    np.testing.assert_array_equal(source["encoded"], table[INPUTS.numpy()])
    np.testing.assert_array_equal(source["source_mask"], INPUTS.numpy() != 0)
    twice = tf.nest.map_structure(lambda tensor: tf.repeat(tensor, 2, 0), source)
    read = np.where(INPUTS != 0, table[INPUTS.numpy()].sum(2), 0).sum(1)
    expected = np.repeat(read, 2) - np.array([6, 4, 6, 4])
    got = scorer.score_encoded(twice, tf.concat([TARGETS, TARGETS], 0))
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


def test_an_older_export_says_what_it_lacks(tmp_path):
    write_saved_model(tmp_path, TableTeacher(), without=[ENCODE])
    write_json(tmp_path, FORMAT_1)
    words = "no signature 'encode'; it has decode, greedy, hints, score"
    with pytest.raises(InputError, match=words):
        ExportedScorer(tmp_path).encode(INPUTS)


def test_works_inside_a_graph(giver):
    got = tf.function(giver.hints)(INPUTS, TARGETS)
    expected = giver.hints(INPUTS, TARGETS)
    np.testing.assert_array_equal(got.probes["hidden"], expected.probes["hidden"])


def test_is_not_tracked_by_a_model(giver, tmp_path):
    """As an attribute of a model it adds nothing to the model's variables or checkpoint."""
    student = keras.Sequential([keras.layers.Dense(2)])
    student.build((None, 3))
    before = len(student.variables)
    student.teacher = giver
    path = tf.train.Checkpoint(student=student).write(str(tmp_path / "student"))
    saved = dict(tf.train.list_variables(path))
    assert len(student.variables) == before
    assert [VOCAB, WIDTH] not in saved.values()
    assert sorted(shape for shape in saved.values() if shape) == [[2], [3, 2]]


def test_one_open_export_serves_several(directory):
    opened = open_export(directory)
    assert HintGiver(opened).export is ExportedScorer(opened).export is opened
    assert HintGiver(opened).export_dir == str(directory)


class Said:
    """An export of which there is only what it says about itself."""

    export_dir = "there"

    def __init__(self, **facts):
        self.metadata = dataclasses.replace(METADATA, **facts)


@pytest.mark.parametrize(
    ("capability", "name", "lacks"),
    [
        (HintGiver, GIVES_HINTS, "gives no hints: it has translates, scores"),
        (
            ExportedScorer,
            SCORES,
            "gives no probability of whole sentences: it has translates, gives_hints",
        ),
        (ExportedTranslator, TRANSLATES, "can't translate: it has scores, gives_hints"),
    ],
)
def test_what_lacks_the_capability_is_refused(capability, name, lacks):
    others = tuple(other for other in METADATA.capabilities if other != name)
    with pytest.raises(InputError) as caught:
        capability(Said(capabilities=others, model="transformer_nat"))
    assert str(caught.value) == f"there, a 'transformer_nat', {lacks}."
    with pytest.raises(InputError, match="it has no capability"):
        capability(Said(capabilities=()))
    with pytest.raises(InputError, match="It is for litert: --format=saved_model may have more.$"):
        capability(Said(capabilities=(), runtime="litert"))
    # One capability needs no other.
    assert capability(Said(capabilities=(name,))).metadata.capabilities == (name,)


def test_a_student_of_format_1_gives_hints_and_no_scores(tmp_path):
    write_saved_model(tmp_path, TableStudent())
    write_json(tmp_path, FORMAT_1_STUDENT)
    opened = open_export(tmp_path)
    assert HintGiver(opened).hints(INPUTS, TARGETS).logits.shape == (2, 2, VOCAB)
    assert ExportedTranslator(opened).decode(INPUTS)[0].shape == (2, 3)
    with pytest.raises(InputError, match="'transformer_nat', gives no probability of whole"):
        ExportedScorer(opened)


def vocabulary(fingerprint=FINGERPRINT, size=VOCAB):
    return SimpleNamespace(vocab_size=size, fingerprint=lambda: fingerprint)


def check(problem, inputs=None, targets=None, export=None):
    encoders = {"inputs": inputs or vocabulary(), "targets": targets or vocabulary()}
    wanted = identity_of(SimpleNamespace(name=problem), encoders)
    return ExportedScorer(export or Said(problem="news")).check_fits(wanted)


@pytest.mark.parametrize("side", ["inputs", "targets"])
@pytest.mark.parametrize(
    ("other", "words"),
    [
        (vocabulary(size=7), "size 6, that of news 7."),
        (vocabulary("e" * 64), f"fingerprint {FINGERPRINT}, that of news {'e' * 64}."),
    ],
)
def test_another_vocabulary_of_either_side_is_refused(side, other, words):
    with pytest.raises(InputError) as caught:
        check("news", **{side: other})
    assert str(caught.value) == (
        f"there doesn't fit news: its vocabulary of {side} has {words} Use the vocabulary that it "
        "was trained with."
    )


def test_of_format_1_the_vocabulary_of_the_targets_alone_is_known(exported):
    old = open_export(exported[0] / "old")
    assert check("reverse", inputs=vocabulary("e" * 64, 99), export=old) == ""
    with pytest.raises(InputError, match="its vocabulary of targets has size 6, that of reverse 9"):
        check("reverse", targets=vocabulary(size=9), export=old)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("news", "news_rev"),
        ("news_rev", "news"),
        ("news_rev", "news_distill"),
        ("news_distill", "news_rev"),
        ("news", "news_rev_distill"),
        ("news_rev_distill", "news"),
        ("news_rev_copy", "news_copy"),
    ],
)
def test_the_opposite_direction_is_refused(theirs, ours):
    with pytest.raises(InputError) as caught:
        check(ours, export=Said(problem=theirs))
    assert str(caught.value) == (
        f"there translates {theirs}, the opposite direction of {ours}; give a model of {ours}."
    )


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("news", "news"),
        ("news", "news_distill"),
        ("news_distill", "news"),
        ("news_rev", "news_rev_distill"),
        ("news_rev_distill", "news_rev"),
    ],
)
def test_distilled_data_are_those_of_their_problem(theirs, ours):
    assert check(ours, export=Said(problem=theirs)) == ""


@pytest.mark.parametrize("theirs", ["talks", "talks_rev", "news_copy"])
def test_another_problem_is_told_of(theirs):
    assert check("news", export=Said(problem=theirs)) == (
        f"there was trained on '{theirs}', not on 'news'"
    )


def test_hints_that_cannot_be_compared_are_refused():
    HintGiver(Said()).check_sizes("")
    with pytest.raises(InputError) as caught:
        HintGiver(Said()).check_sizes("its attention has 3 heads, the student's 8")
    assert str(caught.value) == (
        "The teacher there doesn't fit the student: its attention has 3 heads, the student's 8."
    )
    with pytest.raises(InputError, match="there computes in bfloat16, not float32"):
        HintGiver(Said(dtype="bfloat16")).check_sizes("")
