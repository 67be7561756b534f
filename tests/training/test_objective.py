"""L = L_nll + λ L_hid + μ L_align against the oracles, and mutants that must be noticed."""

from types import MappingProxyType

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hints.alignment import TINY
from t2t_hint_nart.losses.term import Alignment, Criterion, LossTerm, Scalar, Term
from t2t_hint_nart.models.network import Output
from t2t_hint_nart.training import objective as objective_module
from t2t_hint_nart.training.objective import Objective
from tests.models.tiny_networks import COMPARED, Pass, tiny_hparams
from tests.oracles import alignment_hint as align
from tests.oracles import hidden_hint as hidden
from tests.oracles.smoothed_cross_entropy import smoothed_cross_entropy

INPUTS = np.array([[5, 6, 1, 0], [4, 1, 0, 0], [1, 0, 0, 0]], np.int32)
TARGETS = np.array([[3, 4, 1], [2, 1, 0], [1, 0, 0]], np.int32)
VOCAB, LAYERS, HEADS, WIDTH = 7, 2, 2, 4


def random_output(seed, length=TARGETS.shape[1]):
    """A Pass of NumPy arrays; attention has garbage in padded columns."""
    rng = np.random.default_rng(seed)
    batch = len(TARGETS)
    states = rng.normal(size=(2, batch, LAYERS, length, WIDTH)) + 0.5
    weights = rng.exponential(size=(batch, LAYERS, HEADS, length, INPUTS.shape[1]))
    real = np.broadcast_to((INPUTS != 0)[:, None, None, None], weights.shape)
    weights /= np.where(real, weights, 0.0).sum(-1, keepdims=True)
    return Pass(rng.normal(size=(batch, length, VOCAB)), *states, weights)


STUDENT, TEACHER = random_output(41), random_output(42)
HINTS = {"hint_hidden_weight": 3.0, "hint_align_weight": 0.25, "hint_gamma_tr": 0.8}


def tensors(output):
    probes = {name: tf.constant(getattr(output, name)) for name in COMPARED}
    return Output(tf.constant(output.logits), TARGETS != 0, probes)


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
    def __call__(self, output, inputs, targets, hints=None):
        return super().__call__(output, inputs, targets, output)


class Swapped(Objective):
    def __call__(self, output, inputs, targets, hints=None):
        mixed = hints._replace(logits=output.logits)
        return super().__call__(mixed, inputs, targets, output)


class WithoutSmoothing(Objective):
    def __init__(self, hparams):
        super().__init__(hparams.copy().override_from_dict({"label_smoothing": 0.0}))


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
            probes = {**tensors(STUDENT).probes, "attention": attention}
            student = tensors(STUDENT)._replace(probes=probes)
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
    assert not objective.needs_hints
    assert objective.weights == {"nll": 1.0}
    assert objective.probes() == () and objective.compared() == {}
    assert [scalar.name for scalar in objective.scalars()] == ["nll"]


@pytest.mark.parametrize("name", ["hint_hidden_weight", "hint_align_weight"])
def test_one_hint_is_enough_to_need_a_teacher(name):
    assert Objective(tiny_hparams("transformer_nat_small", **{name: 0.1})).needs_hints
    assert not Objective(tiny_hparams("transformer_nat_small", **{name: 0.0})).needs_hints


def test_what_is_compared_and_told():
    objective = Objective(tiny_hparams("transformer_nat_small"))
    assert objective.weights == {"nll": 1.0, "hint_hidden": 0.0, "hint_align": 0.0}
    assert objective.probes() == ("hidden", "attention")
    assert objective.compared() == {
        "hint_hidden": "hint_hidden_weight",
        "hint_align": "hint_align_weight",
    }
    assert [scalar.name for scalar in objective.scalars()] == [
        "nll",
        "hint_hidden",
        "gate_fraction",
        "student_cosine",
        "teacher_cosine",
        "hint_align",
    ]


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


# Terms that somebody registers, a model's own, and another criterion.


class Sharpness(Term):
    """The mean square of the logits, and their number, which needs no hints."""

    weight = "sharpness_weight"
    scalars = (
        Scalar("sharpness", "losses/sharpness", "sharp"),
        Scalar("logits", "sharpness/logits"),
    )

    def check(self, hparams):
        if hparams.get("sharpness_power", 2) != 2:
            raise InputError("sharpness_power is odd")

    def __call__(self, step):
        logits = step.output.logits
        count = tf.cast(tf.size(logits), logits.dtype)
        return LossTerm(tf.reduce_sum(logits**2), count), LossTerm(count, count)


