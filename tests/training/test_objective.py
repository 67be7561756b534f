"""L = L_nll + λ L_hid + μ L_align against the oracles, and mutants that must be noticed."""

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hints.alignment import TINY
from t2t_hint_nart.models.decoder_output import DecoderOutput
from t2t_hint_nart.training import objective as objective_module
from t2t_hint_nart.training.objective import Objective
from tests.models.tiny_networks import tiny_hparams
from tests.oracles import alignment_hint as align
from tests.oracles import hidden_hint as hidden
from tests.oracles.smoothed_cross_entropy import smoothed_cross_entropy

INPUTS = np.array([[5, 6, 1, 0], [4, 1, 0, 0], [1, 0, 0, 0]], np.int32)
TARGETS = np.array([[3, 4, 1], [2, 1, 0], [1, 0, 0]], np.int32)
VOCAB, LAYERS, HEADS, WIDTH = 7, 2, 2, 4


def random_output(seed):
    """A DecoderOutput of NumPy arrays; attention has garbage in padded columns."""
    rng = np.random.default_rng(seed)
    batch, length = TARGETS.shape
    states = rng.normal(size=(2, batch, LAYERS, length, WIDTH)) + 0.5
    weights = rng.exponential(size=(batch, LAYERS, HEADS, length, INPUTS.shape[1]))
    real = np.broadcast_to((INPUTS != 0)[:, None, None, None], weights.shape)
    weights /= np.where(real, weights, 0.0).sum(-1, keepdims=True)
    return DecoderOutput(rng.normal(size=(batch, length, VOCAB)), *states, weights)


STUDENT, TEACHER = random_output(41), random_output(42)
HINTS = {"hint_hidden_weight": 3.0, "hint_align_weight": 0.25, "hint_gamma_tr": 0.8}


def tensors(output):
    return DecoderOutput(*(tf.constant(value) for value in output))


def evaluate(objective, teacher=TEACHER):
    losses = objective(tensors(STUDENT), INPUTS, TARGETS, tensors(teacher) if teacher else None)
    return float(losses.total), losses


def nll_mean():
    total, count = smoothed_cross_entropy(STUDENT.logits, TARGETS, 0.1)
    return total / count


def compare(make_objective=Objective, **changes):
    """The total equals the oracles' with the set's choices."""
    hparams = tiny_hparams("transformer_nat_small", **HINTS).override_from_dict(changes)
    total, losses = evaluate(make_objective(hparams))
    mask, columns = TARGETS != 0, INPUTS != 0
    reading = "hidden_normed" if hparams.hint_hidden_reading == "normed" else "hidden"
    hidden_form = {
        ("nlog", "all"): hidden.hidden_hint,
        ("exp", "all"): hidden.hidden_hint_exp,
        ("nlog", "neighbor"): hidden.neighbor_hidden_hint,
    }[hparams.hint_hidden_penalty, hparams.hint_hidden_pairs]
    align_form = {
        ("none", "kl"): align.alignment_hint,
        ("layer_head", "kl"): align.alignment_hint_layer_head_average,
        ("head", "reverse_kl"): align.reverse_alignment_hint_head_average,
    }[hparams.hint_align_average, hparams.hint_align_direction]
    thresholds = hparams.hint_gamma_st, hparams.hint_gamma_tr
    states = getattr(STUDENT, reading), getattr(TEACHER, reading)
    l_hid = hidden_form(*states, mask, *thresholds).mean()
    l_align = align_form(STUDENT.attention, TEACHER.attention, mask, columns, epsilon=TINY).mean()
    weights = hparams.hint_hidden_weight, hparams.hint_align_weight
    assert total == pytest.approx(nll_mean() + weights[0] * l_hid + weights[1] * l_align, rel=1e-9)
    # Each term without its weight.
    means = {name: float(term.mean()) for name, term in losses.terms.items()}
    expected = {"nll": nll_mean(), "hint_hidden": l_hid, "hint_align": l_align}
    assert means == pytest.approx(expected, rel=1e-9)
    passed, pairs = hidden.gate_counts(
        *states, mask, *thresholds, hparams.hint_hidden_pairs == "neighbor"
    )
    gate = float(losses.diagnostics["gate_fraction"].mean())
    assert gate == pytest.approx(passed.sum() / pairs.sum())


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"hint_hidden_reading": "normed"},
        {"hint_hidden_penalty": "exp", "hint_gamma_st": -0.5},
        {"hint_hidden_pairs": "neighbor", "hint_align_average": "layer_head"},
        {"hint_align_average": "head", "hint_align_direction": "reverse_kl"},
        {"hint_hidden_weight": 0.0},
        {"hint_align_weight": 0.0},
        {"hint_align_weight": 1000.0},
    ],
)
def test_equals_the_oracles(changes):
    compare(**changes)


