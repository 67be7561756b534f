"""The optimizers that a set may name, and how a set's is built.

The functions that make one are registered as in T2T's `utils/optimize.py`; importing this module
imports neither TensorFlow nor Keras, so that `--registry_help` can list them.
"""

from typing import TYPE_CHECKING

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams

if TYPE_CHECKING:
    import keras

    from t2t_hint_nart.training.learning_rate import LearningRate


@registry.register_optimizer
def adam(learning_rate: "LearningRate", hparams: HParams) -> "keras.optimizers.Optimizer":
    """Adam with optimizer_adam_beta1, _beta2 and _epsilon."""
    from t2t_hint_nart.training.adam import Adam

    # It has T2T's epsilon-hat form; LazyAdam on dense gradients is Adam.
    return Adam(
        learning_rate,
        beta_1=hparams.optimizer_adam_beta1,
        beta_2=hparams.optimizer_adam_beta2,
        epsilon=hparams.optimizer_adam_epsilon,
    )


# The same here: gradients of embeddings are dense.
registry.register_optimizer("true_adam")(adam)
registry.register_optimizer("lazy_adam")(adam)
registry.register_optimizer("multistep_adam")(adam)


@registry.register_optimizer
def adafactor(learning_rate: "LearningRate", hparams: HParams) -> "keras.optimizers.Optimizer":
    """Adafactor without momentum, its step times the set's schedule."""
    import keras

    return keras.optimizers.Adafactor(learning_rate, relative_step=False)


@registry.register_optimizer
def momentum(learning_rate: "LearningRate", hparams: HParams) -> "keras.optimizers.Optimizer":
    """Gradient descent with optimizer_momentum_momentum."""
    import keras

    return keras.optimizers.SGD(learning_rate, momentum=hparams.optimizer_momentum_momentum)


@registry.register_optimizer
def nag(learning_rate: "LearningRate", hparams: HParams) -> "keras.optimizers.Optimizer":
    """Nesterov's accelerated gradient with optimizer_momentum_momentum μ.

    v ← μ·v − η·g; w ← w + μ·v − η·g. fairseq's, of this name, also scales v when η changes; here v
    forgets the old rate within 1/(1 − μ) steps.
    """
    import keras

    return keras.optimizers.SGD(
        learning_rate, momentum=hparams.optimizer_momentum_momentum, nesterov=True
    )


@registry.register_optimizer
def sgd(learning_rate: "LearningRate", hparams: HParams) -> "keras.optimizers.Optimizer":
    """Gradient descent."""
    import keras

    return keras.optimizers.SGD(learning_rate)


def make_optimizer(hparams: HParams) -> "keras.optimizers.Optimizer":
    """Build the optimizer of a set, with its schedule and, if not 0, gradient clipping.

    With optimizer_multistep_accumulate_steps above 1 it updates once in so many steps, with their
    mean gradient (T2T's MultistepAdam; here every optimizer).

    With activation_dtype=float16 it scales the loss, so that small gradients don't vanish: by
    2¹⁵, half of it after each step whose gradients aren't finite, which is left out, and twice of
    it after 2,000 others.

    Raises:
        InputError: a registered function that didn't return a Keras optimizer.
    """
    make = registry.optimizer(hparams.optimizer)
    import keras

    from t2t_hint_nart.training.learning_rate import LearningRate

    optimizer = make(LearningRate(hparams), hparams)
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        raise InputError(
            f"optimizer '{hparams.optimizer}' must return a Keras optimizer, "
            f"got {type(optimizer).__name__}"
        )
    if hparams.clip_grad_norm:
        optimizer.global_clipnorm = float(hparams.clip_grad_norm)
    if hparams.optimizer_multistep_accumulate_steps > 1:
        # What an optimizer counts are updates, as Adam does for βᵗ; schedules divide steps
        # themselves.
        optimizer.gradient_accumulation_steps = hparams.optimizer_multistep_accumulate_steps
    if hparams.get("activation_dtype", "float32") == "float16":
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer
