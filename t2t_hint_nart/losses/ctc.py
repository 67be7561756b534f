"""Connectionist temporal classification: the likelihood of a sentence under every alignment.

An output of L positions says a symbol or, by the blank, nothing; of a run of equal symbols one is
read, then blanks go (Graves et al. 2006). The blank is PAD, id 0, so that vocabularies stay as they
are, and a sentence's EOS isn't said: where it ends follows from the reading.
"""

from typing import Any, NamedTuple

from keras import ops

from t2t_hint_nart.losses.term import Alignment, Criterion, LossTerm, Scalar, Step

BLANK = 0
EOS = 1
# Of what can't be, in nats: infinity would turn into NaN in a difference.
IMPOSSIBLE = -1e9


class Lattice(NamedTuple):
    """The states of a sentence's alignments: a blank, the first label, a blank, and so on.

    A sentence of U labels has K = 2U + 1 states; an alignment starts in one of the first two, ends
    in one of the last two of its own, and stays, goes to the next state or, from a label to another
    one that is different, skips the blank between them.

    Attributes:
        symbols: int[B, K], what a state says.
        may_skip: bool[B, K], whether a state can be reached past a blank.
        labels: int[B], U of each sentence.
        positions: int[B], L of each sentence.
    """

    symbols: Any
    may_skip: Any
    labels: Any
    positions: Any

    @property
    def is_own(self):
        """Which states are the sentence's, not of its padding: bool[B, K]."""
        return ops.arange(ops.shape(self.symbols)[1]) <= ops.expand_dims(2 * self.labels, 1)

    @property
    def feasible(self):
        """Whether there is an alignment: bool[B]; repeated labels need a blank between them."""
        repeats = _count(_repeats(self.symbols[:, 1::2]))
        return self.labels + repeats <= self.positions


def lattice(labels, mask) -> Lattice:
    """Make the states of the alignments of labels with an output's positions.

    Args:
        labels: int[B, U], PAD 0 behind a sentence.
        mask: bool[B, L], True = a position of the sentence's output, none behind the last.
    """
    with_blanks = ops.stack([ops.full_like(labels, BLANK), labels], axis=2)
    shape = ops.shape(labels)
    symbols = ops.reshape(with_blanks, (shape[0], 2 * shape[1]))
    symbols = ops.pad(symbols, [[0, 0], [0, 1]])
    return Lattice(symbols, _may_skip(symbols), _count(labels != 0), _count(mask))


def _may_skip(symbols):
    """Which states of int[B, K] symbols can be reached past a blank: bool[B, K]."""
    before = ops.pad(symbols[:, :-2], [[0, 0], [2, 0]])
    return ops.logical_and(symbols != BLANK, symbols != before)


class _Scores(NamedTuple):
    """Log probabilities of what the lattice's states say at every position.

    Attributes:
        states: float[B, L, K].
        logits: float[B, L, V], less their maximum.
        weights: float[B, L, V], exp of these.
        total: float[B, L, 1], Σ of the weights.
    """

    states: Any
    logits: Any
    weights: Any
    total: Any


def _scores(logits, symbols) -> _Scores:
    shifted = logits - ops.max(logits, axis=-1, keepdims=True)
    weights = ops.exp(shifted)
    total = ops.sum(weights, axis=-1, keepdims=True)
    return _Scores(_columns(shifted, symbols) - ops.log(total), shifted, weights, total)


def _columns(logits, symbols):
    """Those of int[B, K] symbols at every position of float[B, L, V] logits: float[B, L, K]."""
    shape = (*ops.shape(logits)[:2], ops.shape(symbols)[1])
    columns = ops.broadcast_to(ops.expand_dims(symbols, 1), shape)
    return ops.take_along_axis(logits, columns, axis=-1)


def _predecessors(alpha, may_skip):
    """Scores of staying, of coming from the state before, and past a blank: float[3, B, K]."""
    before = ops.pad(alpha[:, :-1], [[0, 0], [1, 0]], constant_values=IMPOSSIBLE)
    skipped = ops.pad(alpha[:, :-2], [[0, 0], [2, 0]], constant_values=IMPOSSIBLE)
    return ops.stack([alpha, before, ops.where(may_skip, skipped, IMPOSSIBLE)])


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
        alpha = ops.where(is_real, score + _log_sum_exp(_predecessors(alpha, may_skip)), alpha)
        return alpha, alpha

    return ops.scan(advance, _start(states), _by_position(states, positions))[1]


def _start(states):
    """Scores before the first position: float[B, K], as if one stood in the first blank."""
    first = ops.broadcast_to(ops.arange(ops.shape(states)[2]) == 0, ops.shape(states[:, 0]))
    return ops.where(first, ops.zeros_like(states[:, 0]), IMPOSSIBLE)


def _by_position(values, positions):
    """Order float[B, L, X] for a scan, a last column saying whether a position is a sentence's.

    One tensor, because Keras's scan fails on several of unknown length.

    Returns:
        float[L, B, X + 1].
    """
    is_real = ops.arange(ops.shape(values)[1]) < ops.expand_dims(positions, 1)
    columns = [values, ops.expand_dims(ops.cast(is_real, values.dtype), 2)]
    return ops.transpose(ops.concatenate(columns, axis=2), (1, 0, 2))


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
        uniform = ops.log(scores.total[:, :, 0]) - ops.mean(scores.logits, axis=-1)
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
            wanted = _by_symbol(posterior * confidence[:, :, None], states.symbols, logits)
            mass = ops.expand_dims(confidence + vague, 2) / scores.total
            return mass * scores.weights - wanted - vague[:, :, None] / logits.shape[-1]

        return (1 - label_smoothing) * nll + label_smoothing * smooth, gradient

    return losses


