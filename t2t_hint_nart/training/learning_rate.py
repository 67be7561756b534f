"""T2T's learning-rate schedules."""

import math
from collections.abc import Callable, Sequence

import keras
import numpy as np
from keras import ops

from t2t_hint_nart.errors import InputError, nearest
from t2t_hint_nart.hparam import HParams

# T2T divides the rate of its own schemes by this for every kind of Adam, and for nothing else.
ADAM_DIVISOR = 500.0


def _warmup(hparams: HParams) -> float:
    """Steps of warm-up; of 0 steps it is over at step 1, as in T2T 1.2.9's noam."""
    return max(float(hparams.learning_rate_warmup_steps), 1.0)


def _noam(step, hparams: HParams):
    step = step + 1.0
    warmup = _warmup(hparams)
    rise = ops.minimum(step * warmup**-1.5, ops.rsqrt(step))
    return 5000.0 * hparams.hidden_size**-0.5 * rise


def _constant_after_warmup(step, hparams: HParams):
    """From 1/100 to 1 exponentially in the warm-up, and 1 after it."""
    remaining = ops.maximum(1.0 - step / _warmup(hparams), 0.0)
    return 0.01**remaining if hparams.learning_rate_warmup_steps else ops.ones_like(remaining)


# The values of `learning_rate_decay_scheme`.
SCHEMES: dict[str, Callable] = {"noam": _noam, "none": _constant_after_warmup}


def _legacy(step, hparams: HParams):
    """T2T 1.2.9's rate, which 1.15 calls legacy; "Adam" of 1.2.9 is an Adam in both, here."""
    scale = hparams.learning_rate / (ADAM_DIVISOR if "adam" in hparams.optimizer.lower() else 1.0)
    return scale * SCHEMES[hparams.learning_rate_decay_scheme](step, hparams)


def _cosine(step, period: float):
    return ops.cos(step * math.pi / period) / 2.0 + 0.5


def _after_warmup(step, hparams: HParams):
    return ops.maximum(step - hparams.learning_rate_warmup_steps, 0.0)


def _single_cycle(step, hparams: HParams):
    warmup, steps = hparams.learning_rate_warmup_steps, hparams.train_steps
    if steps <= warmup:
        raise InputError(
            f"single_cycle_cos_decay needs train_steps > learning_rate_warmup_steps; "
            f"received {steps} and {warmup}."
        )
    return _cosine(_after_warmup(step, hparams), steps - warmup)


def _exponential(step, hparams: HParams):
    power = _after_warmup(step, hparams) / hparams.learning_rate_decay_steps
    if hparams.learning_rate_decay_staircase:
        power = ops.floor(power)
    return ops.power(float(hparams.learning_rate_decay_rate), power)


# The names that `learning_rate_schedule` may multiply, e.g. "constant*linear_warmup".
FACTORS: dict[str, Callable] = {
    "constant": lambda step, hp: hp.learning_rate_constant,
    "linear_warmup": lambda step, hp: ops.minimum(1.0, step / _warmup(hp)),
    "rsqrt_decay": lambda step, hp: ops.rsqrt(ops.maximum(step, _warmup(hp))),
    "rsqrt_hidden_size": lambda step, hp: hp.hidden_size**-0.5,
    "rsqrt_normalized_decay": lambda step, hp: ops.rsqrt(ops.maximum(step / _warmup(hp), 1.0)),
    "linear_decay": lambda step, hp: ops.clip(
        (hp.train_steps - step) / hp.learning_rate_decay_steps, 0.0, 1.0
    ),
    "cosdecay": lambda step, hp: ops.where(
        step <= hp.learning_rate_warmup_steps, 1.0, _cosine(step, hp.learning_rate_decay_steps)
    ),
    "single_cycle_cos_decay": _single_cycle,
    "multi_cycle_cos_decay": lambda step, hp: _cosine(
        _after_warmup(step, hp), hp.learning_rate_decay_steps
    ),
    "exp_decay": _exponential,
    "legacy": _legacy,
}


class LearningRate(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate at a step, as the set says.

    With an empty `learning_rate_schedule` (sets of T2T 1.2.9), or the factor `legacy`,
    learning_rate · scheme, for Adam divided by 500 (T2T 1.2.9 model_builder.py). Scheme `noam`:
    5000 · D^−½ · min((s+1)·w^−3/2, (s+1)^−½); scheme `none`: 0.01^max(1 − s/w, 0). Otherwise the
    product of the named FACTORS (T2T 1.15 learning_rate.py).

    Args:
        hparams: a set with the learning_rate* values; `train_steps` for the decays to zero.

    Raises:
        InputError: unknown scheme or factor.
    """

    def __init__(self, hparams: HParams):
        self.hparams = hparams
        names = (name.strip() for name in (hparams.learning_rate_schedule or "").split("*"))
        self.factors = [name for name in names if name] or ["legacy"]
        unknown = [name for name in self.factors if name not in FACTORS]
        if unknown:
            raise InputError(
                f"Unknown factor {unknown[0]!r} in learning_rate_schedule "
                f"{hparams.learning_rate_schedule!r}; allowed are {', '.join(FACTORS)}."
                f"{nearest(unknown[0], FACTORS)}"
            )
        scheme = hparams.learning_rate_decay_scheme
        if "legacy" in self.factors and scheme not in SCHEMES:
            raise InputError(
                f"Unknown learning_rate_decay_scheme {scheme!r}; allowed are "
                f"{', '.join(SCHEMES)}, or a product in learning_rate_schedule."
            )

    def __call__(self, step):
        """float[] of the step counted from 0."""
        # Optimizers count every step; T2T's schedule goes by updates, fractions included.
        step = ops.cast(step, "float32") / (self.hparams.optimizer_multistep_accumulate_steps or 1)
        product = ops.convert_to_tensor(1.0, "float32")
        for name in self.factors:
            product = product * FACTORS[name](step, self.hparams)
        return product

    def at(self, steps: Sequence[int]) -> list[float]:
        """Return the rates at some steps, counted from 0."""
        return [float(rate) for rate in self._rates(np.asarray(steps))]

    def peak(self, train_steps: int) -> tuple[int, float]:
        """Return the first step with the highest rate of a run, and that rate."""
        # Exact up to here; beyond, every schedule has long been falling or periodic.
        rates = self._rates(np.arange(min(max(train_steps, 1), 500_000)))
        step = int(np.argmax(rates))
        return step, float(rates[step])

    def unfinished_warmup(self, train_steps: int) -> str:
        """Return a warning if a run ends while its rate still rises to the set's, else "".

        Example of one: transformer_base (8,000 steps of warm-up) with --train_steps=1000.
        """
        hparams = self.hparams
        multistep = hparams.optimizer_multistep_accumulate_steps or 1
        warmup = int(hparams.learning_rate_warmup_steps * multistep)
        # Without a factor of warm-up the rate is at its height at once.
        if train_steps >= warmup or self.peak(train_steps)[0] < max(train_steps - 1, 1):
            return ""
        return (
            f"warning: training ends at step {train_steps}, inside the warm-up of {warmup} steps: "
            "the rate only rises; train longer, or set --hparams=learning_rate_warmup_steps=<fewer>"
        )

    def _rates(self, steps: np.ndarray) -> np.ndarray:
        rates = self(ops.convert_to_tensor(steps, "float32"))
        return np.broadcast_to(ops.convert_to_numpy(rates), steps.shape)

    def get_config(self) -> dict:
        """Keras's serialisation: the set's values."""
        return {"hparams": self.hparams.values()}
