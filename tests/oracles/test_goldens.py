"""The oracles themselves, against T2T's golden values and sums done by hand."""

import numpy as np
import pytest

from tests.oracles import alignment_hint as align
from tests.oracles import hidden_hint as hidden
from tests.oracles import learning_rate, smoothed_cross_entropy

V1 = (1.7469e-7, 1.7487e-4, 6.9868e-4, 4.9408e-4, 3.4937e-4, 1.3975e-4)
V2 = (1.2353e-7, 1.2365e-4, 4.9423e-4, 9.8815e-4, 6.9875e-4, 2.7951e-4)
V3 = (0.0, 1.2353e-4, 4.9411e-4, 9.8821e-4, 6.9877e-4, 2.7951e-4)


# Three unit vectors in the plane; their cosines are 0 (1,2), 0.6 (1,3) and 0.8 (2,3).
PLANE = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])


def one_layer(states):
    return np.asarray(states, np.float64)[None, None]


def test_hidden_hint_by_hand():
    student = one_layer(PLANE)
    teacher = one_layer([[1.0, 0.0], [0.0, 1.0], [0.0, 2.0]])  # cosines 0, 0, 1
    mask = [[True, True, True]]
    # gamma_st 0.1, gamma_tr 0.9: (1,2) fails the student's threshold, (2,3) the teacher's.
    expected = 2.0 / (2 * 3 * 1) * -np.log(0.4)
    assert hidden.hidden_hint(student, teacher, mask, 0.1, 0.9) == pytest.approx([expected])
    assert hidden.gate_fraction(student, teacher, mask, 0.1, 0.9) == pytest.approx(1 / 3)
    # No thresholds: -log 1, -log 0.4, -log 0.2.
    everything = 2.0 / 6.0 * (-np.log(0.4) - np.log(0.2))
    assert hidden.hidden_hint(student, teacher, mask, -1.0, 1.0) == pytest.approx([everything])
    neighbours = 1.0 / 2.0 * -np.log(0.2)
    got = hidden.neighbor_hidden_hint(student, teacher, mask, -1.0, 1.0)
    assert got == pytest.approx([neighbours])
    exp = hidden.hidden_hint_exp(student, teacher, mask, -1.0, 1.0)
    assert exp == pytest.approx([(1.0 + np.exp(0.6) + np.exp(0.8)) / 3.0])
    identity = hidden.neighbor_hidden_hint_identity(student, teacher, mask, -1.0, 1.0)
    assert identity == pytest.approx([0.8 / 2.0])


def test_hidden_hint_thresholds_are_inclusive():
    student = one_layer([[1.0, 0.0], [0.0, 1.0]])
    mask = [[True, True]]
    for gamma_st, gamma_tr, gate in ((0.0, 0.0, 1.0), (0.01, 0.0, 0.0), (0.0, -0.01, 0.0)):
        assert hidden.gate_fraction(student, student, mask, gamma_st, gamma_tr) == gate


def test_hidden_hint_is_per_sentence_and_ignores_padding():
    rng = np.random.default_rng(1)
    student, teacher = rng.normal(size=(2, 4, 2, 5, 3))
    mask = np.arange(5) < np.array([[5], [3], [1], [0]])
    losses = hidden.hidden_hint(student, teacher, mask, -0.5, 0.5)
    assert losses[2] == losses[3] == 0.0
    alone = hidden.hidden_hint(student[1:2, :, :3], teacher[1:2, :, :3], mask[1:2, :3], -0.5, 0.5)
    assert losses[1] == pytest.approx(alone[0]) and losses[1] > 0.0
    padded = student.copy()
    padded[1, :, 3:] = np.nan
    assert np.array_equal(hidden.hidden_hint(padded, teacher, mask, -0.5, 0.5)[:2], losses[:2])


def test_hidden_hint_layers_are_averaged():
    both = np.stack([PLANE, PLANE[::-1]])[None]
    single = hidden.hidden_hint(one_layer(PLANE), one_layer(PLANE), [[True] * 3], -1.0, 1.0)
    double = hidden.hidden_hint(both, both, [[True] * 3], -1.0, 1.0)
    assert double == pytest.approx(single)


def test_hidden_hint_equal_states_are_finite():
    same = one_layer([[3.0, 4.0], [6.0, 8.0]])
    loss = hidden.hidden_hint(same, same, [[True, True]], 0.1, 1.0 + 1e-9, epsilon=1e-6)
    assert loss == pytest.approx([-np.log(1e-6)])


