"""The training step: the teacher's hints, the objective, one update."""

from typing import Protocol

import keras
import tensorflow as tf

from t2t_hint_nart.losses.cross_entropy import token_log_probs
from t2t_hint_nart.models.decoder_output import DecoderOutput
from t2t_hint_nart.models.variables import named_variables
from t2t_hint_nart.training.objective import Losses, Objective
from t2t_hint_nart.training.step_extras import SmallBatchMultiplier, input_stats, weight_decay_loss

BATCH_SIGNATURE = {
    "inputs": tf.TensorSpec([None, None], tf.int32),
    "targets": tf.TensorSpec([None, None], tf.int32),
}
# Predictions that count as right for accuracy_top5.
TOP = 5


class HintSource(Protocol):
    """Anything that gives the teacher's output on a batch (see hints.teacher.Teacher)."""

    def hints(self, inputs: tf.Tensor, targets: tf.Tensor) -> DecoderOutput:
        """The teacher's states and attention under teacher forcing."""


class Learner(keras.Model):
    """A model with the objective that trains it; `train_step` works in `fit` and in our loop.

    The teacher is a plain Python object on purpose: a trackable one would enter the student's
    checkpoint, and calling it inside the tape would watch its variables.

    Args:
        network: a Transformer or TransformerNat.
        objective: what to minimise.
        teacher: where hints come from; None trains without.
    """

    def __init__(
        self, network: keras.Model, objective: Objective, teacher: HintSource | None = None
    ):
        super().__init__(name="learner")
        self.network = network
        self.objective = objective
        self.teacher = teacher
        hparams = objective.hparams
        self.weight_decay = float(hparams.get("weight_decay", 0.0))
        self.batch_multiplier = (
            SmallBatchMultiplier() if hparams.get("small_batch_multiplier", False) else None
        )
        self.built = True

    def state(self) -> dict[str, tf.Variable]:
        """What a checkpoint must hold besides the network and the optimizer, by name."""
        return {} if self.batch_multiplier is None else self.batch_multiplier.state()

    def call(self, inputs, targets, training=False) -> DecoderOutput:
        """Run the network."""
        return self.network(inputs, targets, training=training)

    def train_step(self, data: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Update the network once.

        Args:
            data: {"inputs": int32[B, S], "targets": int32[B, T]}.

        Returns:
            Scalars by name: loss (weighted, with weight decay), every unweighted term,
            diagnostics, gradient_norm, learning_rate and the batch's `input_stats`.
        """
        inputs, targets = data["inputs"], data["targets"]
        teacher = self.teacher.hints(inputs, targets) if self.teacher is not None else None
        with tf.GradientTape() as tape:
            output = self.network(inputs, targets, training=True)
            losses = self.objective(output, inputs, targets, teacher)
            total, extra = self._with_extras(losses)
        variables = self.network.trainable_variables
        # An embedding table's gradient may be sparse, with a row for every use of an id; Adam's
        # second moment and the norm need the sum of the uses (T2T densifies too).
        gradients = [
            gradient if gradient is None else tf.convert_to_tensor(gradient)
            for gradient in tape.gradient(total, variables)
        ]
        rate = self.optimizer.learning_rate
        self.optimizer.apply(gradients, variables)
        return {
            "loss": total,
            **{name: term.mean() for name, term in losses.terms.items()},
            **{name: term.mean() for name, term in losses.diagnostics.items()},
            **extra,
            "gradient_norm": tf.linalg.global_norm(gradients),
            "learning_rate": tf.convert_to_tensor(rate),
            **input_stats("inputs", inputs),
            **input_stats("targets", targets),
        }

    def _with_extras(self, losses: Losses) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """The loss times the multiplier plus weight decay, as in 1.2.9, where they are on."""
        total, extra = losses.total, {}
        if self.batch_multiplier is not None:
            extra["small_batch_multiplier"] = self.batch_multiplier(losses.terms["nll"].count)
            total = total * extra["small_batch_multiplier"]
        if self.weight_decay:
            variables = named_variables(self.network)
            extra["weight_decay"] = weight_decay_loss(variables, self.weight_decay)
            total = total + extra["weight_decay"]
        return total, extra

    def test_step(self, data: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """The sums of `evaluation_step` alone."""
        return self.evaluation_step(data)[0]

    def evaluation_step(self, data: dict[str, tf.Tensor]) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """What evaluation counts on a batch, under teacher forcing and without dropout.

        Args:
            data: as for `train_step`.

        Returns:
            Sums, float[] each: nll_total (smoothed, nats), log_prob (of the targets, nats), correct
            (tokens whose argmax is right), correct_top5, count (real tokens), correct_sequences
            (without a wrong token) and sequences; and the argmax, int32[B, T].
        """
        inputs, targets = data["inputs"], data["targets"]
        output = self.network(inputs, targets, training=False)
        nll = self.objective(output, inputs, targets).terms["nll"]
        predictions = tf.argmax(output.logits, -1, targets.dtype)
        real = targets != 0
        right = tf.equal(predictions, targets) | ~real
        sums = {
            "nll_total": nll.total,
            "log_prob": tf.reduce_sum(token_log_probs(output.logits, targets)),
            "correct": _count(right & real),
            "correct_top5": _count(_among_top(output.logits, targets) & real),
            "count": nll.count,
            "correct_sequences": _count(tf.reduce_all(right, axis=1)),
            "sequences": tf.cast(tf.shape(targets)[0], tf.float32),
        }
        return sums, predictions


def _count(flags: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.cast(flags, tf.float32))


def _among_top(logits: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    """Whether each target is one of the TOP most probable ids: bool[B, T]."""
    rows = tf.reshape(tf.cast(logits, tf.float32), [-1, logits.shape[-1]])
    return tf.reshape(tf.math.in_top_k(tf.reshape(targets, [-1]), rows, TOP), tf.shape(targets))
