"""Iterative refinement: equal to loops, its losses and gradients, what it may not depend on."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.losses.likelihood import smoothed_cross_entropy
from t2t_hint_nart.models import transformer_nat_refinement as module
from t2t_hint_nart.models.network import Canvas
from t2t_hint_nart.models.protocol import Parallel, Refining, Stepwise, require
from t2t_hint_nart.models.variables import named_variables
from t2t_hint_nart.training.learning_rate import LearningRate
from t2t_hint_nart.training.objective import Objective
from tests.models.tiny_networks import (
    HEADS,
    oracle_name,
    shapes_only,
    tiny_hparams,
    tiny_network,
)
from tests.oracles import length_offset as length_oracle
from tests.oracles.hard_endpoints import hard_endpoints
from tests.oracles.timing_signal import timing_signal
from tests.oracles.transformer_nat import student_forward

MODEL, SMALL = "transformer_nat_refinement", "transformer_nat_refinement_small"
SHARED = "transformer_nat_refinement_multi30k"
# Targets longer and shorter than the source, and of one token.
INPUTS = np.array([[5, 6, 7, 1, 0], [8, 1, 0, 0, 0], [4, 5, 9, 2, 1]], np.int32)
TARGETS = np.array([[4, 9, 1, 0, 0, 0], [9, 3, 2, 8, 5, 1], [1, 0, 0, 0, 0, 0]], np.int32)
MASK = TARGETS != 0
NO_DROPOUT = {
    "layer_prepostprocess_dropout": 0.0,
    "attention_dropout": 0.0,
    "length_dropout": 0.0,
}


@pytest.fixture(scope="module")
def model():
    """Post-norm, three tables, three encoder layers, no dropout, float64."""
    return tiny_network(MODEL, SMALL, num_encoder_layers=3, **NO_DROPOUT)


@pytest.fixture(scope="module")
def output(model):
    return model(INPUTS, TARGETS)


def real_rows(values):
    """What float[B, T, ...] has at real target positions."""
    return np.concatenate([np.asarray(row)[real] for row, real in zip(values, MASK, strict=True)])


def with_positions(source, source_lengths, target_lengths, length):
    """The copy of embeddings to which the source's positions were added."""
    source = source + timing_signal(source.shape[1], source.shape[2])
    return hard_endpoints(source, source_lengths, target_lengths, length)


def parameters(model, second=False):
    """The oracle's of encoder and first decoder, or with the second in its place."""
    values = {name: value.numpy() for name, value in named_variables(model).items()}
    first = {n: v for n, v in values.items() if not n.startswith(("refiner/", "length/"))}
    params = {oracle_name(name): value for name, value in first.items()}
    params.setdefault("source_embedding", params["softmax"])
    if second:
        own = {n.removeprefix("refiner/"): v for n, v in values.items() if "refiner/" in n}
        params |= {oracle_name(name): value for name, value in own.items()}
    return params


@pytest.mark.parametrize(("set_name", "pre_norm"), [(SMALL, False), (SHARED, True)])
def test_every_iteration_equals_the_oracle(set_name, pre_norm, monkeypatch):
    """Without gates each is a student's pass whose decoder reads something else."""
    model = tiny_network(MODEL, set_name, highway_feed_forward=False)
    said = []
    monkeypatch.setattr(module, "smoothed_cross_entropy", lambda logits, *_: said.append(logits))
    said.append(model(INPUTS, TARGETS).logits)
    assert len(said) == 4
    second, copy = parameters(model, second=True), with_positions
    for iteration, logits in enumerate(said):
        params = second if iteration else parameters(model)
        expected = student_forward(
            params, INPUTS, MASK, HEADS, pre_norm, copy=copy, attention_without_self=False
        )
        np.testing.assert_allclose(real_rows(logits), real_rows(expected.logits), 1e-7, 1e-8)
        read = expected.hidden_normed[:, -1].copy()
        for place in zip(*np.nonzero(MASK), strict=True):
            token = expected.logits[place].argmax()
            if token != 0:
                read[place] += second["softmax"][token] * np.sqrt(read.shape[2])

        def copy(*_, read=read):
            return read


def test_gates_are_in_every_feed_forward_sublayer(model, output):
    """Open for the input alone they leave the sublayer's own weights without effect."""
    network = tiny_network(MODEL, SMALL, num_encoder_layers=3, **NO_DROPOUT)
    variables = named_variables(network)
    gates = [name for name in variables if name.endswith("ffn_post/gate/conv2/bias")]
    assert len(gates) == 3 + 2 + 2
    np.testing.assert_array_equal(network(INPUTS, TARGETS).logits, output.logits)
    for name in gates:
        variables[name].assign(variables[name] + 60.0)
    before = network(INPUTS, TARGETS).logits
    for name, variable in variables.items():
        if "/ffn/" in name:
            variable.assign(variable * 3.0)
    np.testing.assert_allclose(real_rows(network(INPUTS, TARGETS).logits), real_rows(before), 1e-9)