def test_alignment_hint_by_hand():
    teacher = np.array([[[[[0.5, 0.5, 0.0]]], [[[1.0, 0.0, 0.0]]]]]).reshape(1, 2, 1, 1, 3)
    student = np.array([[[[[0.25, 0.75, 0.0]]], [[[0.5, 0.5, 0.0]]]]]).reshape(1, 2, 1, 1, 3)
    rows, columns = [[True]], [[True, True, False]]
    first = 0.5 * np.log(2.0) + 0.5 * np.log(2.0 / 3.0)
    second = np.log(2.0)
    got = align.alignment_hint(student, teacher, rows, columns)
    assert got == pytest.approx([(first + second) / 2.0])
    # Layers averaged: teacher (0.75, 0.25), student (0.375, 0.625).
    averaged = 0.75 * np.log(2.0) + 0.25 * np.log(0.25 / 0.625)
    got = align.alignment_hint_layer_head_average(student, teacher, rows, columns)
    assert got == pytest.approx([averaged])
    # Reverse: the second layer's student gives half its mass to a column the teacher never sees.
    reverse_first = 0.25 * np.log(0.5) + 0.75 * np.log(1.5)
    reverse_second = 0.5 * np.log(0.5) + 0.5 * np.log(0.5 / 1e-9)
    got = align.reverse_alignment_hint(student, teacher, rows, columns, epsilon=1e-9)
    assert got == pytest.approx([(reverse_first + reverse_second) / 2.0])


def softmax_rows(rng, *shape):
    weights = np.exp(rng.normal(size=shape))
    return weights / weights.sum(-1, keepdims=True)


def test_alignment_hint_masks_both_sides():
    rng = np.random.default_rng(2)
    teacher, student = softmax_rows(rng, 2, 1, 2, 3, 2, 4)
    wide_teacher = np.zeros((1, 2, 3, 5, 6))
    wide_student = np.full((1, 2, 3, 5, 6), 0.125)
    wide_teacher[..., :2, :4] = teacher
    wide_student[..., :2, :4] = student
    wide_teacher[..., 2:, :] = 1.0 / 6.0
    rows, columns = [np.arange(5) < 2], [np.arange(6) < 4]
    for loss in (
        align.alignment_hint,
        align.alignment_hint_head_average,
        align.alignment_hint_layer_head_average,
        align.alignment_hint_full_average,
        align.reverse_alignment_hint,
        align.reverse_alignment_hint_head_average,
        align.reverse_alignment_hint_layer_head_average,
        align.reverse_alignment_hint_full_average,
    ):
        narrow = loss(student, teacher, [[True] * 2], [[True] * 4])
        assert loss(wide_student, wide_teacher, rows, columns) == pytest.approx(narrow)
        assert narrow[0] > 0.0
        assert loss(student, student, [[True] * 2], [[True] * 4]) == pytest.approx([0.0])


def test_alignment_averages_differ_and_coincide_for_one_head_and_layer():
    rng = np.random.default_rng(3)
    teacher, student = softmax_rows(rng, 2, 1, 2, 2, 3, 4)
    masks = [[True] * 3], [[True] * 4]
    # Averaging can only lose divergence (KL is jointly convex).
    none = align.alignment_hint(student, teacher, *masks)[0]
    head = align.alignment_hint_head_average(student, teacher, *masks)[0]
    layer = align.alignment_hint_layer_head_average(student, teacher, *masks)[0]
    full = align.alignment_hint_full_average(student, teacher, *masks)[0]
    assert none > head > layer > full > 0.0
    single = teacher[:, :1, :1], student[:, :1, :1]
    assert align.alignment_hint(*single, *masks) == pytest.approx(
        align.alignment_hint_layer_head_average(*single, *masks)
    )


@pytest.mark.parametrize(
    "vocab_size, expected", [(32768, 1.364801), (33708, 1.367629), (10000, 1.246107)]
)
def test_smoothing_constants(vocab_size, expected):
    assert round(smoothed_cross_entropy.entropy_constant(vocab_size), 6) == expected


