"""Risk of a stepwise model: what it says by chance, and what that costs."""

from typing import Any

import keras
from keras import ops

from t2t_hint_nart.layers.precision import at_least_float32
from t2t_hint_nart.losses.likelihood import token_log_probs
from t2t_hint_nart.losses.risk import expected_cost, first_of_equals
from t2t_hint_nart.losses.sentence_bleu import sentence_bleu
from t2t_hint_nart.losses.term import LossTerm
from t2t_hint_nart.models.network import Canvas, Network, Structure

EOS = 1


def _for_each_candidate(structure: Structure, count: int) -> Structure:
    return keras.tree.map_structure(lambda rows: ops.repeat(rows, count, axis=0), structure)


def sample_targets(network: Any, source: Structure, limits: Any, draws: Any) -> Any:
    """Say a sentence token by token, each drawn from its distribution by the inverse of its sums.

    Args:
        network: a Stepwise model.
        source: as its `encode` gives it, of R sentences.
        limits: int[R], tokens of each at most; the last of them is EOS in any case.
        draws: float[R, T], at least 0 and below 1; T is the largest limit.

    Returns:
        int32[R, T], EOS last, PAD 0 after it.
    """
    rows, steps = ops.shape(draws)[0], ops.shape(draws)[1]
    places = ops.arange(steps, dtype="int32")
    memory, state = network.start(source, steps)
    last, ids = ops.zeros((rows,), "int32"), ops.zeros((rows, steps), "int32")

    def go_on(step, last, ids, state):
        return ops.logical_and(step < steps, ops.logical_or(step < 1, ops.any(last > EOS)))

    def say(step, last, ids, state):
        logits, state = network.step(last, step, memory, state)
        below = ops.cumsum(ops.softmax(at_least_float32(logits), axis=-1), axis=-1)
        draw = ops.take(draws, ops.reshape(step, (1,)), axis=1)
        said = ops.sum(ops.cast(below <= draw, "int32"), axis=-1)
        # Rounding may leave the last sum below a draw; PAD is no token.
        said = ops.clip(said, EOS, logits.shape[-1] - 1)
        said = ops.where(step + 1 >= limits, EOS, said)
        is_open = ops.logical_or(step < 1, last > EOS)
        said = ops.where(is_open, said, 0)
        return step + 1, said, ops.where(places == step, said[:, None], ids), state

    start = (ops.convert_to_tensor(0, "int32"), last, ids, state)
    return ops.while_loop(go_on, say, start)[2]


def risk(
    network: Network,
    inputs: Any,
    targets: Any,
    source: Structure,
    count: int,
    scores: str,
    seed: keras.random.SeedGenerator,
) -> LossTerm:
    """`expected_cost` of sampled candidates, a cost being 100 − BLEU of the sentence.

    Candidates are drawn without dropout, of 1.5·S + 5 tokens at most (fairseq's), and judged with
    it. They are samples and not, as in fairseq, a beam's hypotheses; equal ones count once.

    Args:
        network: a stepwise model.
        inputs: int[B, S].
        targets: int[B, T].
        source: what training made of the inputs.
        count: N, candidates of each sentence.
        scores: a name of `losses.risk.SCORES`.
        seed: of the draws.
    """
    lengths = ops.sum(ops.cast(ops.not_equal(inputs, 0), "int32"), axis=1)
    limits = _for_each_candidate(lengths + lengths // 2 + 5, count)
    shape = (ops.shape(limits)[0], ops.max(limits))
    draws = keras.random.uniform(shape, dtype="float32", seed=seed)
    still = _for_each_candidate(network.encode(inputs), count)
    ids = ops.stop_gradient(sample_targets(network, still, limits, draws))
    rows = _for_each_candidate(source, count)
    real = ops.not_equal(ids, 0)
    logits = network.decode(rows, Canvas(real, ids), training=True).logits
    log_probs = ops.sum(token_log_probs(at_least_float32(logits), ids), axis=1)
    means = log_probs / ops.sum(ops.cast(real, log_probs.dtype), axis=1)
    costs = 100.0 - sentence_bleu(ids, _for_each_candidate(targets, count))
    distinct = first_of_equals(ops.reshape(ids, (-1, count, shape[1])))
    means, costs = (ops.reshape(values, (-1, count)) for values in (means, costs))
    return expected_cost(means, costs, distinct, scores)
