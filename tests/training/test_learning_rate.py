"""Schedules: T2T's golden values, every factor against the oracle, errors."""

import numpy as np
import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.training.learning_rate import FACTORS, SCHEMES, LearningRate
from tests.oracles import learning_rate as oracle

# Of T2T at steps 0, 1000, 4000, 8000, 16000 and 100000, width 512.
GOLDEN = {
    "transformer_base_v1": (1.7469e-7, 1.7487e-4, 6.9868e-4, 4.9408e-4, 3.4937e-4, 1.3975e-4),
    "transformer_base_v2": (1.2353e-7, 1.2365e-4, 4.9423e-4, 9.8815e-4, 6.9875e-4, 2.7951e-4),
    "transformer_base_v3": (0.0, 1.2353e-4, 4.9411e-4, 9.8821e-4, 6.9877e-4, 2.7951e-4),
}
# The largest rate, and the step at which it is reached.
PEAKS = {
    "transformer_big": (6.988e-4, 7999),
    "transformer_big_single_gpu": (4.941e-4, 15999),
    "transformer_small": (1.398e-3, 7999),
    "transformer_deep_small": (1.398e-3, 7999),
    "transformer_base_single_gpu": (6.988e-4, 15999),
    "transformer_base_single_gpu_t2t115": (7.906e-4, 16000),
}
STEPS = (0, 1, 25, 99, 100, 101, 250, 399, 600)


def rates(hparams, steps):
    schedule = LearningRate(hparams)
    return [float(schedule(step)) for step in steps]


@pytest.mark.parametrize("set_name", GOLDEN)
def test_golden_values(set_name):
    got = rates(registry.hparams(set_name), oracle.GOLDEN_STEPS)
    assert got == pytest.approx(GOLDEN[set_name], rel=5e-5)


@pytest.mark.parametrize("set_name", PEAKS)
def test_peaks(set_name):
    peak, step = PEAKS[set_name]
    before, at, after = rates(registry.hparams(set_name), (step - 9, step, step + 9))
    assert f"{at:.3e}" == f"{peak:.3e}"
    assert before < at and after < at


def test_noam_equals_the_oracle():
    hparams = registry.hparams("transformer_small")
    expected = [oracle.noam(step, 256, 8000, 0.2) for step in (0, 1, 7998, 7999, 8000, 250000)]
    assert rates(hparams, (0, 1, 7998, 7999, 8000, 250000)) == pytest.approx(expected, rel=1e-5)


def decaying_hparams(schedule, **changes):
    hparams = registry.hparams("transformer_base_v3")
    hparams.add_hparam("train_steps", 500)
    return hparams.override_from_dict(
        {
            "learning_rate_schedule": schedule,
            "learning_rate": 0.2,
            "learning_rate_constant": 3.0,
            "learning_rate_warmup_steps": 100,
            "learning_rate_decay_steps": 200,
            "learning_rate_decay_rate": 0.5,
            **changes,
        }
    )


@pytest.mark.parametrize("staircase", [False, True])
@pytest.mark.parametrize("name", FACTORS)
def test_every_factor_equals_the_oracle(name, staircase):
    hparams = decaying_hparams(name, learning_rate_decay_staircase=staircase)
    expected = [oracle.factor(name, step, hparams.values()) for step in STEPS]
    assert rates(hparams, STEPS) == pytest.approx(expected, rel=1e-5, abs=1e-7)


def test_factors_are_those_of_t2t():
    assert set(FACTORS) == {
        "constant",
        "linear_warmup",
        "rsqrt_decay",
        "rsqrt_hidden_size",
        "rsqrt_normalized_decay",
        "linear_decay",
        "cosdecay",
        "single_cycle_cos_decay",
        "multi_cycle_cos_decay",
        "exp_decay",
        "legacy",
    }


