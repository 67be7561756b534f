"""Weight decay against the oracle, in the form of either version of T2T."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.models.variables import named_variables
from t2t_hint_nart.training.weight_decay import is_bias, weight_decay_loss
from tests.models.tiny_networks import VOCAB
from tests.oracles import weight_decay as oracle
from tests.training.tiny_learner import make_learner

RATE = 0.2


def variables_of(name="transformer"):
    set_name = "transformer_small" if name == "transformer" else "transformer_nat_small"
    return named_variables(make_learner(name, set_name).network)


def hparams_of(set_name="transformer_base", **changes):
    return registry.hparams(set_name).override_from_dict({"weight_decay": RATE, **changes})


def t2t_arrays(variables, pieces):
    """The variables as T2T has them: a table in pieces."""
    for name, variable in variables.items():
        array = np.asarray(variable, np.float64)
        yield from (oracle.pieces_of_a_table(array, pieces) if name.endswith("/table") else [array])


@pytest.mark.parametrize("pieces", [1, 3, 16, 2 * VOCAB])
@pytest.mark.parametrize("model", ["transformer", "transformer_nat"])
def test_the_mean_of_every_variable_of_rank_2(model, pieces):
    variables = variables_of(model)
    loss = weight_decay_loss(variables, hparams_of(symbol_modality_num_shards=pieces))
    expected = oracle.mean_form(t2t_arrays(variables, pieces), RATE)
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_the_sum_of_all_but_biases():
    variables = variables_of()
    loss = weight_decay_loss(variables, hparams_of("transformer_base_t2t115"))
    decayed = [v for name, v in variables.items() if name.rsplit("/")[-1] not in ("bias", "beta")]
    assert float(loss) == pytest.approx(oracle.sum_form(decayed, RATE), rel=1e-5)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_what_is_not_trained_does_not_decay(reduction):
    """As the steps that transformer_ae counts, and its codewords' uses."""
    kernel, counts = (
        keras.Variable(np.ones((2, 3)), trainable=is_trained) for is_trained in (True, False)
    )
    hparams = hparams_of(weight_decay_reduction=reduction)
    expected = float(weight_decay_loss({"kernel": kernel}, hparams))
    both = {"kernel": kernel, "counts": counts}
    assert float(weight_decay_loss(both, hparams)) == expected > 0.0


def test_what_1_15_takes_for_biases():
    biases = {name for name, v in variables_of().items() if is_bias(name, tuple(v.shape))}
    assert {name.rsplit("/", 1)[-1] for name in biases} == {"bias", "beta"}
    assert not is_bias("encoder/bias", (3, 4))


def test_which_sets_have_which():
    for name in registry.list_hparams():
        is_115 = name.endswith("_t2t115") or name == "transformer_base_v3"
        # Of transformer_ae all but ours of two corpora are T2T's, or made of one of these.
        is_115 |= name.startswith("transformer_ae_") and not name.endswith(
            ("_iwslt14", "_multi30k")
        )
        expected = "sum" if is_115 else "mean"
        assert registry.hparams(name).weight_decay_reduction == expected, name


def test_golden_values_of_a_fresh_base_model():
    """Executed with T2T at rate 1 and 32,768 subtokens: 0.060 in 1.2.9, 47,240 as a sum.

    The table's mean square doesn't depend on V; its sum is V / 2.
    """
    vocab = 320
    network = registry.model("transformer")(registry.hparams("transformer_base"), vocab)
    variables = named_variables(network)
    in_means = float(weight_decay_loss(variables, hparams_of(weight_decay=1.0)))
    assert in_means == pytest.approx(0.060, abs=0.0005)
    sums = hparams_of(weight_decay=1.0, weight_decay_reduction="sum")
    expected = 47_240 - (32_768 - vocab) / 2
    assert float(weight_decay_loss(variables, sums)) == pytest.approx(expected, rel=1e-3)


def test_its_gradient():
    table = keras.Variable(np.random.default_rng(6).normal(size=(10, 2)))
    with tf.GradientTape() as tape:
        loss = weight_decay_loss({"softmax/table": table}, hparams_of(symbol_modality_num_shards=4))
    # Rows are in pieces of 3, 3, 2 and 2.
    size = 2.0 * np.repeat([3.0, 3.0, 2.0, 2.0], [3, 3, 2, 2])[:, None]
    gradient = tf.convert_to_tensor(tape.gradient(loss, table.value)).numpy()
    np.testing.assert_allclose(gradient, RATE * table.numpy() / size, rtol=1e-5)
