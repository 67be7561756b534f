"""The latent Transformer: canvases, latents, the prior, what may and may not change a result."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.models.network import HIDDEN, Canvas, Source, forward
from t2t_hint_nart.models.startup import exponential_rise, linear_rise
from t2t_hint_nart.models.transformer_ae import added_positions
from t2t_hint_nart.models.variables import named_variables
from t2t_hint_nart.training.averaging import write_model_values
from t2t_hint_nart.training.checkpoints import restore_model
from tests.models.tiny_networks import VOCAB, WIDTH, tiny_hparams, tiny_network

KINDS = {
    "semhash": {"z_size": 5},
    "dvq": {"bottleneck_kind": "dvq", "z_size": 6, "num_blocks": 2, "num_decode_blocks": 2},
}
EITHER = pytest.mark.parametrize("kind", KINDS)
_DROPOUTS = ("dropout", "layer_prepostprocess_dropout", "attention_dropout", "relu_dropout")
SMALL = {"compress_filter_size": 10, "num_decoder_layers": 1, **dict.fromkeys(_DROPOUTS, 0.0)}
# A source longer than its target, targets over twice their source, a canvas of one latent.
INPUTS = np.array(
    [[5, 6, 7, 3, 8, 1], [8, 4, 1, 0, 0, 0], [1, 0, 0, 0, 0, 0], [4, 5, 9, 2, 1, 0]], np.int32
)
TARGETS = np.array(
    [
        [4, 9, 1, 0, 0, 0, 0, 0, 0, 0],
        [9, 3, 2, 8, 5, 7, 4, 6, 3, 1],
        [6, 1, 0, 0, 0, 0, 0, 0, 0, 0],
        [1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ],
    np.int32,
)
MASK = TARGETS != 0


def build(kind="semhash", dtype="float64", **changes):
    network = tiny_network(
        "transformer_ae",
        "transformer_ae_multi30k",
        dtype=dtype,
        **{**KINDS[kind], **SMALL, **changes},
    )
    for name, variable in named_variables(network).items():
        if name == "steps":
            variable.assign(0.0)
        elif name == "bottleneck/counts":
            variable.assign(np.ones(tuple(variable.shape)))
    return network


@pytest.fixture(scope="module", params=KINDS)
def network(request):
    return build(request.param)


def latents_of(network, inputs, targets):
    """The numbers that targets are compressed to, −1 behind each sentence's."""
    tokens, mask = network._padded(network.encode(inputs), targets)
    compressed = network.compression(network._with_positions(tokens), mask)
    real = mask[:, :: network.chunk]
    return np.where(real, network.bottleneck(compressed, real).latents, -1)


