"""The most probable alignment of a sentence with a longer output (Viterbi)."""

from keras import ops

from t2t_hint_nart.losses.lattice import BLANK, by_position, columns, lattice, predecessors, start


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
    scores = columns(logits, states.symbols) - ops.max(logits, axis=-1, keepdims=True)

    def advance(alpha, position):
        score, is_real = position[:, :-1], position[:, -1:] > 0
        options = predecessors(alpha, states.may_skip)
        best = ops.where(is_real, score + ops.max(options, axis=0), alpha)
        # A number like the scores, for a scan collects one type.
        return best, ops.cast(ops.argmax(options, axis=0), best.dtype)

    last, came_from = ops.scan(advance, start(scores), by_position(scores, states.positions))
    behind = 2 * states.labels
    ends = ops.stack([behind, ops.maximum(behind - 1, 0)], axis=1)
    finals = ops.take_along_axis(last, ends, axis=1)
    is_label = ops.logical_and(finals[:, 1] > finals[:, 0], states.labels > 0)
    end = ops.where(is_label, ends[:, 1], ends[:, 0])

    came_from = by_position(ops.transpose(came_from, (1, 0, 2)), states.positions)

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
