"""Models are built of a set that fits, and only models that have what every one must have."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from t2t_hint_nart import registry
from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.models.build import build_model
from t2t_hint_nart.models.variables import named_variables
from t2t_hint_nart.training.learner import Learner
from t2t_hint_nart.training.objective import Objective
from t2t_hint_nart.training.optimizer import make_optimizer


@pytest.mark.parametrize("stack", ["encoder", "decoder"])
def test_a_stack_without_layers(monkeypatch, stack):
    monkeypatch.setattr(registry, "model", lambda name: pytest.fail("built"))
    other = "decoder" if stack == "encoder" else "encoder"
    changes = f"num_hidden_layers=0,num_{other}_layers=1"
    told = f"^num_hidden_layers is 0; with num_{stack}_layers=0 it must be at least 1.$"
    with pytest.raises(InputError, match=told):
        build_model("transformer", registry.hparams("transformer_test").parse(changes), None, {})


def test_no_word_of_a_set_is_taken_as_it_comes():
    """Numbers: tests/test_hparam_bounds.py. A word is checked where it is read, before training."""
    hparams = registry.hparams("transformer_nat_small_hints")
    hparams.parse("hidden_size=8,filter_size=8,num_heads=2,num_hidden_layers=1")
    words = [name for name, value in hparams.values().items() if isinstance(value, str)]
    assert len(words) > 10
    for name in set(words) - {"teacher_export_dir"}:
        changed = hparams.copy()
        with pytest.raises(InputError, match="foo"):
            changed.set_hparam(name, "foo")
            registry.model("transformer_nat")(changed, 11)
            Objective(changed)
            make_optimizer(changed)


@pytest.mark.parametrize("sequence", ["na", "a"])
def test_a_residual_before_a_sublayer(sequence):
    hparams = registry.hparams("transformer_test").parse(f"layer_preprocess_sequence={sequence}")
    told = f"^layer_preprocess_sequence is '{sequence}', but before a sublayer there is no residual"
    with pytest.raises(InputError, match=told):
        registry.model("transformer")(hparams, 11)


# Models from outside, made of plain Keras layers.

ENCODERS = {"inputs": SimpleNamespace(vocab_size=9), "targets": SimpleNamespace(vocab_size=7)}
PROBLEM = SimpleNamespace(space_ids={"targets": 3})


@pytest.fixture(autouse=True)
def own_models(monkeypatch):
    registry.load_plugins()
    monkeypatch.setattr(registry._models, "_entries", dict(registry._models._entries))


def build(model, hparams=None):
    registry.register_model("mine")(model)
    return build_model("mine", hparams or HParams(hidden_size=4), PROBLEM, ENCODERS)


class Recurrent(keras.Model):
    """An LSTM over the shifted targets and the mean of the source; nothing is built by hand."""

    def __init__(self, hparams, vocab_size, source_vocab_size=None, target_space_id=0):
        super().__init__()
        self.vocab_size = vocab_size
        self.given = (source_vocab_size, target_space_id)
        self.source = keras.layers.Embedding(source_vocab_size, hparams.hidden_size)
        self.target = keras.layers.Embedding(vocab_size, hparams.hidden_size)
        self.body = [keras.layers.LSTM(hparams.hidden_size, return_sequences=True)]
        self.top = keras.Sequential([keras.layers.Dense(5), keras.layers.Dense(vocab_size)])

    def call(self, inputs, targets, training=False):
        shifted = ops.pad(targets[:, :-1], [[0, 0], [1, 0]])
        states = self.target(shifted) + ops.mean(self.source(inputs), axis=1, keepdims=True)
        return self.top(self.body[0](states, training=training))


def test_layers_that_are_built_when_they_are_called_have_their_weights():
    model = build(Recurrent)
    assert model.given == (9, 3)
    assert list(named_variables(model)) == [
        "source/embeddings",
        "target/embeddings",
        "body_0/cell/kernel",
        "body_0/cell/recurrent_kernel",
        "body_0/cell/bias",
        "top/layers_0/kernel",
        "top/layers_0/bias",
        "top/layers_1/kernel",
        "top/layers_1/bias",
    ]


def test_a_model_of_plain_layers_learns():
    """A step of the trainer's own, and every weight of it changes."""
    hparams = registry.hparams("transformer_base_v2").override_from_dict(
        {"hidden_size": 4, "learning_rate_warmup_steps": 1}
    )
    model = build(Recurrent, hparams)
    learner = Learner(model, Objective(hparams))
    learner.compile(optimizer=make_optimizer(hparams))
    before = {name: v.numpy() for name, v in named_variables(model).items()}
    data = {
        "inputs": tf.constant([[5, 6, 1], [4, 1, 0]]),
        "targets": tf.constant([[3, 4, 1], [2, 1, 0]]),
    }
    losses = [float(learner.train_step(data)["loss"]) for _ in range(8)]
    assert losses[-1] < losses[0]
    after = {name: v.numpy() for name, v in named_variables(model).items()}
    assert [name for name in before if np.array_equal(before[name], after[name])] == []
    assert float(learner.test_step(data)["count"]) == 5.0


def refusal(model):
    with pytest.raises(InputError) as caught:
        build(model)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_no_model():
    told = refusal(lambda *args, **kwargs: [1, 2])
    assert told == "Model 'mine' is a list; a keras.Model is needed (models.network.Network)."


class Sizeless(keras.Model):
    def __init__(self, hparams, vocab_size, **kwargs):
        super().__init__()


def test_a_model_that_does_not_know_its_vocabulary():
    told = "Model 'mine' has no vocab_size: set it to the argument of that name in __init__."
    assert refusal(Sizeless) == told


class Nonsense(Sizeless):
    def __init__(self, hparams, vocab_size, **kwargs):
        super().__init__(hparams, vocab_size)
        self.vocab_size = vocab_size
        self.dense = keras.layers.Dense(vocab_size)

    def call(self, inputs, targets, training=False):
        return {"logits": self.dense(ops.cast(inputs, "float32"))}


def test_a_model_that_returns_nonsense():
    told = refusal(Nonsense)
    assert told.endswith(
        " returns dict; an Output of models.network is needed, or logits "
        "[sentences, positions, vocabulary]."
    )


class Hidden(Nonsense):
    """Its weights are where nobody looks for them."""

    def __init__(self, hparams, vocab_size, **kwargs):
        super().__init__(hparams, vocab_size)
        self.tables = [self.add_weight(shape=(2,)), self.add_weight(shape=(3,))]

    def call(self, inputs, targets, training=False):
        return self.dense(ops.cast(targets, "float32")[:, :, None])


def test_a_model_whose_weights_cannot_be_named():
    assert refusal(Hidden).endswith(
        " has 4 weights, but attributes lead to 2 of them: every layer must be an attribute, or in "
        "a list that is one."
    )


def test_another_models_set_is_named():
    def demanding(hparams, vocab_size, **kwargs):
        return hparams.kernel_width

    assert refusal(demanding).startswith(
        "The hparams set isn't one of model 'mine' (Unknown hyperparameter kernel_width); "
        "sets named after the model: none"
    )


def test_a_model_without_steps_is_refused_by_a_search():
    model = build(Recurrent)
    search = registry.strategy(registry.strategy_of("mine"))(decode_hparams(), HParams())
    with pytest.raises(InputError) as caught:
        search(model, tf.constant([[5, 1]]))
    assert str(caught.value) == (
        f"Model '{model.name}' has no encode and no start and no step, which a search needs "
        "(models.protocol, Stepwise)."
    )
