"""The optimizers that a set may name."""

import keras

from t2t_hint_nart.errors import InputError, nearest
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.training.learning_rate import LearningRate


def _adam(hparams: HParams, rate: LearningRate) -> keras.optimizers.Optimizer:
    # Keras's Adam has T2T's epsilon-hat form; LazyAdam on dense gradients is Adam.
    return keras.optimizers.Adam(
        rate,
        beta_1=hparams.optimizer_adam_beta1,
        beta_2=hparams.optimizer_adam_beta2,
        epsilon=hparams.optimizer_adam_epsilon,
        # T2T's MultistepAdam: one update with the mean gradient of so many steps. β₁ᵗ and β₂ᵗ count
        # updates; what the schedule counts, it divides itself.
        gradient_accumulation_steps=hparams.optimizer_multistep_accumulate_steps or None,
    )


def _adafactor(hparams: HParams, rate: LearningRate) -> keras.optimizers.Optimizer:
    return keras.optimizers.Adafactor(rate, relative_step=False)


OPTIMIZERS = {
    "adam": _adam,
    "trueadam": _adam,
    "lazyadam": _adam,
    "multistep_adam": _adam,
    "adafactor": _adafactor,
}


def make_optimizer(hparams: HParams) -> keras.optimizers.Optimizer:
    """Build the optimizer of a set, with its schedule and, if not 0, gradient clipping.

    Args:
        hparams: a set with optimizer*, learning_rate* and clip_grad_norm.

    Raises:
        InputError: unknown optimizer.
    """
    name = hparams.optimizer.lower()
    if name not in OPTIMIZERS:
        raise InputError(
            f"Unknown optimizer {hparams.optimizer!r}; allowed are Adam, TrueAdam, LazyAdam, "
            f"Adafactor.{nearest(name, OPTIMIZERS)}"
        )
    optimizer = OPTIMIZERS[name](hparams, LearningRate(hparams))
    if hparams.clip_grad_norm:
        optimizer.global_clipnorm = float(hparams.clip_grad_norm)
    return optimizer
