"""The learning rate of a set, step by step: `t2t-trainer --print_lr`. No TensorFlow at import."""

from t2t_hint_nart.hparam import HParams

_STEPS = (1, 10, 100, 1000, 2000, 4000, 8000, 16000, 32000, 64000, 100000, 250000)


def learning_rate_lines(hparams: HParams, train_steps: int) -> list[str]:
    """Return a table of the learning rate.

    Args:
        hparams: the set.
        train_steps: the last step of training; the table ends there.

    Raises:
        InputError: an unknown schedule.
    """
    # Takes TensorFlow's seconds: the schedule is written in keras.ops.
    from t2t_hint_nart.training.learning_rate import LearningRate

    rate = LearningRate(hparams)
    peak, _ = rate.peak(train_steps)
    warmup = int(hparams.learning_rate_warmup_steps)
    steps = sorted({s for s in (*_STEPS, warmup, peak, train_steps) if s <= train_steps})
    notes = {warmup: "end of warm-up", train_steps: "last"}
    notes[peak] = "highest"
    return [f"{'step':>9s}  learning rate"] + [
        f"{step:9d}  {value:.4e}  {notes.get(step, '')}".rstrip()
        for step, value in zip(steps, rate.at(steps), strict=True)
    ]