class StateDistance(Term):
    """The mean distance of the states from the hints'."""

    weight = "distance_weight"
    scalars = (Scalar("distance", "losses/distance"),)
    probes = MappingProxyType({"hidden": ("layers", "size")})

    def __call__(self, step):
        ours, theirs = step.probe("hidden", axis=2), step.hints.probes["hidden"]
        difference = tf.abs(ours - theirs)
        return (LossTerm(tf.reduce_sum(difference), tf.cast(tf.size(ours), ours.dtype)),)


@pytest.fixture
def registered(monkeypatch):
    """Two more terms, which are gone after the test."""
    registry.load_plugins()
    monkeypatch.setattr(registry._terms, "_entries", dict(registry._terms._entries))
    registry.register_term("sharpness")(Sharpness)
    registry.register_term("distance")(StateDistance)


def with_weights(**weights):
    hparams = tiny_hparams("transformer_base_v2")
    for name, value in weights.items():
        hparams.add_hparam(name, value)
    return hparams


@pytest.mark.usefixtures("registered")
def test_a_registered_term_counts_with_the_weight_of_the_set():
    objective = Objective(with_weights(sharpness_weight=0.5, distance_weight=3.0))
    assert objective.weights == {"nll": 1.0, "sharpness": 0.5, "distance": 3.0}
    assert objective.needs_hints and objective.probes() == ("hidden",)
    assert objective.compared() == {"distance": "distance_weight"}
    total, losses = evaluate(objective)
    sharpness = np.mean(STUDENT.logits**2)
    distance = np.mean(np.abs(STUDENT.hidden - TEACHER.hidden))
    assert total == pytest.approx(nll_mean() + 0.5 * sharpness + 3.0 * distance)
    means = {name: float(term.mean()) for name, term in losses.terms.items()}
    expected = {"nll": nll_mean(), "sharpness": sharpness, "distance": distance}
    assert list(means) == list(expected) and means == pytest.approx(expected)
    assert {name: float(term.mean()) for name, term in losses.diagnostics.items()} == {"logits": 1}
    assert [scalar.name for scalar in objective.scalars()] == [
        "nll",
        "sharpness",
        "logits",
        "distance",
    ]


@pytest.mark.usefixtures("registered")
def test_a_term_is_of_the_sets_that_weigh_it():
    assert Objective(with_weights()).weights == {"nll": 1.0}
    objective = Objective(with_weights(sharpness_weight=0.5))
    assert not objective.needs_hints
    # It needs no hints to be measured, and none are to be had.
    total, losses = evaluate(objective, teacher=None)
    assert total == pytest.approx(nll_mean() + 0.5 * np.mean(STUDENT.logits**2))
    assert set(losses.terms) == {"nll", "sharpness"}


@pytest.mark.usefixtures("registered")
def test_without_hints_a_term_that_compares_is_left_out():
    _, losses = evaluate(Objective(with_weights(distance_weight=3.0)), teacher=None)
    assert set(losses.terms) == {"nll"}


@pytest.mark.usefixtures("registered")
def test_values_of_a_term_are_checked_where_a_term_has_a_weight():
    with pytest.raises(InputError, match="^sharpness_power is odd$"):
        Objective(with_weights(sharpness_weight=0.5, sharpness_power=3))
    Objective(with_weights(sharpness_weight=0.0, sharpness_power=3))


@pytest.mark.usefixtures("registered")
def test_a_term_that_needs_no_hints_and_has_no_weight_is_left_out():
    objective = Objective(with_weights(sharpness_weight=0.0, distance_weight=3.0))
    assert objective.weights == {"nll": 1.0, "distance": 3.0}
    assert set(evaluate(objective)[1].terms) == {"nll", "distance"}


@pytest.mark.usefixtures("registered")
def test_the_criterion_has_the_weight_of_the_set_and_is_measured_without_one():
    objective = Objective(with_weights(nll_weight=2.0, sharpness_weight=0.5))
    sharpness = np.mean(STUDENT.logits**2)
    assert evaluate(objective)[0] == pytest.approx(2.0 * nll_mean() + 0.5 * sharpness)
    hparams = with_weights(nll_weight=0.0, sharpness_weight=0.5)
    logits = tf.Variable(STUDENT.logits)
    with tf.GradientTape() as tape:
        losses = Objective(hparams)(tensors(STUDENT)._replace(logits=logits), INPUTS, TARGETS)
    assert float(losses.total) == pytest.approx(0.5 * sharpness)
    assert float(losses.terms["nll"].mean()) == pytest.approx(nll_mean())
    np.testing.assert_allclose(
        tape.gradient(losses.total, logits), STUDENT.logits / STUDENT.logits.size, rtol=1e-12
    )


def with_own_terms(output):
    return output._replace(
        terms={
            "length": LossTerm(tf.constant(6.0, tf.float64), tf.constant(4.0, tf.float64)),
            "fertility": LossTerm(tf.constant(1.0, tf.float64), tf.constant(2.0, tf.float64)),
        }
    )


