"""T2T 1.2.9's smaller loss for smaller batches."""

import tensorflow as tf


class SmallBatchMultiplier:
    """Target tokens of a batch over the most that any batch has had so far, this one included.

    1.2.9 multiplies the whole loss by it, hints included (T2T 1.2.9 utils/model_builder.py); the
    largest count starts at 1.

    Example:
        >>> multiplier = SmallBatchMultiplier()
        >>> [float(multiplier(tf.constant(tokens))) for tokens in (20.0, 5.0, 40.0, 10.0)]
        [1.0, 0.25, 1.0, 0.25]
    """

    def __init__(self):
        self._largest = tf.Variable(1.0, trainable=False)

    def __call__(self, tokens: tf.Tensor) -> tf.Tensor:
        """Return the multiplier of a batch, float[], and remember its size.

        Args:
            tokens: float[], real target tokens of the batch.
        """
        largest = self._largest.assign(tf.maximum(self._largest, tokens))
        return tokens / largest

    def state(self) -> dict[str, tf.Variable]:
        """What a checkpoint must hold, by name."""
        return {"max_nonpadding": self._largest}