def test_the_objective_is_the_sum_of_all_iterations_and_the_length(model, output):
    hparams = tiny_hparams(SMALL, **NO_DROPOUT)
    losses = Objective(hparams)(output, INPUTS, TARGETS)
    assert list(losses.terms) == ["nll", "iteration_1", "iteration_2", "iteration_3", "length"]
    np.testing.assert_allclose(losses.total, sum(t.mean() for t in losses.terms.values()), 1e-12)
    source = model.encode(INPUTS)
    first, states = model.refine(source, Canvas(MASK))
    second, _ = model.refine(source, Canvas(MASK, said(first)), states)
    for name, logits in (("iteration_1", first.logits), ("iteration_2", second.logits)):
        expected = smoothed_cross_entropy(logits, TARGETS, 0.0)
        np.testing.assert_allclose(losses.terms[name], expected, 1e-10)
    expected = length_oracle.length_offset_loss(source.offsets, (INPUTS != 0).sum(1), MASK.sum(1))
    np.testing.assert_allclose(losses.terms["length"].total, expected, 1e-10)
    hparams.length_weight = 0.0
    less = Objective(hparams)(output, INPUTS, TARGETS).total
    np.testing.assert_allclose(losses.total - less, losses.terms["length"].mean(), 1e-10)


def said(output):
    return np.where(MASK, np.asarray(output.logits).argmax(-1), 0).astype(np.int32)


def test_lengths_are_of_the_embedding_and_all_layers_but_the_last(model):
    mask = INPUTS != 0
    layers, _ = model.encoder.run_layers(model.input_embedding(INPUTS), mask)
    assert len(layers) == 4
    states = np.asarray(layers[0] + layers[1] + layers[2]).reshape((*INPUTS.shape, -1))
    weights = model.length.linear.kernel.numpy(), model.length.linear.bias.numpy()
    got = model.length_logits(model.encode(INPUTS))
    assert got.shape == (3, 41)
    for row, length in enumerate(mask.sum(1)):
        expected = length_oracle.length_logits(*weights, states[row], length)
        np.testing.assert_allclose(got[row], expected, 1e-9)


def moved_by(model, term):
    """The parts of the model that a term's gradient reaches."""
    with tf.GradientTape() as tape:
        loss = model(INPUTS, TARGETS).terms[term].total
    variables = named_variables(model)
    gradients = tape.gradient(loss, [variable.value for variable in variables.values()])
    return {
        name.split("/")[0]
        for name, gradient in zip(variables, gradients, strict=True)
        if gradient is not None and np.any(tf.convert_to_tensor(gradient))
    }


FIRST = {"input_embedding", "encoder", "layer_0", "layer_1"}


def test_which_weights_learn_of_which_iteration(model):
    assert moved_by(model, "iteration_1") == {*FIRST, "softmax"}
    # Through the states; the argmax gives the first softmax nothing.
    assert moved_by(model, "iteration_2") == {*FIRST, "refiner"}
    assert moved_by(model, "length") == {"length"}


def shapes(model_name, set_name, **arguments):
    """Shapes of a small model's weights by name."""
    with shapes_only():
        network = registry.model(model_name)(tiny_hparams(set_name), 11, **arguments)
        return {name: tuple(value.shape) for name, value in named_variables(network).items()}


def test_one_table_where_the_set_shares_it():
    shared, own = shapes(MODEL, SHARED), shapes(MODEL, SMALL)
    assert [name for name in shared if name.endswith("table")] == ["softmax/table"]
    tables = {"softmax/table", "input_embedding/table", "refiner/softmax/table"}
    assert {name for name in own if name.endswith("table")} == tables
    other = shapes(MODEL, SHARED, source_vocab_size=13)
    assert {name for name in other if name.endswith("table")} == tables


def test_the_first_decoder_has_a_teachers_names():
    """So that a run can start from its weights."""
    teacher = shapes("transformer", "transformer_multi30k")
    assert teacher.items() <= shapes(MODEL, SHARED).items()


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_what_training_reads_next(probability, monkeypatch):
    """The corrupted reference or what was said, at real positions; evaluation never draws."""
    model = tiny_network(MODEL, SMALL, denoising_prob=probability, **NO_DROPOUT)
    shares, canvases, refine = [], [], model.refine

    def corrupt(targets, share, order, kinds, words):
        shares.append(share)
        assert order.shape == kinds.shape == words.shape == targets.shape
        assert set(np.unique(kinds)) <= {0, 1, 2} and np.min(words) >= 2
        return targets * 0 + 3

    def refine_and_note(source, canvas, *rest):
        result = refine(source, canvas, *rest)
        canvases.append((canvas.tokens, said(result[0])))
        return result

    monkeypatch.setattr(module, "corrupt", corrupt)
    monkeypatch.setattr(model, "refine", refine_and_note)
    state = keras.ops.convert_to_numpy(model.draws.state).copy()
    model(INPUTS, TARGETS)
    assert np.array_equal(model.draws.state, state) and shares == []
    assert canvases.pop(0)[0] is None
    del canvases[:]
    model(INPUTS, TARGETS, training=True)
    assert len(canvases) == 4
    for (_, before), (tokens, _) in itertools.pairwise(canvases):
        assert np.array_equal(tokens, np.full_like(TARGETS, 3) if probability else before)
    assert np.array_equal(model.draws.state, state) == (not probability)
    np.testing.assert_allclose(shares, [0.9 - 0.8 / 3, 0.9 - 1.6 / 3, 0.1][: len(shares)])
    assert len(shares) == (3 if probability else 0)


