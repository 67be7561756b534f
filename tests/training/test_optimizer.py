"""The optimizers against NumPy, under T2T's names."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.training.optimizer import make_optimizer
from tests.oracles.learning_rate import factor_schedule, noam

RNG = np.random.default_rng(33)
START = [RNG.normal(size=(3, 2)), RNG.normal(size=4)]
GRADIENTS = [[RNG.normal(size=x.shape) for x in START] for _ in range(3)]
# Of transformer_base_v2 with a warmup of 2 steps.
RATES = [noam(step, 512, 2, 0.2) for step in range(3)]


def adam(values, gradients, rates, beta2=0.98, clip=0.0, textbook=False):
    """Kingma & Ba with T2T's ε: lr √(1−β₂ᵗ)/(1−β₁ᵗ) · m / (√v + ε), gradients clipped together.

    In the textbook form ε is added to √(v/(1−β₂ᵗ)).
    """
    beta1, epsilon = 0.9, 1e-9
    values = [x.copy() for x in values]
    m, v = [np.zeros_like(x) for x in values], [np.zeros_like(x) for x in values]
    for t, (step_gradients, rate) in enumerate(zip(gradients, rates, strict=True), 1):
        norm = np.sqrt(sum((g * g).sum() for g in step_gradients))
        scale = min(1.0, clip / norm) if clip else 1.0
        for i, g in enumerate(step_gradients):
            m[i] = beta1 * m[i] + (1 - beta1) * g * scale
            v[i] = beta2 * v[i] + (1 - beta2) * (g * scale) ** 2
            bias = np.sqrt(1 - beta2**t)
            added = epsilon * bias if textbook else epsilon
            values[i] -= rate * bias / (1 - beta1**t) * m[i] / (np.sqrt(v[i]) + added)
    return values


def assert_same(ours, theirs):
    """Equal to the precision of the rate, a float32."""
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, 1e-6, 1e-6)


def run(hparams, gradients=GRADIENTS):
    """The values after applying the gradients, in float64."""
    optimizer = make_optimizer(hparams)
    variables = [keras.Variable(x, dtype="float64") for x in START]
    for step_gradients in gradients:
        optimizer.apply([tf.constant(g) for g in step_gradients], variables)
    return [x.numpy() for x in variables]


def small_warmup(set_name, **changes):
    return registry.hparams(set_name).override_from_dict(
        {"learning_rate_warmup_steps": 2, **changes}
    )


@pytest.mark.parametrize(
    "set_name, beta2, rate",
    [
        ("transformer_base_v1", 0.98, lambda step: noam(step, 512, 2, 0.1)),
        ("transformer_base_v2", 0.98, lambda step: noam(step, 512, 2, 0.2)),
        (
            "transformer_base_v3",
            0.997,
            lambda step: factor_schedule(
                "constant*linear_warmup*rsqrt_decay*rsqrt_hidden_size",
                step,
                {
                    "learning_rate_constant": 2.0,
                    "learning_rate_warmup_steps": 2,
                    "hidden_size": 512,
                },
            ),
        ),
    ],
)
def test_adam_equals_numpy(set_name, beta2, rate):
    rates = [rate(step) for step in range(3)]
    assert_same(run(small_warmup(set_name)), adam(START, GRADIENTS, rates, beta2))


def test_clipping_is_by_the_global_norm():
    got = run(small_warmup("transformer_base_v2", clip_grad_norm=0.5))
    assert_same(got, adam(START, GRADIENTS, RATES, clip=0.5))
    with pytest.raises(AssertionError):
        assert_same(got, adam(START, GRADIENTS, RATES))


def test_epsilon_is_added_before_the_bias_correction():
    """With gradients of the size of ε the two forms of Adam differ."""
    tiny = [[g * 1e-9 for g in step] for step in GRADIENTS]
    got = run(small_warmup("transformer_base_v2"), tiny)
    assert_same(got, adam(START, tiny, RATES))
    with pytest.raises(AssertionError):
        assert_same(got, adam(START, tiny, RATES, textbook=True))


def test_one_operation_updates_a_variable():
    """Keras's thirty for each would be 40 % of the time that tracing a training step takes."""
    optimizer = make_optimizer(small_warmup("transformer_base_v2"))
    variables = [keras.Variable(x) for x in START]
    optimizer.build(variables)

    def operations(count):
        gradients = [tf.constant(g, tf.float32) for g in GRADIENTS[0]]
        update = tf.function(lambda: optimizer.apply(gradients[:count], variables[:count]))
        return len(update.get_concrete_function().graph.get_operations())

    # Beside it what is captured: a gradient, a variable and its two moments.
    assert operations(2) - operations(1) < 10


def test_accumulated_steps_are_one_step_of_their_mean():
    """T2T 1.15's multistep_adam, whose schedule divides the step by the steps of one update."""
    hparams = small_warmup("transformer_base_multistep8", optimizer_multistep_accumulate_steps=3)
    assert_same(run(hparams, GRADIENTS[:2]), START)
    mean = [np.mean([step[i] for step in GRADIENTS], axis=0) for i in range(2)]
    rates = [noam(step / 3, 512, 2, 0.2) for step in (2, 5)]
    assert_same(run(hparams), adam(START, [mean], rates[:1]))
    assert_same(run(hparams, GRADIENTS * 2), adam(START, [mean, mean], rates))