def test_the_authors_names_mean_the_same():
    compare(regularize_hidden=2.0, distill_encdec=0.5, distill_encdec_type="average_layer_head")


# What the comparison must notice: objectives with one thing wrong.


class Unweighted(Objective):
    """The authors' code: μ is a boolean."""

    def __init__(self, hparams):
        super().__init__(hparams)
        self.weights = {name: float(bool(weight)) for name, weight in self.weights.items()}


class OnceMoreWeighted(Objective):
    def __init__(self, hparams):
        super().__init__(hparams)
        self.weights = {name: weight**2 for name, weight in self.weights.items()}


class StudentAsTeacher(Objective):
    def __call__(self, student, inputs, targets, teacher=None, label_smoothing=None):
        return super().__call__(student, inputs, targets, student, label_smoothing)


class Swapped(Objective):
    def __call__(self, student, inputs, targets, teacher=None, label_smoothing=None):
        mixed = teacher._replace(logits=student.logits)
        return super().__call__(mixed, inputs, targets, student, label_smoothing)


class WithoutSmoothing(Objective):
    def __call__(self, student, inputs, targets, teacher=None, label_smoothing=None):
        return super().__call__(student, inputs, targets, teacher, 0.0)


@pytest.mark.parametrize(
    "mutant", [Unweighted, OnceMoreWeighted, StudentAsTeacher, Swapped, WithoutSmoothing]
)
def test_mutants_are_noticed(mutant):
    with pytest.raises(AssertionError):
        compare(mutant)


@pytest.mark.parametrize("forgotten", ["hint_hidden", "hint_align"])
def test_a_forgotten_weight_is_noticed(monkeypatch, forgotten):
    def weighted_sum(terms, weights):
        return sum(
            (1.0 if name == forgotten else weights[name]) * term.mean()
            for name, term in terms.items()
        )

    monkeypatch.setattr(objective_module, "weighted_sum", weighted_sum)
    with pytest.raises(AssertionError):
        compare()


def test_the_weight_scales_the_gradient():
    """Doubling μ doubles what the hint adds to the gradient of the student's attention."""
    gradients = []
    for weight in (0.5, 1.0):
        hparams = tiny_hparams("transformer_nat_small", hint_align_weight=weight)
        attention = tf.Variable(STUDENT.attention)
        with tf.GradientTape() as tape:
            student = tensors(STUDENT)._replace(attention=attention)
            total = Objective(hparams)(student, INPUTS, TARGETS, tensors(TEACHER)).total
        gradients.append(tape.gradient(total, attention).numpy())
    np.testing.assert_allclose(gradients[1], 2.0 * gradients[0], 1e-12)
    assert gradients[0].any()


def test_without_a_teacher_only_the_likelihood():
    hparams = tiny_hparams("transformer_nat_small", **HINTS)
    total, losses = evaluate(Objective(hparams), teacher=None)
    assert total == pytest.approx(nll_mean(), rel=1e-9)
    assert set(losses.terms) == {"nll"} and not losses.diagnostics


def test_a_teacher_s_set_has_no_hints():
    objective = Objective(tiny_hparams("transformer_base_v2"))
    assert not objective.needs_teacher
    assert objective.weights == {"nll": 1.0, "hint_hidden": 0.0, "hint_align": 0.0}


@pytest.mark.parametrize("name", ["hint_hidden_weight", "hint_align_weight"])
def test_one_hint_is_enough_to_need_a_teacher(name):
    assert Objective(tiny_hparams("transformer_nat_small", **{name: 0.1})).needs_teacher
    assert not Objective(tiny_hparams("transformer_nat_small", **{name: 0.0})).needs_teacher


@pytest.mark.parametrize(
    "name, value, suggestion",
    [
        ("hint_hidden_penalty", "nlogs", "nlog"),
        ("hint_hidden_pairs", "neighbour", "neighbor"),
        ("hint_hidden_reading", "norm", "normed"),
        ("hint_align_average", "layerhead", "layer_head"),
        ("hint_align_direction", "reverse", "reverse_kl"),
    ],
)
def test_unknown_choices(name, value, suggestion):
    hparams = tiny_hparams("transformer_nat_small", hint_align_weight=1.0, **{name: value})
    with pytest.raises(InputError, match=rf"Unknown {name} '{value}'.*'{suggestion}'"):
        Objective(hparams)