def test_a_checkpoint_has_the_draws(model):
    """All variables that aren't weights are saved, so that a run goes on as if never stopped."""
    assert id(model.draws.state) in {id(variable) for variable in model.variables}
    assert id(model.draws.state) not in {id(weight) for weight in model.weights}


def test_another_network_with_its_weights_says_the_same(model, output):
    other = tiny_network(MODEL, SMALL, seed=7, num_encoder_layers=3, **NO_DROPOUT)
    theirs = named_variables(other)
    for name, value in named_variables(model).items():
        theirs[name].assign(value)
    np.testing.assert_array_equal(other(INPUTS, TARGETS).logits, output.logits)
    length = model.length_logits(model.encode(INPUTS))
    np.testing.assert_array_equal(other.length_logits(other.encode(INPUTS)), length)


def test_about_half_of_the_sentences_are_corrupted(monkeypatch):
    model = tiny_network(MODEL, SMALL, **NO_DROPOUT)
    monkeypatch.setattr(module, "corrupt", lambda targets, *_: targets * 0 + 3)
    targets = np.tile(TARGETS[1:2], (400, 1))
    logits = keras.ops.one_hot(np.full_like(targets, 4), 11)
    tokens = np.asarray(model._next_tokens(logits, targets, 1, True))
    assert np.all((tokens == 3).all(1) | (tokens == 4).all(1))
    assert 0.4 < np.mean(tokens[:, 0] == 3) < 0.6


def test_padding_and_batch_change_nothing(model, output):
    inputs = np.pad(INPUTS, [[0, 0], [0, 3]])[::-1]
    targets = np.pad(TARGETS, [[0, 0], [0, 2]])[::-1]
    wider = model(inputs, targets)
    np.testing.assert_allclose(
        real_rows(wider.logits[::-1, :6]), real_rows(output.logits), 1e-9, 1e-10
    )
    for name, term in output.terms.items():
        np.testing.assert_allclose(wider.terms[name], term, 1e-9)
    offsets = model.length_logits(model.encode(INPUTS))
    np.testing.assert_allclose(model.length_logits(model.encode(inputs))[::-1], offsets, 1e-9)
    for row, real in enumerate(MASK):
        length = (INPUTS[row] != 0).sum()
        alone = model(INPUTS[row : row + 1, :length], TARGETS[row : row + 1, real])
        np.testing.assert_allclose(alone.logits[0], output.logits[row][: real.sum()], 1e-8, 1e-9)


def test_a_decode_is_one_iteration(model):
    source = model.encode(INPUTS)
    first, states = model.refine(source, Canvas(MASK))
    np.testing.assert_array_equal(model.decode(source, Canvas(MASK)).logits, first.logits)
    tokens = said(first)
    alone = model.decode(source, Canvas(MASK, tokens)).logits
    expected, _ = model.refine(source, Canvas(MASK, tokens), states * 0)
    np.testing.assert_array_equal(alone, expected.logits)
    assert not np.allclose(alone, model.refine(source, Canvas(MASK, tokens), states)[0].logits)


def test_what_it_offers(model):
    for protocol in (Refining, Parallel):
        assert isinstance(model, protocol)
        require(model, protocol, "a test")
    assert not isinstance(model, Stepwise)
    output = model(INPUTS, TARGETS, probes=tuple(model.probe_sizes()))
    assert {name: probe.shape[1] for name, probe in output.probes.items()} == {
        name: sizes["layers"] for name, sizes in model.probe_sizes().items()
    }
    with pytest.raises(InputError, match="has no length_logits and no refine, which a test needs"):
        require(tiny_network("transformer_nat", "transformer_nat_small"), Refining, "a test")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ("training_iterations=1", "training_iterations is 1; it must be at least 2"),
        ("denoising_prob=1.5", "denoising_prob is 1.5"),
        ("decoder_input_type=hard_endpoint", "hard_endpoints"),
    ],
)
def test_values_that_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        registry.model(MODEL)(tiny_hparams(SMALL).parse(changes), 11)


@pytest.mark.parametrize(
    ("size", "vocab_size", "millions"), [("big", 60_000, 155), ("small", 40_000, 53)]
)
def test_published_sizes(size, vocab_size, millions):
    with shapes_only():
        network = registry.model(MODEL)(registry.hparams(f"{MODEL}_{size}"), vocab_size)
    assert round(network.count_params() / 1e6) == millions


def test_the_published_rate():
    hparams = registry.hparams(f"{MODEL}_big")
    hparams.add_hparam("train_steps", 258_621)
    rates = LearningRate(hparams).at([0, 125_000, 250_000])
    np.testing.assert_allclose(rates, [3e-4, 1.55e-4, 1e-5], rtol=1e-4)
