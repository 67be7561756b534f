"""The student's prior of what a target position sees: position t aligns with source t·Tx/Ty.

Used twice: the decoder's input is the source copied along that line, and the fork's attention
coverage biases encoder-decoder attention towards it.
"""

from collections.abc import Callable

from keras import ops

from t2t_hint_nart.layers.precision import wide

TEMPERATURE = 0.3


def _steps_and_lengths(source_mask, target_mask, dtype):
    """Target positions t, and Tx and Ty of every sentence: wide(dtype)[1, T], [B, 1], [B, 1]."""
    dtype = wide(dtype)
    source_len = ops.sum(ops.cast(source_mask, dtype), axis=1, keepdims=True)
    target_len = ops.sum(ops.cast(target_mask, dtype), axis=1, keepdims=True)
    steps = ops.cast(ops.arange(ops.shape(target_mask)[1]), dtype)[None, :]
    return steps, source_len, target_len


def _aligned_positions(source_mask, target_mask, dtype):
    """t·Tx/Ty for every target position: wide(dtype)[B, T]; their product is exact."""
    steps, source_len, target_len = _steps_and_lengths(source_mask, target_mask, dtype)
    return steps * source_len / ops.maximum(target_len, 1), source_len


def hard_uniform(source, source_mask, target_mask):
    """Copy source position round(t·Tx/Ty), clipped to Tx − 1 (Gu et al. 2017; the authors' code).

    Rounds half to even, as TensorFlow does. The authors' code doesn't clip and fails on CPU.

    Args:
        source: float[B, S, D].
        source_mask: bool[B, S], True = real token.
        target_mask: bool[B, T], True = real token.

    Returns:
        float[B, T, D], zero at padded target positions.
    """
    aligned, source_len = _aligned_positions(source_mask, target_mask, source.dtype)
    indices = ops.minimum(ops.round(aligned), ops.maximum(source_len - 1, 0))
    return _taken(source, indices, target_mask)


def hard_endpoints(source, source_mask, target_mask):
    """Copy source position round(t·(Tx − 1)/(Ty − 1)): ends on ends (Lee et al. 2018, their code).

    Rounds half to even; a target of one position has the first of the source, where the authors'
    code divides by zero. Args and returns as `hard_uniform`.
    """
    steps, source_len, target_len = _steps_and_lengths(source_mask, target_mask, source.dtype)
    # The product before the division: exact, so that halves are halves.
    aligned = steps * ops.maximum(source_len - 1, 0) / ops.maximum(target_len - 1, 1)
    return _taken(source, ops.round(aligned), target_mask)


def _taken(source, indices, target_mask):
    """Source positions dtype[B, T], zero at padded target positions: float[B, T, D]."""
    positions = ops.cast(ops.arange(ops.shape(source)[1]), indices.dtype)
    # A product with ones and zeros: exact, and no gather that could leave the source.
    chosen = ops.equal(ops.expand_dims(indices, 2), positions)
    chosen = ops.logical_and(chosen, ops.expand_dims(target_mask, 2))
    return ops.matmul(ops.cast(chosen, source.dtype), source)


def soft_uniform(source, source_mask, target_mask):
    """Mix source positions with weights softmax_j(−(t·Tx/Ty − j)²/0.3) (the authors' code).

    Args and returns as `hard_uniform`; weights are over real source tokens.
    """
    aligned, _ = _aligned_positions(source_mask, target_mask, source.dtype)
    positions = ops.cast(ops.arange(ops.shape(source)[1]), aligned.dtype)
    logits = -ops.square(ops.expand_dims(aligned, 2) - positions) / TEMPERATURE
    padded = ops.cast(ops.logical_not(source_mask), aligned.dtype)
    logits = logits - 1e9 * ops.expand_dims(padded, 1)
    copied = ops.matmul(ops.cast(ops.softmax(logits, axis=-1), source.dtype), source)
    return copied * ops.expand_dims(ops.cast(target_mask, source.dtype), 2)


def coverage_bias(source_mask, target_mask, coverage: str, alpha: float, dtype: str):
    """The fork's attention coverage: α·shape(t·Tx/Ty − j) on encoder-decoder attention logits.

    Args:
        source_mask: bool[B, S].
        target_mask: bool[B, T], True = real token.
        coverage: a name of COVERAGES.
        alpha: α, `attention_coverage_alpha`.
        dtype: of the result, or float32 if that is wider.

    Returns:
        float[B, 1, T, S].
    """
    aligned, _ = _aligned_positions(source_mask, target_mask, dtype)
    positions = ops.cast(ops.arange(ops.shape(source_mask)[1]), aligned.dtype)
    distance = ops.expand_dims(aligned, 2) - positions
    return alpha * ops.expand_dims(COVERAGES[coverage](distance), 1)


# The fork's `attention_coverage`.
COVERAGES: dict[str, Callable] = {
    "soft_bias_square": lambda distance: -ops.square(distance),
    "soft_bias_log": lambda distance: -ops.log(ops.abs(distance) + 1.0),
}
NO_COVERAGE = "no_regularization"

# The fork's `decoder_input_type`: what is copied and how.
COPIES: dict[str, Callable] = {
    "hard_uniform": hard_uniform,
    "soft_uniform": soft_uniform,
    "hard_endpoints": hard_endpoints,
}
ENCODER_OUTPUT_SUFFIX = "_encoder_output"
DECODER_INPUT_TYPES = (*COPIES, *(name + ENCODER_OUTPUT_SUFFIX for name in COPIES))
