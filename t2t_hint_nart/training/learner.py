"""The training step: the teacher's hints, the objective, one update."""

from typing import Protocol

import keras
import tensorflow as tf

from t2t_hint_nart.losses.cross_entropy import token_log_probs
from t2t_hint_nart.models.decoder_output import DecoderOutput
from t2t_hint_nart.training.objective import Objective

BATCH_SIGNATURE = {
    "inputs": tf.TensorSpec([None, None], tf.int32),
    "targets": tf.TensorSpec([None, None], tf.int32),
}


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
        self.built = True

    def call(self, inputs, targets, training=False) -> DecoderOutput:
        """Run the network."""
        return self.network(inputs, targets, training=training)

    def train_step(self, data: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Update the network once.

        Args:
            data: {"inputs": int32[B, S], "targets": int32[B, T]}.

        Returns:
            Scalars by name: loss (weighted), every unweighted term, diagnostics, gradient_norm,
            learning_rate and target_tokens.
        """
        inputs, targets = data["inputs"], data["targets"]
        teacher = self.teacher.hints(inputs, targets) if self.teacher is not None else None
        with tf.GradientTape() as tape:
            output = self.network(inputs, targets, training=True)
            losses = self.objective(output, inputs, targets, teacher)
        variables = self.network.trainable_variables
        # An embedding table's gradient may be sparse, with a row for every use of an id; Adam's
        # second moment and the norm need the sum of the uses (T2T densifies too).
        gradients = [
            gradient if gradient is None else tf.convert_to_tensor(gradient)
            for gradient in tape.gradient(losses.total, variables)
        ]
        rate = self.optimizer.learning_rate
        self.optimizer.apply(gradients, variables)
        return {
            "loss": losses.total,
            **{name: term.mean() for name, term in losses.terms.items()},
            **{name: term.mean() for name, term in losses.diagnostics.items()},
            "gradient_norm": tf.linalg.global_norm(gradients),
            "learning_rate": tf.convert_to_tensor(rate),
            "target_tokens": losses.terms["nll"].count,
        }

    def test_step(self, data: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Sums for evaluation, without dropout.

        Args:
            data: as for `train_step`.

        Returns:
            float[] each: nll_total (smoothed, nats), log_prob (of the targets, nats), correct
            (tokens whose argmax is right), count (real tokens).
        """
        inputs, targets = data["inputs"], data["targets"]
        output = self.network(inputs, targets, training=False)
        nll = self.objective(output, inputs, targets).terms["nll"]
        right = tf.equal(tf.argmax(output.logits, -1, targets.dtype), targets)
        return {
            "nll_total": nll.total,
            "log_prob": tf.reduce_sum(token_log_probs(output.logits, targets)),
            "correct": tf.reduce_sum(tf.cast(right & (targets != 0), tf.float32)),
            "count": nll.count,
        }
