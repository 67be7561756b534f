"""The fertility student: equal to the NumPy student on a repeated source, and what it prepares."""

from dataclasses import replace

import numpy as np
import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.models.network import Canvas
from t2t_hint_nart.models.transformer_nat_fertility import ALIGNMENT_FILE, Advice
from t2t_hint_nart.models.variables import named_variables
from tests.models.same_output import assert_same_output
from tests.models.tiny_networks import (
    COMPARED,
    HEADS,
    VOCAB,
    WIDTH,
    oracle_name,
    tiny_network,
    to_numpy,
)
from tests.oracles.timing_signal import timing_signal
from tests.oracles.transformer_nat import student_forward

INPUTS = np.array([[5, 6, 7, 1, 0], [8, 1, 0, 0, 0], [4, 5, 9, 2, 1]], np.int32)
TARGETS = np.array([[4, 9, 1, 0, 0, 0], [9, 3, 2, 8, 5, 1], [6, 1, 0, 0, 0, 0]], np.int32)
PAIRS = [
    ([token for token in source if token], [token for token in target if token])
    for source, target in zip(INPUTS.tolist(), TARGETS.tolist(), strict=True)
]
NO_DROPOUT = {"layer_prepostprocess_dropout": 0.0, "attention_dropout": 0.0, "relu_dropout": 0.0}


class DigestedPairs(list):
    """Pairs of training that say what tells them from others."""

    digest = "these"


def build(**changes):
    model = tiny_network(
        "transformer_nat_fertility",
        "transformer_nat_fertility_multi30k",
        fertility_classes=6,
        **{**NO_DROPOUT, **changes},
    )
    model.prepare(PAIRS, "")
    return model


@pytest.fixture(scope="module")
def student():
    return build()


def oracle_forward(model, fertilities, mask):
    params = {
        oracle_name(name): variable.numpy()
        for name, variable in named_variables(model).items()
        if not name.startswith("fertility")
    }
    params["source_embedding"] = params["softmax"]

    def copy(source, source_lengths, target_lengths, length):
        placed = source + timing_signal(source.shape[1], WIDTH)
        copied = np.zeros((len(source), length, WIDTH))
        for b, (row, times) in enumerate(zip(placed, fertilities, strict=True)):
            rows = np.repeat(row, times, axis=0)
            copied[b, : len(rows)] = rows
        return copied

    return student_forward(params, INPUTS, mask, HEADS, True, copy=copy)


def test_in_training_it_is_the_student_on_aligned_fertilities(student):
    output = student(INPUTS, TARGETS, training=True, probes=COMPARED)
    fertilities = np.array(student._aligned(INPUTS, TARGETS, Advice()))
    expected = oracle_forward(student, fertilities, TARGETS != 0)
    assert_same_output(to_numpy(output), expected, TARGETS != 0)
    assert list(output.terms) == ["fertility"]
    assert float(output.terms["fertility"].count) == 8


def test_otherwise_its_own_fertilities_are_repeated(student):
    source = student.encode(INPUTS)
    fertilities = np.array(source.fertilities)
    lengths = fertilities.sum(axis=1)
    mask = np.arange(lengths.max()) < lengths[:, None]
    output = student.decode(source, Canvas(mask), probes=COMPARED)
    assert_same_output(to_numpy(output), oracle_forward(student, fertilities, mask), mask)
    assert fertilities[INPUTS == 1].tolist() == [1, 1, 1]


def test_evaluation_needs_no_alignment_and_has_no_term(student):
    fresh = tiny_network(
        "transformer_nat_fertility",
        "transformer_nat_fertility_multi30k",
        fertility_classes=6,
        **NO_DROPOUT,
    )
    ours, theirs = (model(INPUTS, TARGETS) for model in (fresh, student))
    np.testing.assert_array_equal(ours.logits, theirs.logits)
    assert not ours.terms and not theirs.terms
    with pytest.raises(InputError, match="call prepare"):
        fresh(INPUTS, TARGETS, training=True)


