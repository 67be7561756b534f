"""The training step: the teacher's hints, the objective, one update, and what T2T does besides."""

from collections.abc import Callable
from typing import Any, Protocol

import keras
import tensorflow as tf

from t2t_hint_nart.models.network import Output, forward
from t2t_hint_nart.models.variables import named_variables
from t2t_hint_nart.training.glancing import Glancing
from t2t_hint_nart.training.objective import Objective
from t2t_hint_nart.training.placement import Placement
from t2t_hint_nart.training.weight_decay import weight_decay_loss


class SmallBatchMultiplier:
    """Target tokens of a batch over the most that any batch has had so far, this one included.

    1.2.9 multiplies the whole loss by it, hints and weight decay included (T2T 1.2.9
    utils/model_builder.py); the largest count starts at 1.

    Example:
        >>> multiplier = SmallBatchMultiplier()
        >>> [float(multiplier(tf.constant(tokens))) for tokens in (20.0, 5.0, 40.0, 10.0)]
        [1.0, 0.25, 1.0, 0.25]
    """

    def __init__(self):
        self._largest = tf.Variable(1.0, trainable=False)

    def __call__(self, tokens: tf.Tensor) -> tf.Tensor:
        """Return the multiplier float[] of a batch of so many real target tokens; remember it."""
        largest = self._largest.assign(tf.maximum(self._largest, tokens))
        return tokens / largest

    def state(self) -> dict[str, tf.Variable]:
        """What a checkpoint must hold, by name."""
        return {"max_nonpadding": self._largest}


def input_stats(
    name: str, ids: tf.Tensor, add: Callable[[Any], Any] = lambda sums: sums
) -> dict[str, tf.Tensor]:
    """Size and padding of ids int32[B, T], T2T's `input_stats/` (t2t_model.summarize_features).

    Args:
        name: of the feature.
        ids: of this replica, PAD 0.
        add: from this replica's numbers to those of all.

    Returns:
        float[] each: <name>_batch (sentences), _length (padded, in tokens), _nonpadding_tokens and
        _nonpadding_fraction.

    Example:
        >>> stats = input_stats("inputs", tf.constant([[5, 6, 1, 0], [7, 1, 0, 0]]))
        >>> {name: float(value) for name, value in stats.items()}  # doctest: +NORMALIZE_WHITESPACE
        {'inputs_batch': 2.0, 'inputs_length': 4.0, 'inputs_nonpadding_tokens': 5.0,
         'inputs_nonpadding_fraction': 0.625}
    """
    shape = tf.cast(tf.shape(ids), tf.float32)
    sentences, tokens = add((shape[0], tf.reduce_sum(tf.cast(ids != 0, tf.float32))))
    return {
        f"{name}_batch": sentences,
        f"{name}_length": shape[1],
        f"{name}_nonpadding_tokens": tokens,
        f"{name}_nonpadding_fraction": tokens / tf.maximum(sentences * shape[1], 1.0),
    }


BATCH_SIGNATURE = {
    "inputs": tf.TensorSpec([None, None], tf.int32),
    "targets": tf.TensorSpec([None, None], tf.int32),
}


class HintSource(Protocol):
    """Anything that gives hints on a batch (see exports.capabilities.HintGiver)."""

    def hints(self, inputs: tf.Tensor, targets: tf.Tensor) -> Output:
        """Another model's output under teacher forcing, with the probes that terms compare."""


