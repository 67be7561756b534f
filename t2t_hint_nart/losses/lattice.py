"""The alignments of a sentence with a longer output, as states that follow one another.

An output of L positions says a symbol or, by the blank, nothing; of a run of equal symbols one is
read, then blanks go (Graves et al. 2006). The blank is PAD, id 0, so that vocabularies stay as they
are, and a sentence's EOS isn't said: where it ends follows from the reading.
"""

from typing import Any, NamedTuple

from keras import ops

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
    return Lattice(symbols, past_blanks(symbols), _count(labels != 0), _count(mask))


def past_blanks(symbols):
    """Which states of int[B, K] symbols can be reached past a blank: bool[B, K]."""
    before = ops.pad(symbols[:, :-2], [[0, 0], [2, 0]])
    return ops.logical_and(symbols != BLANK, symbols != before)


def columns(logits, symbols):
    """Those of int[B, K] symbols at every position of float[B, L, V] logits: float[B, L, K]."""
    shape = (*ops.shape(logits)[:2], ops.shape(symbols)[1])
    said = ops.broadcast_to(ops.expand_dims(symbols, 1), shape)
    return ops.take_along_axis(logits, said, axis=-1)


def predecessors(alpha, may_skip):
    """Scores of staying, of coming from the state before, and past a blank: float[3, B, K]."""
    before = ops.pad(alpha[:, :-1], [[0, 0], [1, 0]], constant_values=IMPOSSIBLE)
    skipped = ops.pad(alpha[:, :-2], [[0, 0], [2, 0]], constant_values=IMPOSSIBLE)
    return ops.stack([alpha, before, ops.where(may_skip, skipped, IMPOSSIBLE)])


def start(states):
    """Scores before the first position: float[B, K], as if one stood in the first blank."""
    first = ops.broadcast_to(ops.arange(ops.shape(states)[2]) == 0, ops.shape(states[:, 0]))
    return ops.where(first, ops.zeros_like(states[:, 0]), IMPOSSIBLE)


def by_position(values, positions):
    """Order float[B, L, X] for a scan, a last column saying whether a position is a sentence's.

    One tensor, because Keras's scan fails on several of unknown length.

    Returns:
        float[L, B, X + 1].
    """
    is_real = ops.arange(ops.shape(values)[1]) < ops.expand_dims(positions, 1)
    both = [values, ops.expand_dims(ops.cast(is_real, values.dtype), 2)]
    return ops.transpose(ops.concatenate(both, axis=2), (1, 0, 2))


def without_eos(targets):
    """int[B, T] targets with PAD in place of EOS."""
    return ops.where(targets == EOS, BLANK, targets)


def _repeats(labels):
    return ops.logical_and(labels[:, 1:] == labels[:, :-1], labels[:, 1:] != 0)


def _count(flags):
    return ops.sum(ops.cast(flags, "int32"), axis=1)
