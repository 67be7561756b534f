"""Prefix beam search: the most probable sentences of a collapsed output, over all their paths."""

from typing import NamedTuple

import numpy as np

from t2t_hint_nart.decoding.n_gram_model import NGramModel
from t2t_hint_nart.text import EOS_ID, PAD_ID


class Found(NamedTuple):
    """A sentence and its score: log p(ids) + α·log p_lm(ids, EOS) + β·|ids|, in nats."""

    ids: tuple[int, ...]
    score: float


class _Beam(NamedTuple):
    """The prefixes that are kept, K of them.

    Attributes:
        nodes: int[K], of each in the tree of all prefixes.
        last: int[K], its last id, PAD of the empty one.
        blank: float[K], log probability of its paths that end in a blank.
        label: float[K], of those that end in its last id.
        extra: float[K], α·log p_lm + β·its length.
    """

    nodes: np.ndarray
    last: np.ndarray
    blank: np.ndarray
    label: np.ndarray
    extra: np.ndarray


class _Tree:
    """All prefixes that were ever kept, each once."""

    def __init__(self, model: NGramModel | None):
        self._model = model
        self.parents = [-1]
        self._ids = [PAD_ID]
        self._children: dict[tuple[int, int], int] = {}
        if model is not None:
            self._histories = [model.start]

    def child(self, node: int, id_: int) -> int:
        """The prefix with one more id."""
        found = self._children.get((node, id_))
        if found is None:
            found = self._children[node, id_] = len(self.parents)
            self.parents.append(node)
            self._ids.append(id_)
            if self._model is not None:
                self._histories.append(self._model.after(self._histories[node], id_))
        return found

    def sentence(self, node: int) -> tuple[int, ...]:
        """The ids of a prefix."""
        ids = []
        while node:
            ids.append(self._ids[node])
            node = self.parents[node]
        return tuple(reversed(ids))

    def log_probs(self, nodes: np.ndarray, ids: np.ndarray) -> np.ndarray:
        """The model's log p of ids int[C] after each of K prefixes: float[K, C]."""
        model = self._model
        if model is None:
            return np.zeros((len(nodes), len(ids)))
        return np.array([model.log_probs(self._histories[node])[ids] for node in nodes.tolist()])


def prefix_beam_search(
    log_probs: np.ndarray,
    beam_size: int,
    model: NGramModel | None = None,
    weight: float = 0.0,
    bonus: float = 0.0,
    tokens: int = 0,
) -> list[Found]:
    """Search for y with the largest log p(y) + α·log p_lm(y, EOS) + β·|y| (Hannun et al. 2014).

    Of every prefix the probability of all paths that collapse to it is kept, of those that end in a
    blank apart; after each position the K prefixes of the best scores stay. Exact if K is the
    number of all prefixes. With K = 1 and no model it isn't the best path collapsed: that is one
    path's probability, this sums over paths, as far as the prefixes are kept.

    Args:
        log_probs: float[L, V], of every position of a sentence.
        beam_size: K.
        model: p_lm; the end of the sentence counts in the last ranking.
        weight: α.
        bonus: β, for every token.
        tokens: prefixes grow by so many most probable ids of a position only; 0 for all. EOS is
            never one of them.

    Returns:
        K sentences at most, best first.
    """
    tree = _Tree(model if weight else None)
    nothing, sure = np.array([-np.inf]), np.zeros(1)
    beam = _Beam(np.zeros(1, np.int64), np.zeros(1, np.int64), sure, nothing, sure)
    for row, ids in zip(log_probs, _grown_by(log_probs, tokens), strict=True):
        beam = _advance(tree, beam, row, ids, beam_size, weight, bonus)
    scores = np.logaddexp(beam.blank, beam.label) + beam.extra
    scores = scores + weight * tree.log_probs(beam.nodes, np.array([EOS_ID]))[:, 0]
    found = (
        Found(tree.sentence(node), score)
        for node, score in zip(beam.nodes.tolist(), scores.tolist(), strict=True)
    )
    return sorted(found, key=lambda one: (-one.score, one.ids))


def _grown_by(log_probs: np.ndarray, tokens: int) -> np.ndarray:
    """The ids by which prefixes grow at each position: int[L, C]."""
    size = log_probs.shape[1]
    first = max(PAD_ID, EOS_ID) + 1
    if not 0 < tokens < size - first:
        return np.broadcast_to(np.arange(first, size), (len(log_probs), size - first))
    # The largest `tokens` of them, in any order.
    return np.argpartition(log_probs[:, first:], -tokens, axis=1)[:, -tokens:] + first


def _advance(
    tree: _Tree,
    beam: _Beam,
    row: np.ndarray,
    ids: np.ndarray,
    beam_size: int,
    weight: float,
    bonus: float,
) -> _Beam:
    """Go on by one position, of log probabilities float[V], prefixes growing by ids int[C]."""
    total = np.logaddexp(beam.blank, beam.label)
    blank = row[PAD_ID] + total
    label = row[beam.last] + beam.label
    # Without a blank between, an id that is repeated is the same one still.
    before = np.where(beam.last[:, None] == ids, beam.blank[:, None], total[:, None])
    grown = row[ids] + before
    # What grows into another prefix of the beam adds to it.
    places = {node: place for place, node in enumerate(beam.nodes.tolist())}
    parents = np.array([places.get(tree.parents[node], -1) for node in places])
    row_of, column_of = np.nonzero((parents[:, None] >= 0) & (beam.last[:, None] == ids))
    cells = parents[row_of], column_of
    label[row_of] = np.logaddexp(label[row_of], grown[cells])
    grown[cells] = -np.inf
    extra = beam.extra[:, None] + bonus
    if weight:
        extra = extra + weight * tree.log_probs(beam.nodes, ids)
    extra = np.broadcast_to(extra, grown.shape).ravel()
    grown = grown.ravel()
    scores = np.concatenate([np.logaddexp(blank, label) + beam.extra, grown + extra])
    if len(scores) > beam_size:
        best = np.argpartition(scores, -beam_size)[-beam_size:]
    else:
        best = np.arange(len(scores))
    best = best[scores[best] > -np.inf]
    size = len(beam.nodes)
    stays, grows = best[best < size], best[best >= size] - size
    added = ids[grows % len(ids)]
    nodes = [
        tree.child(node, id_)
        for node, id_ in zip(beam.nodes[grows // len(ids)].tolist(), added.tolist(), strict=True)
    ]
    return _Beam(
        np.concatenate([beam.nodes[stays], np.array(nodes, np.int64)]),
        np.concatenate([beam.last[stays], added]),
        np.concatenate([blank[stays], np.full(len(grows), -np.inf)]),
        np.concatenate([label[stays], grown[grows]]),
        np.concatenate([beam.extra[stays], extra[grows]]),
    )