@pytest.mark.parametrize("training", [True, False])
def test_a_sentence_depends_on_nothing_else(student, training):
    together = student(INPUTS, TARGETS, training=training)
    for row, (source, target) in enumerate(PAIRS):
        alone = student(np.array([source]), np.array([target]), training=training)
        got = np.array(together.logits)[row, : len(target)]
        np.testing.assert_allclose(got, np.array(alone.logits)[0], 1e-9, 1e-9)


def test_longer_padding_changes_nothing(student):
    inputs, targets = (np.pad(ids, [[0, 0], [0, 3]]) for ids in (INPUTS, TARGETS))
    for training in (True, False):
        padded = student(inputs, targets, training=training)
        output = student(INPUTS, TARGETS, training=training)
        got = np.array(padded.logits)[:, : TARGETS.shape[1]][TARGETS != 0]
        np.testing.assert_allclose(got, np.array(output.logits)[TARGETS != 0], 1e-9, 1e-9)
        for name, term in output.terms.items():
            assert float(padded.terms[name].total) == pytest.approx(float(term.total), rel=1e-9)


def test_a_canvas_shows_what_is_known(student):
    shown = np.array([[True] + [False] * 5, [False] * 6, [False] * 6])
    canvas = Canvas(TARGETS != 0, np.where(shown, TARGETS, 0), shown)
    output = student(INPUTS, TARGETS, training=True, canvas=canvas)
    plain = student(INPUTS, TARGETS, training=True)
    changed = ~np.isclose(np.array(output.logits), np.array(plain.logits)).all(axis=(1, 2))
    assert changed.tolist() == [True, False, False]


def test_the_alignment_is_kept_with_the_run_and_not_with_the_weights(
    student, tmp_path, monkeypatch
):
    weights = set(named_variables(student))
    assert {name for name in weights if "fertility" in name} == {
        "fertility/kernel",
        "fertility/bias",
    }
    student.prepare(PAIRS, str(tmp_path))
    kept = student.word_alignment
    assert (tmp_path / ALIGNMENT_FILE).exists()
    # Found again: the pairs aren't read.
    student.prepare(iter(()), str(tmp_path))
    np.testing.assert_array_equal(student.word_alignment.keys, kept.keys)
    assert set(named_variables(student)) == weights
    # One of others is measured anew, but not an earlier version's, which doesn't say.
    for digest, expected in {"": (9.0, ""), "others": (kept.tension, "these")}.items():
        replace(kept, tension=9.0, digest=digest).write(tmp_path / ALIGNMENT_FILE)
        student.prepare(DigestedPairs(PAIRS), str(tmp_path))
        assert (student.word_alignment.tension, student.word_alignment.digest) == expected
    monkeypatch.setattr(student, "vocab_size", VOCAB + 1)
    with pytest.raises(InputError, match=f"is of {VOCAB} target ids"):
        student.prepare(PAIRS, str(tmp_path))


def test_what_is_predicted_may_be_chosen_otherwise(student):
    source = student.encode(INPUTS)
    assert student.fertility_logits(source).shape == (3, 5, 6)
    chosen, lengths = student.with_fertilities(source, np.full(INPUTS.shape, 9, np.int32))
    # Twice the source, EOS once.
    assert np.array(lengths).tolist() == [8, 4, 10]
    assert np.array(chosen.fertilities)[1].tolist() == [3, 1, 0, 0, 0]
    chosen, lengths = student.with_fertilities(source, np.zeros(INPUTS.shape, np.int32))
    assert np.array(lengths).tolist() == [2, 2, 2]


def test_the_encoders_output_may_be_copied():
    model = build(decoder_input_type="hard_uniform_encoder_output")
    source = model.encode(INPUTS)
    expected = np.array(source.source.states) + timing_signal(INPUTS.shape[1], WIDTH)
    np.testing.assert_allclose(np.array(source.copied), expected)
