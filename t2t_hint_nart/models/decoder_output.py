"""What a decoder returns."""

from typing import Any, NamedTuple


class DecoderOutput(NamedTuple):
    """The result of a teacher's or a student's forward pass.

    Attributes:
        logits: float[B, T, V].
        hidden: float[B, N, T, D], the output r_{t,l} of every decoder layer after its
            feed-forward block (paper section 2.2); the raw residual stream in pre-norm models.
        hidden_normed: float[B, N, T, D], the same after the layer norm that reads it; equal to
            `hidden` in post-norm models.
        attention: float[B, N, H, T, S], encoder-decoder attention weights before dropout.
    """

    logits: Any
    hidden: Any
    hidden_normed: Any
    attention: Any
