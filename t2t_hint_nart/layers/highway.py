"""A gate in the place of a residual connection."""

from keras import ops

from t2t_hint_nart.layers.feed_forward import FeedForward
from t2t_hint_nart.layers.residual import LayerPrePostprocess


class Highway(LayerPrePostprocess):
    """A processing sequence whose `a` is a gate: x·g + y·(1 − g), g = σ(W₂·relu(W₁·x + b₁) + b₂).

    x is the sublayer's input and y its value, with dropout where `d` comes before. With the
    sequence "dan" it is LN(x·g + dropout(FFN(x))·(1 − g)) (the code of Lee et al. 2018,
    HighwayBlock; after Srivastava et al. 2015).

    Args:
        sequence: the steps, or "none".
        hidden_size: D.
        filter_size: width of the gate's hidden layer.
        dropout_rate: for `d`.
        gain: initialisation gain.
    """

    def __init__(
        self,
        sequence: str,
        hidden_size: int,
        filter_size: int,
        dropout_rate: float = 0.0,
        gain: float = 1.0,
        **kwargs,
    ):
        super().__init__(sequence, hidden_size, dropout_rate, **kwargs)
        self.gate = FeedForward(hidden_size, filter_size, 0.0, gain, name="gate")

    def _add(self, value, previous, training):
        gate = ops.sigmoid(self.gate(previous, training=training))
        return previous * gate + value * (1.0 - gate)
