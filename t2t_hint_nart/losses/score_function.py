"""The gradient of an expectation over choices, from one sample (REINFORCE, Williams 1992)."""

from keras import ops

from t2t_hint_nart.losses.term import LossTerm


def score_function_loss(logits, choices, advantages, mask) -> LossTerm:
    """−Σ_b A_b·Σ_s log p(c_bs): its gradient is, on average, that of −E[Σ_b A_b(c_b)].

    Args:
        logits: float[B, S, K].
        choices: int[B, S], drawn from softmax(logits).
        advantages: float[B], what each sentence's choices gained; no gradient goes through them.
        mask: bool[B, S], True = was chosen.

    Returns:
        LossTerm(total in nats times the advantage's unit, count of choices).
    """
    log_probs = ops.log_softmax(logits, axis=-1)
    chosen = ops.take_along_axis(log_probs, choices[:, :, None], axis=-1)[:, :, 0]
    counted = ops.cast(mask, logits.dtype)
    gained = ops.stop_gradient(ops.cast(advantages, logits.dtype))[:, None]
    return LossTerm(-ops.sum(gained * chosen * counted), ops.sum(counted))
