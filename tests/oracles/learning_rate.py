"""Learning-rate schedules of tensor2tensor: noam as in 1.2.9, and the factor grammar of 1.15.

`step` counts from 0 (T2T's global_step before the update).

1.2.9 (model_builder.learning_rate_decay and ConditionalOptimizer's division by 500 for Adam):
    noam: learning_rate * 5000 d^-0.5 min((s+1) w^-1.5, (s+1)^-0.5) / 500
    none: learning_rate * (0.01^((w-s)/w) if s < w else 1) / 500
1.15 (utils/learning_rate.py): the product of the factors named in a `*`-separated string.
"""

import numpy as np

GOLDEN_STEPS = (0, 1000, 4000, 8000, 16000, 100000)


def noam(step, hidden_size, warmup_steps, learning_rate):
    """Net learning rate of 1.2.9's noam with Adam. v1: w=4000, 0.1; v2: w=8000, 0.2."""
    shape = min((step + 1.0) * warmup_steps**-1.5, (step + 1.0) ** -0.5)
    return learning_rate * 5000.0 * hidden_size**-0.5 * shape / 500.0


def constant(step, learning_rate_constant):
    """learning_rate_constant."""
    del step
    return float(learning_rate_constant)


def linear_warmup(step, warmup_steps):
    """min(1, s / w)."""
    return min(1.0, step / warmup_steps)


def rsqrt_decay(step, warmup_steps):
    """1 / sqrt(max(s, w))."""
    return 1.0 / np.sqrt(max(float(step), float(warmup_steps)))


def rsqrt_normalized_decay(step, warmup_steps):
    """sqrt(w) / sqrt(max(s, w))."""
    return np.sqrt(float(warmup_steps)) / np.sqrt(max(float(step), float(warmup_steps)))


def rsqrt_hidden_size(step, hidden_size):
    """d^-0.5."""
    del step
    return hidden_size**-0.5


def linear_decay(step, train_steps, decay_steps):
    """min(1, max(0, (train_steps - s) / decay_steps))."""
    return min(1.0, max(0.0, (train_steps - step) / decay_steps))


def cosdecay(step, warmup_steps, decay_steps):
    """1 up to and including step w, then (1 + cos(pi s / decay_steps)) / 2 (s counted from 0)."""
    if step <= warmup_steps:
        return 1.0
    return 0.5 * (1.0 + np.cos(np.pi * step / decay_steps))


def single_cycle_cos_decay(step, warmup_steps, train_steps):
    """(1 + cos(pi (max(s, w) - w) / (train_steps - w))) / 2; needs train_steps > w."""
    if train_steps <= warmup_steps:
        raise ValueError("single_cycle_cos_decay needs train_steps > warmup_steps")
    after = max(step, warmup_steps) - warmup_steps
    return np.cos(after * np.pi / (train_steps - warmup_steps)) / 2.0 + 0.5


def multi_cycle_cos_decay(step, warmup_steps, decay_steps):
    """(1 + cos(pi (max(s, w) - w) / decay_steps)) / 2."""
    after = max(step, warmup_steps) - warmup_steps
    return np.cos(after * np.pi / decay_steps) / 2.0 + 0.5


def exp_decay(step, warmup_steps, decay_steps, decay_rate, staircase=False):
    """decay_rate ^ max(0, (s - w) / decay_steps), the exponent floored for a staircase."""
    exponent = max((step - warmup_steps) / decay_steps, 0.0)
    if staircase:
        exponent = np.floor(exponent)
    return float(decay_rate) ** exponent


def exponential_warmup(step, warmup_steps):
    """exp(ln 0.01 / w)^(w - s) before step w, then 1."""
    if step >= warmup_steps:
        return 1.0
    return np.exp(np.log(0.01) / warmup_steps) ** (warmup_steps - step)


def legacy(step, hidden_size, warmup_steps, learning_rate, optimizer, scheme):
    """1.15's `legacy` factor: times 0.002 if "adam" is in the optimizer's name.

    1.15 looks for lower case alone; "Adam" is a name of 1.2.9, which divides by 500 for it.
    """
    if scheme == "noam":
        shape = min((step + 1.0) * warmup_steps**-1.5, (step + 1.0) ** -0.5)
        shape *= 5000.0 * hidden_size**-0.5
    else:
        shape = exponential_warmup(step, warmup_steps)
    correction = 0.002 if "adam" in optimizer.lower() else 1.0
    return shape * correction * learning_rate


def factor(name, step, hp):
    """One factor by its T2T name; `hp` is a dict under T2T's hparam names."""
    warmup = hp.get("learning_rate_warmup_steps")
    decay = hp.get("learning_rate_decay_steps")
    if name == "constant":
        return constant(step, hp["learning_rate_constant"])
    if name == "linear_warmup":
        return linear_warmup(step, warmup)
    if name == "linear_decay":
        return linear_decay(step, hp["train_steps"], decay)
    if name == "cosdecay":
        return cosdecay(step, warmup, decay)
    if name == "single_cycle_cos_decay":
        return single_cycle_cos_decay(step, warmup, hp["train_steps"])
    if name == "multi_cycle_cos_decay":
        return multi_cycle_cos_decay(step, warmup, decay)
    if name == "rsqrt_decay":
        return rsqrt_decay(step, warmup)
    if name == "rsqrt_normalized_decay":
        return rsqrt_normalized_decay(step, warmup)
    if name == "exp_decay":
        staircase = hp.get("learning_rate_decay_staircase", False)
        return exp_decay(step, warmup, decay, hp["learning_rate_decay_rate"], staircase)
    if name == "rsqrt_hidden_size":
        return rsqrt_hidden_size(step, hp["hidden_size"])
    if name == "legacy":
        return legacy(
            step,
            hp["hidden_size"],
            warmup,
            hp["learning_rate"],
            hp["optimizer"],
            hp["learning_rate_decay_scheme"],
        )
    raise ValueError(f"unknown learning rate factor {name}")


def factor_schedule(schedule, step, hp):
    """The product of the factors named in `schedule`; blanks and empty names are ignored."""
    rate = 1.0
    for name in schedule.split("*"):
        if name.strip():
            rate *= factor(name.strip(), step, hp)
    return float(rate)
