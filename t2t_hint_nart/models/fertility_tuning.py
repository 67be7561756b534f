"""The second stage of a fertility student: it learns from a teacher that reads what it says."""

from collections.abc import Callable
from typing import Any, NamedTuple

from keras import ops

from t2t_hint_nart.layers.precision import at_least_float32
from t2t_hint_nart.losses.reverse_cross_entropy import reverse_cross_entropy
from t2t_hint_nart.losses.score_function import score_function_loss
from t2t_hint_nart.losses.term import LossTerm
from t2t_hint_nart.models.network import Canvas, Teacher
from t2t_hint_nart.models.protocol import Fertile
from t2t_hint_nart.text import PAD_ID


class Judgement(NamedTuple):
    """What a teacher thinks of sentences of sampled fertilities; nothing in it has a gradient.

    Attributes:
        fertilities: int32[B, S], the samples.
        mask: bool[B, L], the canvas that they make, EOS counted.
        logits: float[B, L, V], the teacher's, after what the student says there.
        advantages: float[B], in nats a token: how much less the teacher objects to them than to
            the sentence of mean fertilities, centred over the batch.
    """

    fertilities: Any
    mask: Any
    logits: Any
    advantages: Any


def mean_fertilities(logits):
    """E f of each token, rounded: float[B, S, K] → int32[B, S]."""
    classes = ops.arange(logits.shape[-1], dtype=logits.dtype)
    return ops.cast(ops.round(ops.sum(ops.softmax(logits, axis=-1) * classes, axis=-1)), "int32")


def judge(
    student: Fertile,
    teacher: Teacher,
    inputs: Any,
    sampled: Any,
    batch_mean: Callable[[Any], Any],
) -> Judgement:
    """Let the teacher read what the student says, without dropout, by sampled and mean fertilities.

    Args:
        student: says the most probable token of each position.
        teacher: gives logits under teacher forcing.
        inputs: int[B, S].
        sampled: from logits float[B, S, K] to fertilities int32[B, S].
        batch_mean: from float[B] to the mean over the whole batch, other replicas' part among it.
    """
    source = student.encode(inputs)
    logits = student.fertility_logits(source)
    drawn = sampled(logits)
    costs, mask, judged = _judged(student, teacher, inputs, source, drawn)
    means, _, _ = _judged(student, teacher, inputs, source, mean_fertilities(logits))
    gains = means - costs
    return Judgement(drawn, mask, judged, gains - batch_mean(gains))


def _judged(student: Fertile, teacher: Teacher, inputs, source, fertilities):
    """The mean cost of a position float[B], the canvas, and the teacher's logits."""
    source, lengths = student.with_fertilities(source, fertilities)
    mask = ops.arange(ops.max(lengths)) < lengths[:, None]
    logits = at_least_float32(student.decode(source, Canvas(mask)).logits)
    # The first id is PAD, which nobody says.
    said = ops.where(mask, ops.cast(ops.argmax(logits[:, :, 1:], axis=-1), "int32") + 1, PAD_ID)
    judged = teacher(inputs, said).logits
    real = ops.cast(mask, logits.dtype)
    # A row of padding has no position.
    count = ops.maximum(ops.sum(real, axis=1), 1)
    costs = ops.sum(reverse_cross_entropy(logits, judged) * real, axis=1) / count
    return costs, mask, judged


def tuning_terms(
    student: Any, inputs: Any, source: Any, words: Any, judgement: Judgement
) -> dict[str, LossTerm]:
    """The second stage's terms (Gu et al. 2018, section 3.4).

    `reverse_kl` (L_BP) draws the student's distributions towards the teacher's; `fertility_reward`
    (L_RL) makes fertilities likelier whose sentences the teacher objects to less. Both are means
    over positions and words, and so are the costs that are compared: the authors' sums grow with
    the length, by which fertilities would be judged then.

    Args:
        student: a Fertile network.
        inputs: int[B, S].
        source: what its `encode` made of the inputs.
        words: bool[B, S], source tokens whose fertility is its choice.
        judgement: of the same sentences.
    """
    chosen, _ = student.with_fertilities(source, judgement.fertilities)
    logits = student.decode(chosen, Canvas(judgement.mask), training=True).logits
    costs = reverse_cross_entropy(at_least_float32(logits), judgement.logits)
    real = ops.cast(judgement.mask, costs.dtype)
    reward = score_function_loss(
        # Of the distribution that `judge` drew from, which knows no dropout.
        student.fertility_logits(student.encode(inputs)),
        judgement.fertilities,
        judgement.advantages,
        words,
    )
    return {
        "reverse_kl": LossTerm(ops.sum(costs * real), ops.sum(real)),
        "fertility_reward": reward,
    }
