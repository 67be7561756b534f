"""Connectionist temporal classification: the likelihood of a sentence under every alignment."""

from typing import Any, NamedTuple

from keras import ops

from t2t_hint_nart.losses.lattice import (
    IMPOSSIBLE,
    Lattice,
    by_position,
    columns,
    lattice,
    past_blanks,
    predecessors,
    start,
    without_eos,
)
from t2t_hint_nart.losses.term import Alignment, Criterion, LossTerm, Scalar, Step
from t2t_hint_nart.losses.viterbi import best_alignment, said


class _Scores(NamedTuple):
    """Log probabilities of what the lattice's states say at every position.

    Attributes:
        states: float[B, L, K].
        most: float[B, L, 1], the largest logit.
        weights: float[B, L, V], exp of the logits less that.
        total: float[B, L, 1], Σ of the weights.
    """

    states: Any
    most: Any
    weights: Any
    total: Any


def _scores(logits, symbols) -> _Scores:
    most = ops.max(logits, axis=-1, keepdims=True)
    # Nothing else reads the difference: the widest tensor there is, computed in place.
    weights = ops.exp(logits - most)
    total = ops.sum(weights, axis=-1, keepdims=True)
    return _Scores(columns(logits, symbols) - most - ops.log(total), most, weights, total)


def _log_sum_exp(values):
    """Over the first axis, finite for what can't be."""
    best = ops.max(values, axis=0)
    return best + ops.log(ops.sum(ops.exp(values - best), axis=0))


def _prefix_scores(states, may_skip, positions):
    """Log probabilities of all alignments' beginnings: float[L, B, K], at every position.

    α_t(k) = log p_t(k) + log Σ_{k' before k} exp α_{t−1}(k'); behind the last of a sentence's
    `positions` it stays what it is.
    """

    def advance(alpha, position):
        score, is_real = position[:, :-1], position[:, -1:] > 0
        alpha = ops.where(is_real, score + _log_sum_exp(predecessors(alpha, may_skip)), alpha)
        return alpha, alpha

    return ops.scan(advance, start(states), by_position(states, positions))[1]


def _at_end(last, labels):
    """Log probability of all alignments that end as they must: float[B], from α float[B, K]."""
    behind = ops.expand_dims(2 * labels, 1)
    # Without a label there is but the one state.
    ends = ops.concatenate([behind, ops.maximum(behind - 1, 0)], axis=1)
    found = ops.take_along_axis(last, ends, axis=1)
    found = ops.stack([found[:, 0], ops.where(labels > 0, found[:, 1], IMPOSSIBLE)])
    return _log_sum_exp(found)


def _reversed(values, lengths, axis: int):
    """Reverse the first so many entries of each row along an axis, the rest staying behind."""
    places = ops.arange(ops.shape(values)[axis])[None]
    lengths = ops.expand_dims(lengths, 1)
    places = ops.where(places < lengths, lengths - 1 - places, places)
    shape = [1] * len(values.shape)
    shape[0], shape[axis] = ops.shape(places)
    return ops.take_along_axis(values, ops.reshape(places, shape), axis=axis)


def ctc(logits, mask, labels, label_smoothing: float = 0.0) -> LossTerm:
    """−log Σ_{alignments} p(alignment), smoothed, summed over sentences.

    A sentence adds (1 − ε)·CTC + ε·U·mean_{t,v}(−log p_t(v)). Its gradient is written down,
    p − the probability that some alignment says v at t: differentiating the recursion would take
    four times the time and keep every step's intermediate results.

    Args:
        logits: float[B, L, V].
        mask: bool[B, L], True = a position of the sentence's output, none behind the last.
        labels: int[B, U], PAD 0 behind a sentence; without EOS.
        label_smoothing: ε.

    Returns:
        LossTerm(total in nats, count of labels). A sentence that no alignment fits, because it has
        more labels and repetitions than the output has positions, adds neither.
    """
    states = lattice(labels, mask)
    compute = _sentence_losses(states, mask, label_smoothing)
    counted = ops.cast(ops.where(states.feasible, states.labels, 0), logits.dtype)
    return LossTerm(ops.sum(compute(logits)), ops.sum(counted))


