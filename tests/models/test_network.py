"""The border of models: what is understood of plain Keras models, and what is refused."""

import keras
import numpy as np
import pytest
from keras import ops

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.models.network import (
    Canvas,
    Network,
    Output,
    forward,
    measure,
    prepare,
    probe_sizes,
)
from t2t_hint_nart.models.protocol import Parallel, Stepwise, require
from tests.models.tiny_networks import tiny_network

INPUTS = np.array([[5, 6, 1], [4, 1, 0]], np.int32)
TARGETS = np.array([[3, 1], [1, 0]], np.int32)
VOCAB = 7


class Plain(keras.Model):
    """Returns what it is told to, whatever it is asked."""

    def __init__(self, result):
        super().__init__(name="plain")
        # In a function, which Keras doesn't wrap.
        self.result = lambda: result

    def call(self, inputs, targets, training=False):
        return self.result()


def test_logits_alone_predict_every_target():
    logits = ops.zeros((2, 2, VOCAB))
    output = forward(Plain(logits), INPUTS, TARGETS)
    assert output.logits is logits
    assert ops.convert_to_numpy(output.mask).tolist() == [[True, True], [True, False]]
    assert output.probes == {} and output.terms == {}


def test_an_output_is_taken_as_it_is():
    output = Output(ops.zeros((2, 5, VOCAB)), ops.ones((2, 5), "bool"))
    assert forward(Plain(output), INPUTS, TARGETS).logits is output.logits


@pytest.mark.parametrize(
    ("result", "what"),
    [
        (None, "NoneType"),
        ("logits", "str"),
        ({"logits": 1}, "dict"),
        (ops.zeros((2, VOCAB)), f"a tensor of shape (2, {VOCAB})"),
        ((ops.zeros((2, 2, VOCAB)), 1.0), "tuple"),
    ],
)
def test_nonsense_is_refused(result, what):
    with pytest.raises(InputError) as caught:
        forward(Plain(result), INPUTS, TARGETS)
    assert str(caught.value) == (
        f"Model 'plain' returns {what}; an Output of models.network is needed, or logits "
        "[sentences, positions, vocabulary]."
    )


class Asked(keras.Model):
    def call(self, inputs, targets, training=False, probes=()):
        self.asked = (training, probes)
        return ops.zeros((2, 2, VOCAB))


def test_training_and_probes_reach_the_model():
    model = Asked()
    forward(model, INPUTS, TARGETS, training=True, probes=["hidden"])
    assert model.asked == (True, ("hidden",))
    forward(model, INPUTS, TARGETS)
    assert model.asked == (False, ())


class Counting(Network):
    """Logits are the number of source tokens and the target ids."""

    vocab_size = VOCAB

    def encode(self, inputs, training=False, probes=()):
        return ops.sum(ops.cast(inputs != 0, "float32"), axis=1), training, probes

    def decode(self, source, canvas, training=False, probes=()):
        count, *asked = source
        assert tuple(asked) == (training, probes)
        logits = count[:, None, None] + ops.cast(canvas.tokens, "float32")[:, :, None]
        return Output(logits, canvas.mask, {"count": count} if "count" in probes else {})


@pytest.mark.parametrize("training", [False, True])
def test_a_network_decodes_over_the_canvas_of_the_targets(training):
    output = forward(Counting(), INPUTS, TARGETS, training=training, probes=("count",))
    assert ops.convert_to_numpy(output.logits)[:, :, 0].tolist() == [[6.0, 4.0], [3.0, 2.0]]
    assert ops.convert_to_numpy(output.mask).tolist() == [[True, True], [True, False]]
    assert ops.convert_to_numpy(output.probes["count"]).tolist() == [3.0, 2.0]


def test_what_a_network_is_unless_it_says_otherwise():
    network = Network()
    state = {"memory": INPUTS}
    assert network.grow(state, 4) is state
    assert network.probe_sizes() == {} == probe_sizes(keras.Sequential())
    assert probe_sizes(tiny_network("transformer", "transformer_base_v2"))["attention"] == {
        "layers": 2,
        "heads": 2,
    }
    for call in (lambda: network.encode(INPUTS), lambda: network.decode(None, Canvas(None))):
        with pytest.raises(NotImplementedError):
            call()


@pytest.mark.parametrize(
    ("name", "set_name", "protocol"),
    [
        ("transformer", "transformer_base_v2", Stepwise),
        ("transformer", "transformer_base_v2", Parallel),
        ("transformer_nat", "transformer_nat_base_v2", Parallel),
    ],
)
def test_what_the_models_of_the_paper_offer(name, set_name, protocol):
    require(tiny_network(name, set_name), protocol, "anything")


@pytest.mark.parametrize(
    ("network", "protocol", "told"),
    [
        (Counting(name="c"), Stepwise, "Model 'c' has no start and no step, which a search needs"),
        (
            Plain(None),
            Parallel,
            "Model 'plain' has no vocab_size and no encode and no decode, which a search needs",
        ),
        (
            object(),
            Stepwise,
            "Model 'object' has no vocab_size and no encode and no start and no step, which a "
            "search needs",
        ),
    ],
)
def test_what_a_model_lacks_is_named(network, protocol, told):
    with pytest.raises(InputError) as caught:
        require(network, protocol, "a search")
    assert str(caught.value) == f"{told} (models.protocol, {protocol.__name__})."


def test_a_network_that_leaves_out_what_it_must_define_is_told_so():
    class Half(Network):
        vocab_size = 3

        def encode(self, inputs, training=False, probes=()):
            return inputs

    with pytest.raises(InputError, match="'half' has no decode, which a pass needs"):
        require(Half(name="half"), Parallel, "a pass")


@pytest.mark.parametrize("given, measured", [(None, 1), (5, 5)])
def test_what_is_measured_on_the_training_data_is_what_the_set_leaves_open(given, measured):
    hparams = HParams(hidden_size=2)
    hparams.add_hparam("length_bias", given, int)
    pairs = [([5, 1], [6, 7, 1]), ([5, 6, 1], [7, 5, 6, 1])]
    measure(keras.Model, hparams, pairs)
    assert hparams.length_bias == measured
    without = HParams(hidden_size=2)
    measure(keras.Model, without, pairs)
    assert "length_bias" not in without


def test_a_model_measures_and_prepares_what_it_likes():
    class Own(Network):
        @classmethod
        def measure(cls, hparams, pairs):
            hparams.hidden_size = len(pairs)

        def prepare(self, pairs, output_dir):
            self.kept = (len(pairs), output_dir)

    hparams, own = HParams(hidden_size=2), Own()
    measure(Own, hparams, [(), (), ()])
    prepare(own, [()], "runs")
    prepare(keras.Model(), [()], "runs")
    assert hparams.hidden_size == 3 and own.kept == (1, "runs")