@pytest.mark.parametrize(
    ("weights", "expected"),
    [({}, 1.5 + 0.5), ({"length_weight": 0.1}, 0.15 + 0.5), ({"fertility_weight": 0.0}, 1.5)],
)
def test_a_models_own_terms_count_with_their_weight_or_one(weights, expected):
    objective = Objective(with_weights(**weights))
    losses = objective(with_own_terms(tensors(STUDENT)), INPUTS, TARGETS)
    assert float(losses.total) == pytest.approx(nll_mean() + expected)
    means = {name: float(term.mean()) for name, term in losses.terms.items()}
    assert means == pytest.approx({"nll": nll_mean(), "length": 1.5, "fertility": 0.5})


def test_what_is_minimised_may_be_a_models_own_term_alone():
    output = tensors(STUDENT)
    objective = Objective(with_weights(nll_weight=0.0))
    assert float(objective(with_own_terms(output), INPUTS, TARGETS).total) == pytest.approx(2.0)
    none = with_weights(nll_weight=0.0, length_weight=0.0, fertility_weight=0.0)
    for hparams, made in ((none, with_own_terms(output)), (objective.hparams, output)):
        with pytest.raises(InputError, match="^nll_weight is 0, as all others are: nothing is m"):
            Objective(hparams)(made, INPUTS, TARGETS)


def test_what_has_no_weight_has_none_on_a_ramp():
    """Nor is anything back-propagated through it."""
    changes = {**HINTS, "hint_align_weight": 0.0, "hint_ramp_steps": 10}
    objective = Objective(tiny_hparams("transformer_nat_small", **changes))
    student, teacher = (
        tensors(Pass(*(values.astype(np.float32) for values in output)))
        for output in (STUDENT, TEACHER)
    )
    attention = student.probes["attention"]
    with tf.GradientTape() as tape:
        tape.watch(attention)
        losses = objective(student, INPUTS, TARGETS, teacher, updates=tf.constant(5))
    assert tape.gradient(losses.total, attention) is None
    hint = float(losses.terms["hint_hidden"].mean())
    assert float(losses.total) == pytest.approx(nll_mean() + 0.5 * 3.0 * hint, rel=1e-5)
    assert "hint_align" in losses.terms


# Which of the output's five positions belongs to each target's; -1: none does.
ALIGNMENT = np.array([[4, 0, 2], [1, 3, -1], [2, -1, -1]])
LONG = random_output(43, length=5)


class Longer(Criterion):
    """A criterion of an output that has other positions than the targets."""

    scalar = Scalar("longer", "losses/training", "longer")
    rows = ALIGNMENT

    def __call__(self, step):
        mean = tf.reduce_mean(step.output.logits)
        return LossTerm(mean, tf.ones_like(mean))

    @property
    def runs(self):
        """The position that stands for a target's and, at the first of a sentence, the next."""
        places, rows = np.arange(5), self.rows[:, :, None]
        runs = (places == rows) & (rows >= 0)
        runs[:, 0] |= (places == (rows[:, 0] + 1) % 5) & (rows[:, 0] >= 0)
        return runs

    def alignment(self, step):
        return Alignment(tf.constant(self.rows), tf.constant(self.runs))


class LongerWithGaps(Longer):
    """Targets that nothing belongs to, inside a sentence and of a whole sentence."""

    rows = np.array([[4, -1, 2], [-1, -1, -1], [2, -1, -1]])


def sliced(output, criterion, b):
    """Student's and teacher's states and attention where a sentence's are compared."""
    rows = criterion.rows
    kept = np.flatnonzero((TARGETS[b] != 0) & (rows[b] >= 0))
    attention = [output.attention[b][:, :, run].mean(axis=2) for run in criterion.runs[b, kept]]
    ours = output.hidden[b : b + 1, :, rows[b, kept]], np.stack(attention, axis=2)[None]
    theirs = TEACHER.hidden[b : b + 1, :, kept], TEACHER.attention[b : b + 1, :, :, kept]
    return ours, theirs, np.ones((1, len(kept)), bool)