class Learner(keras.Model):
    """A model with the objective that trains it; `train_step` works in `fit` and in our loop.

    What gives hints, if anything does, is a plain Python object on purpose: a trackable one would
    enter the checkpoint, and calling it inside the tape would watch its variables.

    Args:
        network: what is trained.
        objective: of it.
        hint_giver: what gives hints and is asked by the network, if anything does.
        placement: where steps run; a step's batch is then a replica's.
    """

    def __init__(
        self,
        network: keras.Model,
        objective: Objective,
        hint_giver: HintSource | None = None,
        placement: Placement | None = None,
    ):
        super().__init__(name="learner")
        self.placement = placement or Placement()
        self.network = network
        self.objective = objective
        self.hint_giver = hint_giver
        hparams = objective.hparams
        self.has_weight_decay = bool(hparams.get("weight_decay", 0.0))
        self.batch_multiplier = (
            SmallBatchMultiplier() if hparams.get("small_batch_multiplier", False) else None
        )
        glances = Glancing.is_wanted(hparams)
        self.glancing = Glancing(hparams, objective.criterion) if glances else None
        self.built = True

    def state(self) -> dict[str, tf.Variable]:
        """What a checkpoint must hold besides the network and the optimizer, by name."""
        parts = [part for part in (self.batch_multiplier, self.glancing) if part is not None]
        return {name: variable for part in parts for name, variable in part.state().items()}

    def call(self, inputs, targets, training=False) -> Output:
        """Run the network."""
        return forward(self.network, inputs, targets, training=training)

    def train_step(self, data: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Update the network once on {"inputs": int32[B, S], "targets": int32[B, T]}.

        Returns:
            Scalars by name: loss (weighted, with weight decay), every unweighted term,
            diagnostics, gradient_norm, learning_rate and the batch's `input_stats`.
        """
        inputs, targets, add = data["inputs"], data["targets"], self.placement.add
        giver = self.hint_giver if self.objective.needs_hints else None
        hints = giver.hints(inputs, targets) if giver is not None else None
        probes = self.objective.probes() if giver is not None else ()
        advice = self.advice(inputs, targets, hints)
        canvas, shown = self._glance(inputs, targets, advice)
        with tf.GradientTape() as tape:
            output = forward(
                self.network, inputs, targets, True, probes, canvas=canvas, advice=advice
            )
            losses = self.objective(
                output, inputs, targets, hints, shown, self.optimizer.iterations
            ).counted(add)
            # What this replica adds to the loss of the whole batch.
            share, extra = self._with_extras(losses.total, targets)
            scaled = self.optimizer.scale_loss(share)
        variables = self.network.trainable_variables
        # An embedding table's gradient may be sparse, with a row for every use of an id; Adam's
        # second moment and the norm need the sum of the uses (T2T densifies too).
        gradients = add(
            [
                gradient if gradient is None else tf.convert_to_tensor(gradient)
                for gradient in tape.gradient(scaled, variables)
            ]
        )
        rate = self.optimizer.learning_rate
        norms = self._gradient_norm(gradients)
        self.placement.apply(self.optimizer, gradients, variables)
        return {
            **add({"loss": share, **losses.means()}),
            **extra,
            **norms,
            "learning_rate": tf.convert_to_tensor(rate),
            **input_stats("inputs", inputs, add),
            **input_stats("targets", targets, add),
        }

    def advice(self, inputs: tf.Tensor, targets: tf.Tensor, hints: Output | None = None):
        """What the network asks its teacher about a batch (`Network.ask`), None if it asks none.

        Args:
            inputs: int32[B, S].
            targets: int32[B, T].
            hints: what the teacher said of the batch, if it was asked.
        """
        if not getattr(self.network, "asks_teacher", False):
            return None
        giver = self.hint_giver
        assert giver is not None

        def teacher(sources: tf.Tensor, said: tf.Tensor) -> Output:
            is_batch = sources is inputs and said is targets
            return hints if hints is not None and is_batch else giver.hints(sources, said)

        def batch_mean(values: tf.Tensor) -> tf.Tensor:
            sums = tf.reduce_sum(values), tf.reduce_sum(tf.ones_like(values))
            total, count = self.placement.add(sums)
            return total / count

        return self.network.ask(teacher, inputs, targets, batch_mean)

    def _glance(self, inputs: tf.Tensor, targets: tf.Tensor, advice):
        """A canvas that shows some targets, and where: bool[B, L]; None, None without glancing.

        The pass that finds what is wrong draws dropout of its own; in the authors' code (Qian et
        al. 2021) both passes draw the same.
        """
        if self.glancing is None:
            return None, None
        first = forward(self.network, inputs, targets, training=True, advice=advice)
        step = self.objective.step(first, inputs, targets)
        canvas = self.glancing.canvas(step, self.optimizer.iterations)
        return canvas, canvas.known

    def _gradient_norm(self, gradients: list[tf.Tensor | None]) -> dict[str, tf.Tensor]:
        """The norm of all gradients; of scaled ones 0 in a step that is left out, and the scale."""
        norm = tf.linalg.global_norm(gradients)
        if not isinstance(self.optimizer, keras.optimizers.LossScaleOptimizer):
            return {"gradient_norm": norm}
        scale = self.optimizer.scale_loss(1.0)
        finite = tf.math.is_finite(norm)
        return {"gradient_norm": tf.where(finite, norm / scale, 0.0), "loss_scale": scale}

    def _with_extras(
        self, share: tf.Tensor, targets: tf.Tensor
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """The loss plus weight decay, and all of it times the multiplier, as in T2T 1.2.9.

        Both are of the whole batch: replicas have equal shares of the one and add up the other.
        """
        extra = {}
        if self.has_weight_decay:
            variables = named_variables(self.network)
            extra["weight_decay"] = weight_decay_loss(variables, self.objective.hparams)
            share = share + extra["weight_decay"] / self.placement.replicas
        if self.batch_multiplier is not None:
            tokens = self.placement.add(tf.reduce_sum(tf.cast(targets != 0, share.dtype)))
            extra["small_batch_multiplier"] = self.batch_multiplier(tokens)
            share = share * extra["small_batch_multiplier"]
        return share, extra

    def test_step(self, data: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """The sums of `evaluation_step` alone."""
        return self.evaluation_step(data)[0]

    def evaluation_step(self, data: dict[str, tf.Tensor]) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """What evaluation counts on such a batch, under teacher forcing and without dropout.

        Returns:
            `Criterion.sums`: float[] by name, and predictions int32[B, T] or None.
        """
        inputs, targets = data["inputs"], data["targets"]
        output = forward(self.network, inputs, targets)
        return self.objective.criterion.sums(self.objective.step(output, inputs, targets))


def compiled_step(learner: Learner, placement: Placement | None = None) -> Any:
    """Build the optimizer of a learner, and return its step as one graph for batches of any size.

    Its slots must be there before: a function in which variables are made is traced twice.

    Args:
        learner: whose network has its variables.
        placement: where steps run; one device by default.

    Returns:
        A tf.function of `train_step`'s argument and results.
    """
    placement = placement or Placement()
    with placement.scope():
        learner.optimizer.build(learner.network.trainable_variables)
    # No Python control flow depends on a tensor; looking for some takes most of the tracing.
    return tf.function(
        placement.on_each(learner.train_step), input_signature=[BATCH_SIGNATURE], autograph=False
    )