@pytest.mark.parametrize("steps", [1, 3])
def test_a_canvas_has_a_latent_for_every_chunk(steps):
    network = build(num_compress_steps=steps)
    chunk = 2**steps
    pairs = [(source, target) for source in range(1, 12) for target in range(1, 20)]
    sources, targets = (np.array(lengths)[:, None] for lengths in zip(*pairs, strict=True))
    source = Source(None, np.arange(11) < sources)
    tokens, mask = network._padded(source, (np.arange(19) < targets).astype(np.int32))
    counts = [-(-max(target, 2 * length) // chunk) for length, target in pairs]
    assert tokens.shape == mask.shape == (len(pairs), max(counts) * chunk)
    assert np.array_equal(mask, np.arange(mask.shape[1]) < chunk * np.array(counts)[:, None])
    decoded = [-(-2 * length // chunk) for length, _ in pairs]
    assert np.asarray(network.latent_lengths(source)).tolist() == decoded
    states = np.zeros((1, 5 * chunk, WIDTH))
    assert network.compression(states, np.ones((1, 5 * chunk), bool)).shape == (1, 5, WIDTH)
    source = network.encode(INPUTS[:1])
    latents = np.zeros((1, 5, WIDTH))
    opened = network.decompression(latents, np.ones((1, 5), bool), source)
    assert opened.shape == (1, 5 * chunk, WIDTH)


def test_latents_are_of_a_sentences_own_lengths(network):
    counts = (latents_of(network, INPUTS, TARGETS) >= 0).sum(axis=1)
    assert counts.tolist() == [2, 2, 1, 2]
    assert np.asarray(network.latent_lengths(network.encode(INPUTS))).tolist() == [2, 1, 1, 2]


def test_padding_and_batch_change_nothing(network):
    output = network(INPUTS, TARGETS, probes=(HIDDEN,))
    inputs = np.pad(INPUTS, [[0, 0], [0, 5]])[::-1]
    targets = np.pad(TARGETS, [[0, 0], [0, 9]])[::-1]
    wider = network(inputs, targets, probes=(HIDDEN,))
    assert wider.logits.shape == (4, 19, VOCAB) and output.logits.shape == (4, 10, VOCAB)
    np.testing.assert_allclose(
        np.asarray(wider.logits)[::-1, :10][MASK], np.asarray(output.logits)[MASK], rtol=1e-8
    )
    for name, term in output.terms.items():
        np.testing.assert_allclose(wider.terms[name].total, term.total, rtol=1e-9)
        assert wider.terms[name].count == term.count == 7
    total = 0.0
    for row, length in enumerate(MASK.sum(axis=1)):
        own = INPUTS[row : row + 1, : np.count_nonzero(INPUTS[row])]
        alone = network(own, TARGETS[row : row + 1, :length])
        np.testing.assert_allclose(alone.logits[0], output.logits[row, :length], rtol=1e-8)
        total += float(alone.terms["latent_pred"].total)
    np.testing.assert_allclose(total, output.terms["latent_pred"].total, rtol=1e-9)


def test_latents_say_what_their_targets_do(network):
    """The same latents, decoded without the targets, give the same logits."""
    rows = [0, 2, 3]  # of those whose canvas is twice the source, as in decoding
    source = network.encode(INPUTS[rows])
    latents = np.maximum(latents_of(network, INPUTS[rows], TARGETS[rows]), 0)
    decoded = network.decode_latents(source, latents, Canvas(MASK[rows]))
    expected = network(INPUTS[rows], TARGETS[rows])
    np.testing.assert_allclose(decoded.logits, expected.logits, rtol=1e-9)
    other = network.decode_latents(source, latents ^ 3, Canvas(MASK[rows]))
    assert not np.allclose(other.logits, expected.logits)


def test_what_is_behind_a_sentences_latents_changes_nothing(network):
    source = network.encode(INPUTS)
    mask = np.arange(12) < 2 * (INPUTS != 0).sum(axis=1)[:, None]
    latents = np.array([[3, 1, 4], [2, 7, 5], [6, 5, 3], [1, 0, 2]], np.int32)
    other = np.array([[3, 1, 0], [2, 0, 0], [6, 1, 1], [1, 0, 9]], np.int32)
    one, two = (
        network.decode_latents(source, ids, Canvas(mask)).logits for ids in (latents, other)
    )
    np.testing.assert_array_equal(np.asarray(one)[mask], np.asarray(two)[mask])


def test_every_position_sees_the_source_and_earlier_latents_alone(network):
    """The decoder is causal over what was decompressed, and convolutions reach further."""
    source = network.encode(INPUTS[:1])
    states = keras.random.normal((1, 16, WIDTH), dtype="float64", seed=1)
    changed = keras.ops.concatenate([states[:, :6], -states[:, 6:]], axis=1)
    one, two = (network._parallel(value, source, 16).logits[0] for value in (states, changed))
    # Shifted right: position 6 reads states up to 5.
    np.testing.assert_array_equal(one[:7], two[:7])
    assert not np.allclose(one[7], two[7])


def test_later_latents_cannot_change_earlier_logits(network):
    source = network.encode(INPUTS)
    latents = np.array([[3, 1, 4], [2, 7, 5], [6, 5, 3], [1, 0, 2]], np.int32)
    one = network.prior(network.bottleneck.embed(latents), source)
    latents[:, 1] ^= 3
    two = network.prior(network.bottleneck.embed(latents), source)
    np.testing.assert_array_equal(one[:, :2], two[:, :2])
    assert not np.allclose(one[:, 2], two[:, 2])


def test_the_prior_goes_on_as_it_does_at_once(network):
    source = network.encode(INPUTS)
    latents = np.array([[3, 1, 4], [2, 7, 5], [6, 5, 3], [1, 0, 2]], np.int32)
    expected = network.prior(network.bottleneck.embed(latents), source)
    memory, state = network.start_latents(source, 3)
    for position in range(3):
        before = latents[:, position - 1]
        logits, state = network.step_latents(before, tf.constant(position), memory, state)
        np.testing.assert_allclose(logits, expected[:, position], rtol=1e-9)


def test_the_priors_loss_is_the_cross_entropy_of_real_latents(network):
    """−Σ log p over the digits of every latent that a sentence has, by loops."""
    output = network(INPUTS, TARGETS)
    latents = latents_of(network, INPUTS, TARGETS)
    embedded = network.bottleneck.embed(np.maximum(latents, 0))
    logits = np.asarray(network.prior(embedded, network.encode(INPUTS)))
    total = 0.0
    for (row, place), latent in np.ndenumerate(latents):
        for digit in range(network.latent_digits if latent >= 0 else 0):
            scores = logits[row, place, digit]
            said = latent // network.prior.base**digit % network.prior.base
            total += np.log(sum(np.exp(scores))) - scores[said]
    np.testing.assert_allclose(output.terms["latent_pred"].total, total, rtol=1e-9)
    assert output.terms["latent_pred"].count == 7


def test_normalized_logits_have_the_mean_square_1_at_every_position():
    network = build(logit_normalization=True)
    source = network.encode(INPUTS)
    logits = network.prior(network.bottleneck.embed(np.ones((4, 3), np.int32)), source)
    np.testing.assert_allclose(np.mean(np.square(logits), axis=-1), 1.0, rtol=1e-6)


def gradients(network, term):
    """Of a term in a step of training, by name; None where there is none."""
    trained = {n: v for n, v in named_variables(network).items() if v.trainable}
    with tf.GradientTape() as tape:
        total = network(INPUTS, TARGETS, training=True).terms[term].total
    return dict(zip(trained, tape.gradient(total, list(trained.values())), strict=True))


def test_the_prior_learns_once_its_steps_are_over():
    network = build(mask_startup_steps=1, startup_steps=0)
    for expected in (False, False, True):
        moved = gradients(network, "latent_pred")
        assert bool(np.abs(moved["prior/softmax/kernel"]).max() > 0) is expected
        # Latents are numbers: nothing goes back to what made them.
        assert moved["compression/halving_0/kernel"] is None
    assert float(network.steps) == 3


def test_the_states_commit_to_their_codewords():
    network = build("dvq", beta=0.25, startup_steps=0)
    moved = gradients(network, "extra")
    assert np.abs(moved["compression/halving_0/kernel"]).max() > 0
    assert moved["prior/softmax/kernel"] is None
    once = network(INPUTS, TARGETS).terms["extra"].total
    network.hparams.override_from_dict({"beta": 0.5})
    np.testing.assert_allclose(network(INPUTS, TARGETS).terms["extra"].total, 2 * once)


@EITHER
def test_training_alone_counts(kind):
    network = build(kind)
    weights = named_variables(network)
    before = {name: variable.numpy() for name, variable in weights.items()}

    def changed():
        return {name for name, value in before.items() if not np.array_equal(value, weights[name])}

    network(INPUTS, TARGETS)
    source = network.encode(INPUTS)
    network.decode_latents(source, np.zeros((4, 2), np.int32), Canvas(MASK))
    assert changed() == set()
    network(INPUTS, TARGETS, training=True)
    of_codewords = {"bottleneck/counts", "bottleneck/sums"} if kind == "dvq" else set()
    assert changed() == {"steps"} | of_codewords
    assert changed() == {name for name, variable in weights.items() if not variable.trainable}


def test_a_checkpoint_has_what_training_counted(tmp_path):
    network, other = build("dvq", "float32"), build("dvq", "float32", startup_steps=9)
    network(INPUTS, TARGETS, training=True)
    values = {name: variable.numpy() for name, variable in named_variables(network).items()}
    restore_model(other, write_model_values(values, tmp_path, 1))
    assert float(other.steps) == 1
    np.testing.assert_array_equal(other(INPUTS, TARGETS).logits, network(INPUTS, TARGETS).logits)
    np.testing.assert_array_equal(other.bottleneck.codebook(), network.bottleneck.codebook())


def test_latents_become_discrete_step_by_step():
    """At first sentences are decoded from what was compressed, later from their latents."""
    network = build("dvq", startup_steps=10)
    inputs, targets = (np.repeat(ids[:1], 80, axis=0) for ids in (INPUTS, TARGETS))
    evaluated = np.asarray(network(inputs, targets).logits)[:, 1]
    still = [(variable, variable.numpy()) for variable in network.weights]
    for step, least, most in ((0.0, 0.0, 0.1), (8.0, 0.25, 0.55), (10.0, 1.0, 1.0)):
        # 0.01, 0.4 and 1; codewords move, and are put back.
        for variable, value in still:
            variable.assign(value)
        network.steps.assign(step)
        trained = np.asarray(network(inputs, targets, training=True).logits)[:, 1]
        share = np.isclose(trained, evaluated, rtol=1e-3).all(axis=1).mean()
        assert least <= share <= most, step


@pytest.mark.parametrize(
    ("predicts", "step", "is_true"), [(True, 0, 0), (False, 0, 1), (False, 9, 0)]
)
def test_true_targets_stand_in_at_first(predicts, step, is_true):
    network = build(
        use_predict_mask=predicts, mask_startup_steps=8, unmasked_percentage=0.0, startup_steps=0
    )
    embedded, states = np.ones((50, 8, WIDTH)), np.zeros((50, 8, WIDTH))
    if predicts:
        # The decoder isn't given them at all.
        network._mixed = None
        network(INPUTS, TARGETS, training=True)
        return
    mixed = np.asarray(network._mixed(embedded, states, keras.ops.convert_to_tensor(float(step))))
    assert abs(mixed.mean() - is_true) < 0.01
    # A position is of one or of the other.
    assert np.isin(mixed.mean(axis=2), (0, 1)).all()


def test_shares_rise_as_in_t2t():
    steps = np.arange(0.0, 21.0, 5.0, np.float32)
    expected = [np.exp(np.log(0.01) / 10) ** max(10 - step, 0) for step in steps]
    np.testing.assert_allclose(exponential_rise(steps, 10), expected, rtol=1e-5)
    expected = [min(step / 10, 1) * 0.99 + 0.01 for step in steps]
    np.testing.assert_allclose(linear_rise(steps, 10), expected, rtol=1e-5)
    assert np.array_equal(exponential_rise(steps, 0), np.ones(5))


def test_shuffling_moves_tokens_to_near_places_of_their_sentence():
    network = build(word_shuffle=2.0)
    tokens = np.zeros((40, 16), np.int32)
    tokens[:, :10] = np.arange(1, 11)
    shuffled = np.asarray(network._shuffled(tokens))
    assert not shuffled[:, 10:].any()
    assert np.array_equal(np.sort(shuffled[:, :10], axis=1), tokens[:, :10])
    moved = shuffled[:, :10] - tokens[:, :10]
    assert 1 <= np.abs(moved).max() <= 3
    # Each sentence by itself.
    assert len(np.unique(shuffled, axis=0)) > 20
    assert build(word_shuffle=0.0)._shuffled(tokens) is tokens


def test_positions_beyond_the_table_add_nothing():
    table = np.arange(6.0).reshape(3, 2) + 1
    got = np.asarray(added_positions(keras.ops.convert_to_tensor(table), 5, "float64"))
    assert np.array_equal(got, [*table, [0, 0], [0, 0]])


def test_long_sentences_have_a_result():
    """Of more positions than max_length."""
    network = build(max_length=8)
    inputs = np.full((1, 20), 5, np.int32)
    assert np.isfinite(network(inputs, inputs).logits).all()


def test_rows_of_padding_are_finite():
    network = build("dvq", "float32")
    inputs = np.concatenate([INPUTS, np.zeros_like(INPUTS[:1])])
    targets = np.concatenate([TARGETS, np.zeros_like(TARGETS[:1])])
    output = network(inputs, targets, training=True)
    assert np.isfinite(output.logits).all()
    assert all(np.isfinite(term.total) for term in output.terms.values())


def test_without_tokens_or_latents_it_says_so(network):
    with pytest.raises(ValueError, match="latents are needed"):
        network.decode(network.encode(INPUTS), Canvas(MASK))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_decode_blocks": 2, "z_size": 5}, "z_size 5 is not divisible by num_decode_blocks 2"),
        ({"bottleneck_kind": "semhsh"}, "Unknown bottleneck_kind 'semhsh'.*'semhash'"),
    ],
)
def test_what_does_not_go_together_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        tiny_network("transformer_ae", "transformer_ae_multi30k", **changes)


@pytest.mark.parametrize(
    ("name", "value"), [("causal", False), ("soft_em", True), ("task", "image")]
)
def test_what_is_not_implemented_is_refused(name, value):
    with pytest.raises(InputError, match=f"{name}.*not implemented"):
        tiny_hparams("transformer_ae_multi30k", **{name: value})


@pytest.mark.parametrize("kind", KINDS)
def test_activations_of_a_low_precision(kind):
    network = build(kind, dtype="mixed_bfloat16")
    output = forward(network, tf.constant(TARGETS), tf.constant(TARGETS), training=True)
    for value in (output.logits, *(term.total for term in output.terms.values())):
        assert value.dtype == tf.float32 and np.isfinite(value).all()
