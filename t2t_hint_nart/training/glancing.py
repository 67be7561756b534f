"""Glancing: a one-pass model is told some of what it got wrong, and learns the rest."""

import keras
import tensorflow as tf

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.losses.term import Criterion, Step
from t2t_hint_nart.models.network import Canvas


def shown_positions(
    wrong: tf.Tensor, mask: tf.Tensor, ratio: tf.Tensor | float, draws: tf.Tensor
) -> tf.Tensor:
    """Choose ⌊ratio·d⌋ positions of each sentence, d being the number of wrong ones.

    Qian et al. 2021, section 3.1: the distance decides how many, chance which, right or wrong.

    Args:
        wrong: bool[B, L].
        mask: bool[B, L], True = a position of the sentence.
        ratio: float[], 0 to 1.
        draws: float[B, L], random; the positions with the smallest are chosen.

    Returns:
        bool[B, L].
    """
    distance = tf.reduce_sum(tf.cast(wrong & mask, tf.float32), axis=1)
    count = tf.cast(tf.floor(ratio * distance), tf.int32)
    order = tf.argsort(tf.where(mask, draws, float("inf")), axis=1, stable=True)
    rank = tf.argsort(order, axis=1)
    return (rank < count[:, None]) & mask


class Glancing:
    """What is shown in the second pass of a training step.

    The ratio goes from `glancing_ratio` to `glancing_ratio_end` over `glancing_steps` updates,
    all of training's by default.

    Args:
        hparams: a set with these, and `train_steps` if all of training's are meant.
        criterion: says what an output's positions should say.
    """

    def __init__(self, hparams: HParams, criterion: Criterion):
        self._hparams = hparams
        self._criterion = criterion
        self._draws = keras.random.SeedGenerator()

    @staticmethod
    def is_wanted(hparams: HParams) -> bool:
        """Whether a set shows anything."""
        return max(hparams.get("glancing_ratio", 0.0), hparams.get("glancing_ratio_end", 0.0)) > 0

    def state(self) -> dict[str, tf.Variable]:
        """What a checkpoint must hold, by name."""
        return {"glancing_draws": self._draws.state.value}

    def ratio(self, updates: tf.Tensor) -> tf.Tensor:
        """The share that is shown after so many updates: float[].

        Raises:
            InputError: nobody says how many steps training has.
        """
        hparams = self._hparams
        if not hparams.glancing_steps and "train_steps" not in hparams:
            raise InputError(
                "glancing_steps is 0, for all of training's, and train_steps isn't there: set one."
            )
        # Of accumulated gradients several steps are one update.
        steps_of_update = hparams.optimizer_multistep_accumulate_steps or 1
        steps = hparams.glancing_steps or hparams.train_steps / steps_of_update
        done = tf.cast(updates, tf.float32) / max(steps, 1)
        start, end = hparams.glancing_ratio, hparams.glancing_ratio_end
        return start + (end - start) * tf.minimum(done, 1.0)

    def canvas(self, step: Step, updates: tf.Tensor) -> Canvas:
        """Show some of what the output of a first pass should say.

        Args:
            step: with that output.
            updates: int[], so far.
        """
        mask = step.output.mask
        wanted = self._criterion.wanted(step)
        # Where something else is more probable; what it is would take longer to find. The maximum
        # is written as `best_alignment` has it, so that a graph computes it once.
        logits = step.output.logits
        said = tf.gather(logits, tf.maximum(wanted, 0), batch_dims=2)
        wrong = said < keras.ops.max(logits, axis=-1, keepdims=True)[:, :, 0]
        draws = keras.random.uniform(tf.shape(mask), seed=self._draws)
        shown = shown_positions(wrong, mask & (wanted >= 0), self.ratio(updates), draws)
        return Canvas(mask, tf.where(shown, wanted, 0), shown)