def test_smoothed_cross_entropy_by_hand():
    logits = np.log(np.array([[[0.05, 0.9, 0.05], [0.2, 0.3, 0.5], [1 / 3, 1 / 3, 1 / 3]]]))
    targets = [[1, 2, 0]]
    # The first token's prediction is the smoothed target itself: KL 0.
    second = -(0.9 * np.log(0.5) + 0.05 * np.log(0.3) + 0.05 * np.log(0.2))
    second -= -(0.9 * np.log(0.9) + 2 * 0.05 * np.log(0.05))
    total, count = smoothed_cross_entropy.smoothed_cross_entropy(logits, targets)
    assert total == pytest.approx(second) and count == 2
    total, count = smoothed_cross_entropy.smoothed_cross_entropy(logits, targets, smoothing=0.0)
    assert total == pytest.approx(-np.log(0.9) - np.log(0.5)) and count == 2


def test_learning_rates():
    hp = {"learning_rate_constant": 2.0, "learning_rate_warmup_steps": 8000, "hidden_size": 512}
    schedule = "constant*linear_warmup*rsqrt_decay*rsqrt_hidden_size"
    for i, step in enumerate(learning_rate.GOLDEN_STEPS):
        assert learning_rate.noam(step, 512, 4000, 0.1) == pytest.approx(V1[i], rel=6e-5)
        assert learning_rate.noam(step, 512, 8000, 0.2) == pytest.approx(V2[i], rel=6e-5)
        v3 = learning_rate.factor_schedule(schedule, step, hp)
        assert v3 == pytest.approx(V3[i], rel=6e-5)


@pytest.mark.parametrize(
    "hidden_size, warmup, base, peak",
    [
        (1024, 8000, 0.2, "6.988e-04"),
        (1024, 16000, 0.2, "4.941e-04"),
        (256, 8000, 0.2, "1.398e-03"),
        (512, 16000, 0.2, "6.988e-04"),
    ],
)
def test_learning_rate_peaks(hidden_size, warmup, base, peak):
    steps = range(warmup - 5, warmup + 5)
    rates = [learning_rate.noam(step, hidden_size, warmup, base) for step in steps]
    assert f"{max(rates):.3e}" == peak
    assert steps[int(np.argmax(rates))] == warmup - 1


def test_learning_rate_of_single_gpu_t2t115():
    hp = {"learning_rate_constant": 0.1, "learning_rate_warmup_steps": 16000}
    schedule = "constant*linear_warmup*rsqrt_decay"
    peak = learning_rate.factor_schedule(schedule, 16000, hp)
    assert peak == pytest.approx(7.906e-4, rel=1e-4)


def test_learning_rate_factors_by_hand():
    hp = {
        "learning_rate": 0.2,
        "learning_rate_warmup_steps": 100,
        "learning_rate_decay_steps": 200,
        "learning_rate_decay_rate": 0.5,
        "train_steps": 500,
        "hidden_size": 256,
        "optimizer": "adam",
        "learning_rate_decay_scheme": "noam",
    }
    expected = {
        ("linear_decay", 100): 1.0,
        ("linear_decay", 400): 0.5,
        ("linear_decay", 600): 0.0,
        ("cosdecay", 100): 1.0,
        ("cosdecay", 200): 0.0,
        ("single_cycle_cos_decay", 50): 1.0,
        ("single_cycle_cos_decay", 300): 0.5,
        ("multi_cycle_cos_decay", 300): 0.0,
        ("multi_cycle_cos_decay", 500): 1.0,
        ("rsqrt_decay", 25): 0.1,
        ("rsqrt_decay", 400): 0.05,
        ("rsqrt_normalized_decay", 400): 0.5,
        ("exp_decay", 50): 1.0,
        ("exp_decay", 300): 0.5,
        ("exp_decay", 400): 0.5**1.5,
        ("rsqrt_hidden_size", 7): 0.0625,
    }
    for (name, step), value in expected.items():
        assert learning_rate.factor(name, step, hp) == pytest.approx(value, abs=1e-15), (name, step)
    staircase = {**hp, "learning_rate_decay_staircase": True}
    assert learning_rate.factor("exp_decay", 400, staircase) == 0.5
    # Adam, however it is spelled: as 1.2.9's noam. Any other optimizer hasn't the factor 0.002.
    same = learning_rate.factor("legacy", 10, hp)
    assert same == pytest.approx(learning_rate.noam(10, 256, 100, 0.2))
    assert learning_rate.factor("legacy", 10, {**hp, "optimizer": "Adam"}) == same
    other = learning_rate.factor("legacy", 10, {**hp, "optimizer": "Momentum"})
    assert other == pytest.approx(500.0 * same)
    with pytest.raises(ValueError):
        learning_rate.factor("linear", 1, hp)