@pytest.mark.parametrize("criterion", [Longer(), LongerWithGaps()])
def test_hints_compare_the_positions_that_belong_together(criterion):
    everywhere = {"hint_gamma_st": -1.0, "hint_gamma_tr": 1.0}
    hparams = tiny_hparams("transformer_nat_small", **{**HINTS, **everywhere})
    losses = Objective(hparams, criterion)(tensors(LONG), INPUTS, TARGETS, tensors(TEACHER))
    l_hid, l_align, rows = [], [], criterion.rows
    for b in np.flatnonzero((rows >= 0).any(axis=1)):
        (states, attention), (their_states, their_attention), mask = sliced(LONG, criterion, b)
        thresholds = hparams.hint_gamma_st, hparams.hint_gamma_tr
        l_hid.append(hidden.hidden_hint(states, their_states, mask, *thresholds).item())
        real = INPUTS[b : b + 1] != 0
        l_align.append(
            align.alignment_hint(attention, their_attention, mask, real, epsilon=TINY).item()
        )
    means = {name: float(term.mean()) for name, term in losses.terms.items()}
    expected = {
        "longer": LONG.logits.mean(),
        "hint_hidden": np.mean(l_hid),
        "hint_align": np.mean(l_align),
    }
    assert means == pytest.approx(expected)
    assert np.mean(l_hid) > 0.0
    total = expected["longer"] + 3.0 * np.mean(l_hid) + 0.25 * np.mean(l_align)
    assert float(losses.total) == pytest.approx(total)


def test_an_alignment_to_the_same_positions_changes_nothing():
    class Same(Longer):
        rows = np.tile(np.arange(TARGETS.shape[1]), (len(TARGETS), 1))
        runs = rows[:, :, None] == np.arange(TARGETS.shape[1])

    hparams = tiny_hparams("transformer_nat_small", **HINTS)
    aligned = evaluate(Objective(hparams, Same()))[1].terms
    plain = evaluate(Objective(hparams))[1].terms
    for name in ("hint_hidden", "hint_align"):
        assert float(aligned[name].total) == pytest.approx(float(plain[name].total), rel=1e-12)


def test_another_criterion_is_told_by_its_name():
    objective = Objective(tiny_hparams("transformer_nat_small"), Longer())
    assert objective.weights == {"longer": 1.0, "hint_hidden": 0.0, "hint_align": 0.0}
    assert objective.scalars()[0] == Longer.scalar
    losses = objective(tensors(LONG), INPUTS, TARGETS)
    assert float(losses.total) == pytest.approx(LONG.logits.mean())


OURS = {
    "hidden": {"layers": 2, "size": 8},
    "hidden_normed": {"layers": 2, "size": 8},
    "attention": {"layers": 2, "heads": 4},
}


@pytest.mark.parametrize(
    ("changes", "term", "difference"),
    [
        ({}, "", ""),
        # States of another width are compared by their cosines all the same.
        ({"hidden": {"layers": 2, "size": 99}}, "", ""),
        ({"another": {"layers": 9}}, "", ""),
        ({"hidden": {"layers": 5}}, "hint_hidden", "its hidden has 5 layers, the student's 2"),
        ({"hidden": {}}, "hint_hidden", "its hidden has None layers, the student's 2"),
        # The other reading isn't compared.
        ({"hidden_normed": None}, "", ""),
        (
            {"attention": {"layers": 6, "heads": 4}},
            "hint_align",
            "its attention has 6 layers, the student's 2",
        ),
        (
            {"attention": {"layers": 2, "heads": 8}},
            "hint_align",
            "its attention has 8 heads, the student's 4",
        ),
        ({"attention": None}, "hint_align", "its attention can't be probed"),
    ],
)
def test_what_keeps_probes_from_being_compared(changes, term, difference):
    theirs = {name: sizes for name, sizes in {**OURS, **changes}.items() if sizes is not None}
    expected = {term: difference} if term else {}
    assert Objective(tiny_hparams("transformer_nat_small")).misfits(OURS, theirs) == expected


def test_the_reading_that_the_set_has_chosen_is_compared():
    hparams = tiny_hparams("transformer_nat_small", hint_hidden_reading="normed")
    theirs = {"hidden": OURS["hidden"], "attention": OURS["attention"]}
    objective = Objective(hparams)
    assert objective.probes() == ("hidden_normed", "attention")
    assert objective.misfits(OURS, theirs) == {"hint_hidden": "its hidden_normed can't be probed"}


def test_a_term_that_is_left_out():
    objective = Objective(tiny_hparams("transformer_nat_small", hint_hidden_weight=3.0))
    objective.leave_out(["hint_align"])
    assert objective.probes() == ("hidden",)
    assert objective.compared() == {"hint_hidden": "hint_hidden_weight"}
    assert set(evaluate(objective)[1].terms) == {"nll", "hint_hidden"}


def test_a_student_without_what_is_compared():
    objective = Objective(tiny_hparams("transformer_nat_small"))
    ours = {"hidden": OURS["hidden"]}
    assert objective.misfits(ours, OURS) == {
        "hint_align": "the student's attention can't be probed"
    }
    # A set without hints compares nothing.
    assert Objective(tiny_hparams("transformer_base_v2")).misfits({}, {}) == {}
