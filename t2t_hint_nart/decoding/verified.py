"""Verified drafts: one model's translation, changed until another's greedy search would agree.

A loop in Python over passes of any runtime (no TensorFlow).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.hparam_bounds import AT_LEAST_0
from t2t_hint_nart.text import EOS_ID, PAD_ID
from t2t_hint_nart.text.reserved import sentence_ids

# Positions of a pass behind the draft, so that few sentences outgrow them: for another width LiteRT
# plans its memory anew.
ROOM = 4

Array = np.ndarray[Any, Any]
# As `Strategy.not_exported`.
NOT_EXPORTED = dict.fromkeys(
    ("verified", "verified_tolerance"), "a teacher checks drafts pass by pass, outside of it"
)


def add_hparams(settings: HParams) -> None:
    """Add drafts that a teacher verifies.

    verified: what comes out is a draft; a teacher's export changes it until it is what its own
      greedy search says, in fewer passes than that has tokens.
    verified_tolerance: a drafted token may stay if it is at most so many nats less probable
      than the teacher's choice; 0 for exactly greedy search's output.
    """
    settings.add_hparam("verified", False)
    settings.add_hparam("verified_tolerance", 0.0)
    settings.restrict("verified_tolerance", AT_LEAST_0)


def needed_scorer(settings: HParams) -> str:
    """Why a scorer is needed, as `Strategy.needs_scorer`: what comes out is a draft."""
    is_draft = settings.get("verified", False)
    return "verified=True makes drafts, which a teacher must check" if is_draft else ""


class Choices(NamedTuple):
    """What a stepwise model would say at every position of some targets, given those before it.

    Attributes:
        ids: int32[B, T], the most probable tokens.
        log_probs: float32[B, T], of these, in nats.
        gaps: float32[B, T], how much less probable the targets' tokens are, in nats, at least 0.
    """

    ids: Any
    log_probs: Any
    gaps: Any


# (the encoded source, targets int32[B, T]) → Choices.
Choose = Callable[[Mapping[str, Any], Array], Choices]


class Verifier(Protocol):
    """What says which tokens its greedy search would choose."""

    def encode(self, inputs: Array) -> Mapping[str, Any]:
        """Encode sources once for any number of passes: int32[B, S] → arrays [B, ...] by name."""

    def choose(self, source: Mapping[str, Any], targets: Array) -> Choices:
        """What it would say in place of each of targets int32[B, T], given those before it."""


class VerifiedDraft(NamedTuple):
    """What became of a draft.

    Attributes:
        ids: ending in EOS within the limit.
        log_prob: of the verifier, in nats.
        passes: of the verifier: at most as many as there are ids.
    """

    ids: list[int]
    log_prob: float
    passes: int


def verified_search(
    choose: Choose,
    source: Mapping[str, Any],
    drafts: Sequence[Sequence[int]],
    limits: Sequence[int],
    tolerance: float = 0.0,
) -> list[VerifiedDraft]:
    """Keep what the verifier would say too, and draft the rest anew from what it said, to the end.

    Each token is then the choice given tokens that are choices themselves: the sentence is that of
    greedy search, whatever was drafted. A pass makes at least one more token final, and as many as
    agree. Behind a difference Xia et al. (2023) leave the draft as it was, and Jacobi's iteration
    takes the choice at each position. A draft often lacks a word or has one too many, so that its
    rest is right but a place away: here a token is followed by what the verifier last chose after
    the same token, at whatever place and in whatever pass, or else by the choice at the position.

    Args:
        choose: the verifier's pass.
        source: encoded for it, arrays [B, ...] by name; those of sentences that are final are left
            out.
        drafts: ids of each sentence, EOS only at its end.
        limits: the most tokens of each, EOS included.
        tolerance: a drafted token stays if it is at most so many nats less probable than the best;
            0 for greedy search's output.
    """
    sentences = [_Sentence(draft, limit) for draft, limit in zip(drafts, limits, strict=True)]
    rows = list(range(len(sentences)))
    width = 0
    while waiting := [row for row in rows if not sentences[row].is_final]:
        if len(waiting) < len(rows):
            kept = np.isin(rows, waiting)
            source = {name: np.asarray(part)[kept] for name, part in source.items()}
            rows = waiting
        width = max(width, *(sentences[row].room for row in rows))
        targets = np.full((len(rows), width), PAD_ID, np.int32)
        for target, row in zip(targets, rows, strict=True):
            target[: len(sentences[row].ids)] = sentences[row].ids
        choices = (np.asarray(part).tolist() for part in choose(source, targets))
        for row, *said in zip(rows, *choices, strict=True):
            sentences[row].revise(*said, tolerance)
    return [VerifiedDraft(one.ids, one.log_prob, one.passes) for one in sentences]


class _Sentence:
    """A draft that is being revised.

    Attributes:
        ids: the tokens, of which `_agreed` are final.
        room: positions of a pass.
        is_final: whether all are.
    """

    def __init__(self, draft: Sequence[int], limit: int):
        self.ids = list(draft[:limit])
        self.room = min(len(self.ids) + ROOM, limit)
        self.is_final = limit == 0
        self.log_prob = 0.0
        self.passes = 0
        self._limit = limit
        self._agreed = 0
        self._said_after: dict[int, int] = {}

    def revise(
        self, chosen: list[int], log_probs: list[float], gaps: list[float], tolerance: float
    ) -> None:
        """Go on with what a pass over the tokens says in their places, and in the next one."""
        drafted = self.ids
        chosen = chosen[: min(len(drafted) + 1, self.room)]
        if tolerance > 0.0:
            for place, token in enumerate(drafted):
                if gaps[place] <= tolerance:
                    chosen[place] = token
                    log_probs[place] -= gaps[place]
        agreed = self._agreed
        while agreed < len(drafted) and chosen[agreed] == drafted[agreed]:
            agreed += 1
        self._said_after.update(zip(drafted, chosen[1:], strict=False))
        self.passes += 1
        self.ids = drafted[:agreed]
        if self.ids[-1:] != [EOS_ID]:
            self.ids += chosen[agreed : agreed + 1]
        self._agreed = len(self.ids)
        self.is_final = self.ids[-1:] == [EOS_ID] or self._agreed == self._limit
        if self.is_final:
            self.log_prob = sum(log_probs[: self._agreed])
        else:
            self._draft(chosen)

    def _draft(self, chosen: list[int]) -> None:
        """Add what may follow the tokens that are final."""
        while self.ids[-1] != EOS_ID and len(self.ids) < self.room:
            there = chosen[len(self.ids)] if len(self.ids) < len(chosen) else PAD_ID
            token = self._said_after.get(self.ids[-1], there)
            if token == PAD_ID:
                break
            self.ids.append(token)
        if self._agreed == self.room:
            self.room = min(self.room + 2 * ROOM, self._limit)


class Verified:
    """A decoding's best hypotheses as drafts, made what a scorer's greedy search would say.

    Args:
        draft: inputs int32[B, S] → ids int32[B, K, L] and scores, best first.
        verifier: checks them.
        extra_length: most tokens beyond the source's length.
        tolerance: as of `verified_search`.
    """

    def __init__(
        self,
        draft: Callable[[Any], Sequence[Any]],
        verifier: Verifier,
        extra_length: int,
        tolerance: float = 0.0,
    ):
        self._draft = draft
        self._verifier = verifier
        self._extra_length = extra_length
        self._tolerance = tolerance

    def __call__(self, inputs: Any) -> tuple[Array, Array, Array]:
        """Decode a batch int32[B, S].

        A source without a word has the empty translation, and takes no pass.

        Returns:
            ids int32[B, 1, L]; scores float32[B, 1], the verifier's log probability without a
            length penalty; its passes int32[B, 1].
        """
        best = np.asarray(self._draft(inputs)[0])[:, 0]
        drafts = [[*sentence_ids(row), EOS_ID] for row in best]
        inputs = np.asarray(inputs)
        limits = np.count_nonzero(inputs != PAD_ID, axis=1) + self._extra_length
        has_word = ((inputs != PAD_ID) & (inputs != EOS_ID)).any(axis=1)
        found = verified_search(
            self._verifier.choose,
            self._verifier.encode(inputs),
            drafts,
            np.where(has_word, limits, 0).tolist(),
            self._tolerance,
        )
        width = max((len(one.ids) or 1 for one in found), default=1)
        ids = np.full((len(found), 1, width), PAD_ID)
        for row, one in zip(ids[:, 0], found, strict=True):
            row[: len(one.ids)] = one.ids
        ids[~has_word, 0, 0] = EOS_ID
        columns = ([[one.log_prob] for one in found], [[one.passes] for one in found])
        scores, passes = (np.array(column).reshape(-1, 1) for column in columns)
        return ids.astype(np.int32), scores.astype(np.float32), passes.astype(np.int32)
