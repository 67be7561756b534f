"""What a model has learnt to translate: a problem, its languages and both vocabularies."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypedDict

from t2t_hint_nart import registry
from t2t_hint_nart.data.problem import Problem, TextEncoder
from t2t_hint_nart.errors import InputError

_ADVICE = "Use the vocabulary that it was trained with."


class Vocabulary(TypedDict):
    """Number of ids, and sha256 of the tokens in their order."""

    size: int
    fingerprint: str


def vocabularies_of(encoders: Mapping[str, TextEncoder]) -> dict[str, Vocabulary]:
    """Return what tells the vocabularies of inputs and targets from others."""
    return {
        side: {"size": encoder.vocab_size, "fingerprint": encoder.fingerprint()}
        for side, encoder in encoders.items()
    }


@dataclass(frozen=True)
class ProblemIdentity:
    """What exports and checkpoints say of the data they were trained on.

    Attributes:
        problem: registered name.
        vocabularies: of "inputs" and "targets", as far as they are known.
        languages: of both, such as "de"; none where nobody knows.
    """

    problem: str
    vocabularies: dict[str, Vocabulary]
    languages: dict[str, str] = field(default_factory=dict)

    def misfit(self, wanted: "ProblemIdentity", model: str, whose: str = "") -> str:
        """Say why a model can't be used on other data, "" if it can.

        It can't if vocabularies differ, or in the opposite direction. A problem and its reverse
        share one vocabulary, and so may problems of different names; distilled data have the
        direction of their base problem.

        Args:
            wanted: what the model, which has learnt this, is used on.
            model: what it is called.
            whose: what `wanted` is of; its problem by default.

        Returns:
            The first thing that differs, and what to do.
        """
        whose = whose or wanted.problem
        difference = self._differing_vocabulary(wanted, whose)
        if difference:
            return f"{model} doesn't fit {whose}: {difference}. {_ADVICE}"
        if self._is_opposite_of(wanted):
            return (
                f"{model} translates {self.problem}, the opposite direction of "
                f"{wanted.problem}; give a model of {wanted.problem}."
            )
        return ""

    def check_fits(self, wanted: "ProblemIdentity", model: str, whose: str = "") -> str:
        """Refuse what has a `misfit`, with these arguments.

        Returns:
            A warning if the model has learnt another problem, else "".

        Raises:
            InputError: naming the first thing that differs.
        """
        reason = self.misfit(wanted, model, whose)
        if reason:
            raise InputError(reason)
        if _name(self.problem) != _name(wanted.problem):
            return f"{model} was trained on '{self.problem}', not on '{wanted.problem}'"
        return ""

    def _differing_vocabulary(self, wanted: "ProblemIdentity", whose: str) -> str:
        for side, ours in self.vocabularies.items():
            if side not in wanted.vocabularies:
                continue
            theirs = wanted.vocabularies[side]
            for what, ours_is, theirs_is in (
                ("size", ours["size"], theirs["size"]),
                ("fingerprint", ours["fingerprint"], theirs["fingerprint"]),
            ):
                if ours_is != theirs_is:
                    return (
                        f"its vocabulary of {side} has {what} {ours_is}, that of {whose} "
                        f"{theirs_is}"
                    )
        return ""

    def _is_opposite_of(self, wanted: "ProblemIdentity") -> bool:
        ours, theirs = _name(self.problem), _name(wanted.problem)
        if ours.base == theirs.base:
            return ours.was_reversed != theirs.was_reversed
        direction, other = (
            (each.languages.get("inputs"), each.languages.get("targets")) for each in (self, wanted)
        )
        return all(direction) and direction == other[::-1] != other


def identity_of(problem: Problem, encoders: Mapping[str, TextEncoder]) -> ProblemIdentity:
    """Return the identity of a problem with its vocabularies, as it is read."""
    sides = {"inputs": "source_language", "targets": "target_language"}
    languages = {side: getattr(problem, name, "") for side, name in sides.items()}
    known = languages if all(languages.values()) else {}
    return ProblemIdentity(problem.name, vocabularies_of(encoders), known)


def _name(problem: str) -> registry.ProblemName:
    """A problem's name taken apart; distilled data are those of their base problem."""
    return registry.parse_problem_name(problem.removesuffix("_distill"))
