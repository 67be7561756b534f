"""Recurrent models: no padding anywhere, the same step by step, attention over real tokens."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.models.network import ATTENTION, HIDDEN, probe_sizes
from t2t_hint_nart.models.protocol import Parallel, Stepwise, require
from t2t_hint_nart.models.variables import named_variables
from tests.dtype_policy import dtype_policy
from tests.models.tiny_networks import shapes_only
from tests.oracles.recurrent import lstm_step

VOCAB, WIDTH = 11, 4
INPUTS = np.array([[5, 6, 7, 4, 1], [8, 3, 1, 0, 0], [1, 0, 0, 0, 0]], np.int32)
TARGETS = np.array([[4, 9, 1, 0], [9, 3, 2, 1], [1, 0, 0, 0]], np.int32)
IDS = tf.TensorSpec([None, None], tf.int32)

BOTH = "lstm_seq2seq_attention_bidirectional_encoder"
# name: model, set, changes, heads of attention.
VARIANTS = {
    "plain": ("lstm_seq2seq", "lstm_seq2seq", {}, 0),
    "plain_gru": ("lstm_seq2seq", "lstm_seq2seq", {"cell": "gru"}, 0),
    "bidirectional": ("lstm_seq2seq_bidirectional_encoder", "lstm_seq2seq", {}, 0),
    "bahdanau": ("lstm_seq2seq_attention", "lstm_attention", {}, 1),
    "luong_multi": ("lstm_seq2seq_attention", "lstm_luong_attention_multi", {}, 4),
    "bidirectional_luong": (BOTH, "lstm_attention_multi30k", {}, 1),
    "hidden_comes_out": (BOTH, "lstm_bahdanau_attention_multi", {"output_attention": False}, 4),
    "gnmt": ("gnmt", "gnmt_nmt", {"num_hidden_layers": 3}, 1),
    "gnmt_asks_before": ("gnmt", "gnmt_wmt", {"num_hidden_layers": 2}, 1),
    "rnnsearch": ("rnnsearch", "rnnsearch_iwslt14", {}, 1),
}
ATTENTIVE = [name for name, (*_, heads) in VARIANTS.items() if heads]


def network(variant, dtype="float64", vocab_sizes=(VOCAB, VOCAB), **more):
    """A small network with random weights, biases too."""
    model, set_name, changes, _ = VARIANTS[variant]
    hparams = registry.hparams(set_name)
    hparams.override_from_dict({"hidden_size": WIDTH, **changes, **more})
    with dtype_policy(dtype):
        made = registry.model(model)(hparams, vocab_sizes[0], source_vocab_size=vocab_sizes[1])
    rng = np.random.default_rng(0)
    for variable in named_variables(made).values():
        variable.assign(rng.normal(scale=0.6, size=variable.shape))
    return made


def run(model, inputs=INPUTS, targets=TARGETS, probes=()):
    return model(inputs, targets, probes=probes)


@functools.cache
def unchanged(variant):
    """The network of tests that leave its weights alone."""
    return network(variant)


@functools.cache
def logits_of(variant):
    """Of INPUTS and TARGETS."""
    return run(unchanged(variant)).logits.numpy()


def padded(ids, more):
    return np.pad(ids, [[0, 0], [0, more]])


@pytest.mark.parametrize("variant", VARIANTS)
def test_appended_padding_and_other_sentences_change_nothing(variant):
    model, expected = unchanged(variant), logits_of(variant)
    longer = run(model, padded(INPUTS, 3), padded(TARGETS, 2)).logits.numpy()
    np.testing.assert_allclose(longer[:, : TARGETS.shape[1]], expected, rtol=1e-9, atol=1e-12)
    alone = run(model, INPUTS[1:2, :3], TARGETS[1:2]).logits.numpy()
    np.testing.assert_allclose(alone, expected[1:2], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("variant", ATTENTIVE)
def test_attention_over_padding_is_an_option(variant):
    model = network(variant, attend_to_padding=True)
    longer = run(model, padded(INPUTS, 3)).logits.numpy()
    assert np.abs(longer - run(model).logits.numpy()).max() > 1e-4


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_token_at_a_time_gives_the_same_logits(variant):
    model, expected = unchanged(variant), logits_of(variant)
    require(model, Stepwise, "a search")
    require(model, Parallel, "training")
    memory, state = model.start(model.encode(INPUTS), tf.constant(2))
    ids = np.zeros(len(INPUTS), np.int32)
    for position in range(TARGETS.shape[1]):
        logits, state = model.step(ids, position, memory, state)
        np.testing.assert_allclose(logits, expected[:, position], rtol=1e-9, atol=1e-12)
        ids = TARGETS[:, position]


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_later_target_changes_no_earlier_logits(variant):
    changed = TARGETS.copy()
    changed[1, 2] = 7
    before, after = logits_of(variant), run(unchanged(variant), targets=changed).logits.numpy()
    np.testing.assert_array_equal(after[1, :3], before[1, :3])
    assert np.abs(after[1, 3] - before[1, 3]).max() > 1e-4


@pytest.mark.parametrize("variant", ATTENTIVE)
def test_attention_sums_to_one_over_the_real_source(variant):
    heads = VARIANTS[variant][-1]
    model = unchanged(variant)
    output = run(model, probes=(ATTENTION,))
    weights = output.probes[ATTENTION].numpy()
    assert weights.shape == (3, 1, heads, TARGETS.shape[1], INPUTS.shape[1])
    assert probe_sizes(model)[ATTENTION] == {"layers": 1, "heads": heads}
    np.testing.assert_allclose(weights.sum(-1), 1.0, rtol=1e-9)
    assert not weights[np.broadcast_to((INPUTS == 0)[:, None, None, None], weights.shape)].any()
    # Asking changes nothing.
    np.testing.assert_allclose(output.logits, logits_of(variant), rtol=1e-12)


def test_states_lie_where_their_source_token_is():
    """A reversed encoder has seen all before it reads the first token: no other state changes."""
    model = network("bahdanau")
    changed = np.array([[9, 6, 7, 4, 1]], np.int32)
    states = [model.encode(ids).states.numpy() for ids in (INPUTS[:1], changed)]
    moved = np.abs(states[0] - states[1]).max(-1)[0]
    assert moved[0] > 1e-4 and not moved[1:].any()


def test_what_the_softmax_reads_can_be_probed_and_attention_where_there_is_any():
    model = network("plain")
    output = run(model, probes=(HIDDEN, ATTENTION))
    assert output.probes.keys() == probe_sizes(model).keys() == {HIDDEN}
    assert probe_sizes(model)[HIDDEN] == {"layers": 1, "size": WIDTH}
    logits = output.probes[HIDDEN][:, 0].numpy() @ model.softmax.table.numpy().T
    np.testing.assert_allclose(logits, output.logits, rtol=1e-9)


@pytest.mark.parametrize(
    ("model", "set_name", "sizes", "millions"),
    [
        (BOTH, "lstm_attention", (32_000, 32_000), 14.1),
        ("gnmt", "gnmt_wmt", (32_000, 32_000), 280.8),
        ("rnnsearch", "rnnsearch_iwslt14", (22_822, 32_009), 21.8),
    ],
)
def test_models_have_as_many_weights_as_the_published_ones(model, set_name, sizes, millions):
    with shapes_only():
        made = registry.model(model)(registry.hparams(set_name), *sizes)
    assert round(made.count_params() / 1e6, 1) == millions


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_weight_learns(variant):
    model = unchanged(variant)
    with tf.GradientTape() as tape:
        logits = model(INPUTS, TARGETS, training=True).logits
        loss = tf.reduce_sum(tf.square(logits))
    names = named_variables(model)
    gradients = tape.gradient(loss, [variable.value for variable in names.values()])
    without = [
        name
        for name, gradient in zip(names, gradients, strict=True)
        if gradient is None or not np.any(tf.convert_to_tensor(gradient))
    ]
    trainable = {id(variable) for variable in model.trainable_variables}
    assert [name for name in without if id(names[name]) in trainable] == []


@pytest.mark.parametrize("variant", ["plain", "bidirectional_luong", "gnmt"])
def test_dropout_is_drawn_anew_at_every_call_and_only_in_training(variant):
    model = network(variant, dropout=0.5)
    first, second = (model(INPUTS, TARGETS, training=True).logits.numpy() for _ in range(2))
    assert np.abs(first - second).max() > 1e-3
    np.testing.assert_array_equal(run(model).logits, run(model).logits)


def test_what_is_fed_back_is_dropped_too():
    """One layer that reads zeros for embeddings: nothing but attention can be dropped."""
    model = network("bidirectional_luong", dropout=0.5, num_hidden_layers=1)
    source = model.encode(INPUTS)
    zeros = tf.zeros((3, 4, WIDTH), tf.float64)
    first, second = (model.decoder(zeros, source, training=True)[0].numpy() for _ in range(2))
    np.testing.assert_array_equal(first[:, 0], second[:, 0])
    assert np.abs(first - second)[:, 1:].max() > 1e-6


def test_the_plain_model_equals_the_oracle():
    model = network("plain")
    got = run(model).logits.numpy()
    values = {name: variable.numpy() for name, variable in named_variables(model).items()}

    def advance(stack, x, states):
        for layer, state in enumerate(states):
            parts = [f"{stack}/layer_{layer}/{p}" for p in ("kernel", "recurrent_kernel", "bias")]
            states[layer] = lstm_step(x, state, *(values[part] for part in parts))
            x = states[layer][WIDTH:]
        return x

    for row in range(len(INPUTS)):
        states = [np.zeros(2 * WIDTH) for _ in range(2)]
        for token in INPUTS[row][INPUTS[row] != 0][::-1]:
            advance("encoder/stack", values["input_embedding/table"][token] * WIDTH**0.5, states)
        before = np.zeros(WIDTH)
        for position, token in enumerate(TARGETS[row]):
            hidden = advance("decoder/stack", before, states)
            logits = values["softmax/table"] @ hidden
            np.testing.assert_allclose(got[row, position], logits, rtol=1e-9, atol=1e-12)
            before = values["target_embedding/table"][token] * WIDTH**0.5 * (token != 0)


def test_a_bidirectional_encoder_gives_both_ends_to_a_decoder_of_twice_the_width():
    model = network("bidirectional")
    source = model.encode(INPUTS)
    assert source.states.shape == (3, 5, 2 * WIDTH) and len(source.ends) == 2
    # The forward half of the last state is the output at the last token, the other at the first.
    hidden = source.ends[1].numpy()[:, 2 * WIDTH :]
    np.testing.assert_allclose(hidden[0, :WIDTH], source.states[0, 4, :WIDTH], rtol=1e-12)
    np.testing.assert_allclose(hidden[0, WIDTH:], source.states[0, 0, WIDTH:], rtol=1e-12)
    assert not source.states.numpy()[INPUTS == 0].any()


def test_gnmt_adds_the_input_from_the_third_layer_on():
    model = network("gnmt")
    above = model.encoder.above
    assert (above.residual_from, model.decoder.above.residual_from) == (2, 2)
    for layer in above.cells()[1:]:
        for weight in layer.weights:
            weight.assign(weight * 0)
    embedded = tf.ones((1, 3, 2 * WIDTH), tf.float64)
    outputs, states = above(embedded, above.zero_states(1, "float64"))
    # A layer of zeros says nothing: what comes out is what went in.
    np.testing.assert_allclose(outputs, above.layer_0.output(states[0]), rtol=1e-12)


def test_the_size_of_attention_follows_the_hidden_size_unless_it_is_given():
    assert network("bahdanau").decoder.attention_size == WIDTH
    model = network("bahdanau", attention_layer_size=6)
    assert model.decoder.attention_size == model.softmax.hidden_size == 6
    assert registry.hparams("lstm_attention").attention_layer_size == 0


def test_one_table_where_it_fits():
    tables = [name for name in named_variables(network("bidirectional_luong")) if "table" in name]
    assert tables == ["softmax/table"]
    apart = network("bidirectional_luong", vocab_sizes=(VOCAB, 9))
    assert len([name for name in named_variables(apart) if "table" in name]) == 3
    with pytest.raises(InputError, match="as wide as embeddings, 4; this one's is 8"):
        network("bidirectional", shared_embedding_and_softmax_weights=True)


@pytest.mark.parametrize(
    ("variant", "changes", "told"),
    [
        ("plain", {"num_hidden_layers": 0}, "num_hidden_layers is 0; it must be at least 1."),
        ("bahdanau", {"attention_mechanism": "luon"}, "Unknown attention_mechanism 'luon'"),
        ("gnmt", {"attention_query": "next"}, "Unknown attention_query 'next'"),
    ],
)
def test_nonsense_is_refused(variant, changes, told):
    with pytest.raises(InputError, match=told):
        network(variant, **changes)


@pytest.mark.parametrize("variant", ["plain", "luong_multi", "gnmt", "rnnsearch"])
def test_a_graph_of_any_size_searches_as_it_was_taught(variant):
    """Greedy search in a compiled graph says what teacher forcing on its own words says."""
    model = network(variant, dtype="float32")
    settings = decode_hparams("beam_size=1,extra_length=3", "beam")
    search = registry.strategy("beam")(settings, registry.hparams("lstm_seq2seq"))
    graph = tf.function(lambda inputs: search(model, inputs), input_signature=[IDS])
    ids = graph(tf.constant(INPUTS)).ids.numpy()[:, 0]
    best = run(model, targets=ids).logits.numpy().argmax(-1)
    real = ids != 0
    assert real.any(axis=1).all()
    np.testing.assert_array_equal(best[real], ids[real])


def test_saved_weights_give_equal_outputs(tmp_path):
    model, other = network("gnmt"), network("gnmt")
    for variable in other.weights:
        variable.assign(variable * 0)
    model.save_weights(tmp_path / "w.weights.h5")
    other.load_weights(tmp_path / "w.weights.h5")
    np.testing.assert_array_equal(run(other).logits, run(model).logits)
    assert isinstance(model, keras.Model)