def _both_directions(scores, states: Lattice):
    """α and β of every position and state, each with the position's own score: float[B, L, K].

    What comes behind a state is what comes before it in the sentence read backwards: both are one
    recursion over twice the rows.
    """
    sizes = 2 * states.labels + 1
    backwards = _reversed(_reversed(scores, states.positions, 1), sizes, 2)
    may_skip = _may_skip(_reversed(states.symbols, sizes, 1))
    both = _prefix_scores(
        ops.concatenate([scores, backwards]),
        ops.concatenate([states.may_skip, may_skip]),
        ops.concatenate([states.positions, states.positions]),
    )
    prefixes, suffixes = ops.split(ops.transpose(both, (1, 0, 2)), 2)
    return prefixes, _reversed(_reversed(suffixes, states.positions, 1), sizes, 2)


def _by_symbol(values, symbols, logits):
    """Add up float[B, L, K] of states that say the same: float[B, L, V]."""
    batch, length, size = ops.shape(logits)
    rows = ops.reshape(ops.arange(batch * length), (batch, length, 1)) * size
    places = ops.reshape(rows + ops.cast(ops.expand_dims(symbols, 1), rows.dtype), (-1, 1))
    # A scatter of equal places adds.
    added = ops.scatter(places, ops.reshape(values, (-1,)), (batch * length * size,))
    return ops.reshape(added, (batch, length, size))


def best_alignment(logits, mask, labels):
    """The most probable alignment: which label each position says (Viterbi).

    Of equally probable ones that which stays longest in the later state.

    Args:
        logits: float[B, L, V].
        mask: bool[B, L], True = a position of the sentence's output.
        labels: int[B, U], PAD 0 behind a sentence.

    Returns:
        int[B, L]: index of the label, −1 for a blank, behind the output and, throughout, in a
        sentence that no alignment fits.
    """
    states = lattice(labels, mask)
    # A position's normaliser is in every alignment: none is better for it.
    scores = _columns(logits, states.symbols) - ops.max(logits, axis=-1, keepdims=True)

    def advance(alpha, position):
        score, is_real = position[:, :-1], position[:, -1:] > 0
        options = _predecessors(alpha, states.may_skip)
        best = ops.where(is_real, score + ops.max(options, axis=0), alpha)
        # A number like the scores, for a scan collects one type.
        return best, ops.cast(ops.argmax(options, axis=0), best.dtype)

    last, came_from = ops.scan(advance, _start(scores), _by_position(scores, states.positions))
    behind = 2 * states.labels
    ends = ops.stack([behind, ops.maximum(behind - 1, 0)], axis=1)
    finals = ops.take_along_axis(last, ends, axis=1)
    is_label = ops.logical_and(finals[:, 1] > finals[:, 0], states.labels > 0)
    end = ops.where(is_label, ends[:, 1], ends[:, 0])

    came_from = _by_position(ops.transpose(came_from, (1, 0, 2)), states.positions)

    def retrace(state, position):
        steps = ops.take_along_axis(position[:, :-1], ops.expand_dims(state, 1), axis=1)
        earlier = state - ops.cast(steps[:, 0], state.dtype)
        return ops.where(position[:, -1] > 0, earlier, state), state

    _, path = ops.scan(retrace, end, came_from, reverse=True)
    path = ops.transpose(path)
    is_spoken = ops.logical_and(path % 2 == 1, ops.logical_and(mask, states.feasible[:, None]))
    return ops.where(is_spoken, path // 2, -1)


def said(path, labels):
    """The symbols of a path: int[B, L] label indices, −1 for a blank → int[B, L] ids."""
    symbols = ops.take_along_axis(labels, ops.maximum(path, 0), axis=1)
    return ops.where(path >= 0, symbols, BLANK)


def without_eos(targets):
    """int[B, T] targets with PAD in place of EOS."""
    return ops.where(targets == EOS, BLANK, targets)


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

        The one of a run that represents it is where the label is most probable.
        """
        output, labels = step.output, without_eos(step.targets)
        path = best_alignment(output.logits, output.mask, labels)
        indices = ops.arange(ops.shape(labels)[1])
        says = ops.expand_dims(path, 1) == indices[None, :, None]
        log_probs = _scores(output.logits, labels).states
        found = ops.where(says, ops.transpose(log_probs, (0, 2, 1)), IMPOSSIBLE)
        best = ops.cast(ops.argmax(found, axis=2), labels.dtype)
        return Alignment(ops.where(ops.any(says, axis=2), best, -1), says)

    def metrics(self, ratio) -> dict[str, float]:
        """Loss: nats a label."""
        return {"loss": ratio("total", "count")}


def _repeats(labels):
    return ops.logical_and(labels[:, 1:] == labels[:, :-1], labels[:, 1:] != 0)


def _count(flags):
    return ops.sum(ops.cast(flags, "int32"), axis=1)