@pytest.mark.parametrize(
    "schedule",
    [
        "constant*linear_warmup*rsqrt_decay",
        " constant * exp_decay ",
        "constant**cosdecay",
        "* *legacy",
    ],
)
def test_products_with_blanks(schedule):
    hparams = decaying_hparams(schedule)
    expected = [oracle.factor_schedule(schedule, step, hparams.values()) for step in STEPS]
    assert rates(hparams, STEPS) == pytest.approx(expected, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize(
    ("set_name", "changes", "step", "rate"),
    [
        # Of T2T: an exponential warm-up to learning_rate / 500.
        ("transformer_base_v2", "learning_rate_decay_scheme=none", 0, 4.0e-6),
        ("transformer_base_v2", "learning_rate_decay_scheme=none", 4000, 4.0e-5),
        ("transformer_base_v2", "learning_rate_decay_scheme=none", 8000, 4.0e-4),
        ("transformer_base_v2", "learning_rate_decay_scheme=none", 10**6, 4.0e-4),
        ("transformer_base_v2", "learning_rate_decay_scheme=none,optimizer=SGD", 8000, 0.2),
        # Only the rate of Adam is divided.
        ("transformer_base_v2", "optimizer=SGD", 8000, 0.494),
        ("transformer_base_v2", "optimizer=Momentum", 8000, 0.494),
        ("transformer_base_v2", "optimizer=adafactor", 8000, 0.494),
        ("transformer_base_v2", "optimizer=TrueAdam", 8000, 9.88e-4),
        # 1.15's legacy, with whatever scheme the set has.
        (
            "transformer_base_v3",
            "learning_rate_schedule=legacy,learning_rate_decay_scheme=none",
            8000,
            4.0e-4,
        ),
        ("transformer_base_v3", "learning_rate_schedule=legacy", 8000, 9.88e-4),
        ("transformer_base_v3", "learning_rate_schedule=legacy,optimizer=sgd", 8000, 0.494),
        ("transformer_base_v3", "learning_rate_schedule=legacy,optimizer=Adam", 8000, 9.88e-4),
        # Without a warm-up it is over.
        (
            "transformer_base_v2",
            "learning_rate_decay_scheme=none,learning_rate_warmup_steps=0",
            0,
            4.0e-4,
        ),
    ],
)
def test_schemes_and_optimizers(set_name, changes, step, rate):
    hparams = registry.hparams(set_name).parse(changes)
    assert rates(hparams, (step,)) == pytest.approx([rate], rel=1e-3)


@pytest.mark.parametrize("optimizer", ["Adam", "multistep_adam", "momentum"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_equals_the_oracle(scheme, optimizer):
    hparams = decaying_hparams("", learning_rate_decay_scheme=scheme, optimizer=optimizer)
    expected = [oracle.factor("legacy", step, hparams.values()) for step in STEPS]
    assert rates(hparams, STEPS) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    "set_name", ["transformer_base_multistep8", "transformer_base_multistep8_t2t115"]
)
def test_accumulated_steps_count_once(set_name):
    """T2T divides the step, fractions included, by the steps of one update."""
    hparams = registry.hparams(set_name)
    of_updates = registry.hparams(set_name)
    of_updates.optimizer_multistep_accumulate_steps = 0
    assert rates(hparams, (8000, 64000, 100)) == pytest.approx(
        rates(of_updates, (1000, 8000, 12.5)), rel=1e-6
    )


def test_accepts_the_optimizer_s_step():
    """An integer tensor."""
    schedule = LearningRate(registry.hparams("transformer_base_v2"))
    assert float(schedule(np.array(4000, np.int32))) == pytest.approx(4.9423e-4, rel=5e-5)


def test_unknown_factor():
    with pytest.raises(
        InputError, match=r"'linear_warmp' in.*allowed are constant,.*'linear_warmup'"
    ):
        LearningRate(decaying_hparams("constant*linear_warmp"))


@pytest.mark.parametrize("name", ["legacy", *(name for name in FACTORS if "warmup" in name)])
@pytest.mark.parametrize("steps", [0, 1])
def test_no_warmup(name, steps):
    """0 steps are as 1: where T2T 1.2.9 has min(inf, (s+1)^-1/2), and 1.15 has 0/0."""
    got = rates(decaying_hparams(name, learning_rate_warmup_steps=steps), STEPS)
    assert np.isfinite(got).all()
    assert got == rates(decaying_hparams(name, learning_rate_warmup_steps=1), STEPS)
    if name == "legacy":
        assert got[-1] / got[0] == pytest.approx(((STEPS[-1] + 1) / (STEPS[0] + 1)) ** -0.5)


@pytest.mark.parametrize("name", ["rsqrt_decay", "rsqrt_normalized_decay"])
def test_decay_without_warmup(name):
    got = rates(decaying_hparams(name, learning_rate_warmup_steps=0), [0, 1, 4])
    assert np.divide(got, got[0]) == pytest.approx([1.0, 1.0, 0.5])


def test_unknown_scheme():
    hparams = registry.hparams("transformer_base_v2")
    hparams.learning_rate_decay_scheme = "noah"
    with pytest.raises(InputError, match="'noah'; allowed are noam, none"):
        LearningRate(hparams)


def test_a_cycle_needs_steps_after_the_warmup():
    hparams = decaying_hparams("single_cycle_cos_decay", learning_rate_warmup_steps=500)
    with pytest.raises(InputError, match="received 500 and 500"):
        LearningRate(hparams)(0)


def test_config_holds_the_values():
    hparams = registry.hparams("transformer_base_v2")
    assert LearningRate(hparams).get_config()["hparams"]["learning_rate_warmup_steps"] == 8000


@pytest.mark.parametrize(
    ("set_name", "step", "rate"),
    [
        # At the end of the warm-up; v1 and v2 count steps from 1.
        ("transformer_base_v2", 7999, 9.882e-4),
        ("transformer_base_v3", 8000, 9.8821e-4),
        ("transformer_big", 7999, 6.988e-4),
        ("transformer_deep_small", 7999, 1.398e-3),
        ("transformer_base_single_gpu_t2t115", 16000, 7.906e-4),
    ],
)
def test_peak(set_name, step, rate):
    found = LearningRate(registry.hparams(set_name)).peak(250_000)
    assert found == (step, pytest.approx(rate, rel=1e-3))


def test_peak_of_a_short_run_and_of_a_constant():
    hparams = registry.hparams("transformer_base_v3")
    assert LearningRate(hparams).peak(100)[0] == 99
    hparams.parse("learning_rate_schedule=constant,learning_rate_constant=0.5")
    assert LearningRate(hparams).peak(100) == (0, 0.5)
    assert LearningRate(hparams).at([0, 7]) == [0.5, 0.5]


def test_rates_at_steps():
    rates = LearningRate(registry.hparams("transformer_base_v1")).at([0, 1000, 4000, 100_000])
    assert rates == pytest.approx([1.7469e-7, 1.7487e-4, 6.9868e-4, 1.3975e-4], rel=1e-4)


@pytest.mark.parametrize(
    ("changes", "train_steps", "warns"),
    [
        ("", 7999, True),
        ("", 8000, False),
        ("", 250_000, False),
        ("optimizer_multistep_accumulate_steps=2", 8000, True),
        ("learning_rate_decay_scheme=none", 1000, True),
        ("learning_rate_schedule=constant*linear_warmup*rsqrt_decay", 1000, True),
        # Nothing of it goes by the warm-up.
        ("learning_rate_schedule=constant", 1000, False),
        ("learning_rate_warmup_steps=0", 1, False),
    ],
)
def test_a_run_that_ends_inside_its_warmup_is_warned_of(changes, train_steps, warns):
    hparams = registry.hparams("transformer_base").parse(changes)
    told = LearningRate(hparams).unfinished_warmup(train_steps)
    assert bool(told) == warns
    if warns:
        assert told.startswith(f"warning: training ends at step {train_steps}, inside the warm-up")