def _sentence_losses(states: Lattice, mask, label_smoothing: float):
    """The losses of sentences, as a function of the logits: float[B]."""

    @ops.custom_gradient
    def losses(logits):
        scores = _scores(logits, states.symbols)
        prefixes, suffixes = _both_directions(scores.states, states)
        log_prob = _at_end(prefixes[:, -1], states.labels)
        zero = ops.zeros_like(log_prob)
        nll = ops.where(states.feasible, -log_prob, zero)
        real = ops.cast(mask, logits.dtype)
        below = scores.most - ops.mean(logits, axis=-1, keepdims=True)
        uniform = (ops.log(scores.total) + below)[:, :, 0]
        count = ops.maximum(ops.cast(states.positions, logits.dtype), 1)
        share = ops.where(states.feasible, ops.cast(states.labels, logits.dtype), zero) / count
        smooth = share * ops.sum(uniform * real, axis=1)

        def gradient(*args, upstream=None):
            (upstream,) = args if upstream is None else (upstream,)
            certain = real * ops.expand_dims(ops.where(states.feasible, upstream, 0.0), 1)
            posterior = prefixes + suffixes - scores.states - log_prob[:, None, None]
            is_counted = ops.logical_and(certain[:, :, None] != 0, states.is_own[:, None])
            posterior = ops.where(is_counted, ops.exp(posterior), 0.0)
            confidence = (1 - label_smoothing) * certain
            vague = label_smoothing * certain * ops.expand_dims(share, 1)
            wanted = posterior * confidence[:, :, None]
            mass = ops.expand_dims(confidence + vague, 2) / scores.total
            unwanted = mass * scores.weights - vague[:, :, None] / logits.shape[-1]
            # All blanks say the same: one number of each position, not one of each state.
            blank = ops.sum(wanted[:, :, ::2], axis=2, keepdims=True)
            wanted = ops.concatenate([blank, wanted[:, :, 1::2]], axis=2)
            symbols = ops.concatenate([states.symbols[:, :1], states.symbols[:, 1::2]], axis=1)
            return _with_symbols(unwanted, -wanted, symbols)

        return (1 - label_smoothing) * nll + label_smoothing * smooth, gradient

    return losses


def _both_directions(scores, states: Lattice):
    """α and β of every position and state, each with the position's own score: float[B, L, K].

    What comes behind a state is what comes before it in the sentence read backwards: both are one
    recursion over twice the rows.
    """
    sizes = 2 * states.labels + 1
    backwards = _reversed(_reversed(scores, states.positions, 1), sizes, 2)
    may_skip = past_blanks(_reversed(states.symbols, sizes, 1))
    both = _prefix_scores(
        ops.concatenate([scores, backwards]),
        ops.concatenate([states.may_skip, may_skip]),
        ops.concatenate([states.positions, states.positions]),
    )
    prefixes, suffixes = ops.split(ops.transpose(both, (1, 0, 2)), 2)
    return prefixes, _reversed(_reversed(suffixes, states.positions, 1), sizes, 2)


def _with_symbols(totals, values, symbols):
    """Add float[B, L, K] of symbols to float[B, L, V], several to one."""
    shape = ops.shape(totals)
    flat, places = ops.reshape(totals, (-1,)), _places(symbols, *shape[1:])
    added = ops.scatter_update(flat, places, ops.reshape(values, (-1,)), reduction="add")
    return ops.reshape(added, shape)


def _places(symbols, length, vocab_size: int):
    """Where int[B, K] symbols are among all numbers of float[B, L, V]: int64[B·L·K, 1].

    The widest tensor there is may have more numbers than 32 bits can count.
    """
    batch = ops.shape(symbols)[0]
    rows = ops.reshape(ops.arange(batch * length, dtype="int64"), (batch, length, 1)) * vocab_size
    return ops.reshape(rows + ops.cast(ops.expand_dims(symbols, 1), "int64"), (-1, 1))


class Ctc(Criterion):
    """The likelihood under all alignments, for an output longer than its target."""

    scalar = Scalar("ctc", "losses/training", "ctc")

    def __call__(self, step: Step) -> LossTerm:
        """`ctc` with the set's label_smoothing."""
        output = step.output
        labels = without_eos(step.targets)
        return ctc(output.logits, output.mask, labels, step.hparams.label_smoothing)

    def wanted(self, step: Step):
        """What each position says by the best alignment: int[B, L], −1 where none fits."""
        labels, mask = without_eos(step.targets), step.output.mask
        path = best_alignment(step.output.logits, mask, labels)
        is_feasible = ops.expand_dims(lattice(labels, mask).feasible, 1)
        return ops.where(is_feasible, said(path, labels), -1)

    def alignment(self, step: Step) -> Alignment:
        """The positions that say each label by the best alignment; EOS has none.

        The one of a run that represents it is where the label is most probable. What was shown is
        left out: a label is compared by the positions that weren't told to say it.
        """
        output, labels = step.output, without_eos(step.targets)
        path = best_alignment(output.logits, output.mask, labels)
        indices = ops.arange(ops.shape(labels)[1])
        if step.shown is not None:
            path = ops.where(step.shown, -1, path)
        says = ops.expand_dims(path, 1) == indices[None, :, None]
        log_probs = _scores(output.logits, labels).states
        found = ops.where(says, ops.transpose(log_probs, (0, 2, 1)), IMPOSSIBLE)
        best = ops.cast(ops.argmax(found, axis=2), labels.dtype)
        return Alignment(ops.where(ops.any(says, axis=2), best, -1), says)

    def metrics(self, ratio) -> dict[str, float]:
        """Loss: nats a label."""
        return {"loss": ratio("total", "count")}