@pytest.mark.parametrize("name", ["adam", "adafactor", "momentum", "nag", "sgd"])
def test_every_optimizer_accumulates(name):
    """Four steps change variables once, as one step of their mean with the rate of that step."""

    def set_of(steps):
        return registry.hparams("transformer_base_v2").override_from_dict(
            {
                "optimizer": name,
                "optimizer_multistep_accumulate_steps": steps,
                "learning_rate_schedule": "constant",
                "learning_rate_constant": 0.25,
            }
        )

    steps = [*GRADIENTS, GRADIENTS[0]]
    assert_same(run(set_of(4), steps[:3]), START)
    mean = [np.mean([step[i] for step in steps], axis=0) for i in range(2)]
    once = run(set_of(0), [mean])
    assert_same(run(set_of(4), steps), once)
    assert_same(run(set_of(1), [mean]), once)
    assert np.abs(once[0] - START[0]).min() > 1e-3


def test_adafactor_follows_the_schedule():
    hparams = small_warmup("transformer_base_v2", optimizer="Adafactor", learning_rate=0.2 / 500)
    optimizer = make_optimizer(hparams)
    assert isinstance(optimizer, keras.optimizers.Adafactor) and not optimizer.relative_step
    first = run(hparams, GRADIENTS[:1])
    slower = run(hparams.override_from_dict({"learning_rate": 0.1 / 500}), GRADIENTS[:1])
    np.testing.assert_allclose(first[0] - START[0], 2.0 * (slower[0] - START[0]), 1e-5)


def test_every_registered_set_has_an_optimizer():
    for name in registry.list_hparams():
        hparams = registry.hparams(name)
        assert isinstance(make_optimizer(hparams), keras.optimizers.Optimizer), name


@pytest.mark.parametrize("name", ["Adam", "adam", "TrueAdam", "true_adam", "LazyAdam"])
def test_names_of_adam(name):
    hparams = registry.hparams("transformer_base_v2").override_from_dict({"optimizer": name})
    optimizer = make_optimizer(hparams)
    assert isinstance(optimizer, keras.optimizers.Adam)
    assert (optimizer.beta_1, optimizer.beta_2, optimizer.epsilon) == (0.9, 0.98, 1e-9)


def test_momentum_and_plain_descent():
    def set_of(optimizer):
        return small_warmup("transformer_base_v2", optimizer=optimizer, learning_rate=0.01)

    # T2T divides the rate of Adam alone by 500.
    rate = [500.0 * noam(step, 512, 2, 0.01) for step in range(3)]
    velocity, values = np.zeros(4), START[1].copy()
    for step in range(3):
        velocity = 0.9 * velocity - rate[step] * GRADIENTS[step][1]
        values += velocity
    np.testing.assert_allclose(run(set_of("Momentum"))[1], values, 1e-6)
    plain = START[1] - sum(rate[step] * GRADIENTS[step][1] for step in range(3))
    np.testing.assert_allclose(run(set_of("SGD"))[1], plain, 1e-6)


def test_nesterovs_gradient():
    """fairseq's rule for a constant rate: w += μ²v − (1 + μ)ηg, then v = μv − ηg."""
    hparams = small_warmup("transformer_base_v2", optimizer="nag", optimizer_momentum_momentum=0.99)
    hparams.override_from_dict(
        {"learning_rate_schedule": "constant", "learning_rate_constant": 0.25}
    )
    velocity, values = np.zeros(4), START[1].copy()
    for _, gradient in GRADIENTS[:3]:
        values += 0.99**2 * velocity - 1.99 * 0.25 * gradient
        velocity = 0.99 * velocity - 0.25 * gradient
    np.testing.assert_allclose(run(hparams)[1], values, 1e-6)


def test_an_optimizer_of_ones_own(monkeypatch):
    monkeypatch.setattr(registry._optimizers, "_entries", dict(registry._optimizers._entries))

    @registry.register_optimizer
    def half_speed(learning_rate, hparams):
        """Mine."""
        return keras.optimizers.SGD(0.5 * hparams.learning_rate)

    got = run(small_warmup("transformer_base_v2", optimizer="half_speed"), GRADIENTS[:1])
    np.testing.assert_allclose(got[1], START[1] - 0.1 * GRADIENTS[0][1], 1e-6)
    assert "half_speed" in registry.list_optimizers()
    assert "* half_speed" in registry.help_string()
    with pytest.raises(InputError, match=r"^optimizer 'short' \(.*\) must take two arguments"):
        registry.register_optimizer("short")(lambda hparams: None)
    registry.register_optimizer("none")(lambda learning_rate, hparams: None)
    with pytest.raises(InputError, match="^optimizer 'none' must return a Keras optimizer"):
        make_optimizer(small_warmup("transformer_base_v2", optimizer="none"))


def test_unknown_optimizer():
    hparams = registry.hparams("transformer_base_v2").override_from_dict({"optimizer": "adamm"})
    with pytest.raises(InputError, match=r"^optimizer 'adamm' is not.* mean 'adam'.*: adafactor,"):
        make_optimizer(hparams)
