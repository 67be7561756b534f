"""The student's translations: every candidate length in one pass."""

import tensorflow as tf

from t2t_hint_nart.decoding.length_candidates import candidate_lengths
from t2t_hint_nart.decoding.one_pass import OnePassResult, one_pass
from t2t_hint_nart.models.transformer_nat import TransformerNat


def nat_decode(
    model: TransformerNat, inputs: tf.Tensor, length_bias: int, halfwidth: tf.Tensor | int
) -> OnePassResult:
    """Translate a batch with lengths max(Tx + C + δ, 1), δ = −B..B; never the reference's length.

    Args:
        model: the student.
        inputs: int32[B, S], ending in EOS, PAD 0 after it.
        length_bias: C, in tokens with EOS on both sides.
        halfwidth: B; 0 gives one candidate.

    Returns:
        OnePassResult with 2B + 1 candidates a sentence, shortest first.
    """
    source_lengths = tf.reduce_sum(tf.cast(inputs != 0, tf.int32), axis=1)
    lengths = candidate_lengths(source_lengths, length_bias, halfwidth)
    return one_pass(
        lambda source, mask: model.decode(source, mask).logits, model.read(inputs), lengths
    )
