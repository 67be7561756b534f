"""Experiments as data: systems, the ways they decode, and what they are compared with."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError, find_named
from t2t_hint_nart.exports.metadata import SAVED_MODEL
from t2t_hint_nart.reproduce.decoding import Decoding as Decoding
from t2t_hint_nart.reproduce.paper_results import IWSLT
from t2t_hint_nart.reproduce.system import System as System


@dataclass(frozen=True)
class Question:
    """A question of a study and the systems that answer it; a system may answer several.

    Attributes:
        name: what --questions says.
        text: the question.
        systems: each is compared with the first one of as many steps.
    """

    name: str
    text: str
    systems: tuple[str, ...]


@dataclass(frozen=True)
class Recipe:
    """A whole experiment, or with questions a study.

    Attributes:
        name: what --recipe says.
        doc: one line: data, size, duration.
        problem: registered name.
        systems: in the order in which they are trained.
        decodings: of the systems.
        average: the last so many checkpoints are averaged.
        data_statement: what the text is, for the report.
        distilled_by: the system whose export translates the training data. It is shared with the
            data by the experiments of several seeds.
        baseline: system and decoding of which speed-ups are, and whose states others are compared
            with; without it neither is measured.
        split: of the data that are translated.
        quotes_text: whether the report quotes the text; otherwise it has no samples, and figures
            have positions for tokens, so that it may be published whatever the text's licence.
        latency_sentences: so many are timed, one at a time; 0 for no timing.
        sentences: only so many training sentences are distilled and others translated; None for
            all.
        paper_dataset: a name of `paper_results.DATASETS`, whose numbers stand beside these.
        questions: of a study, whose systems are not compared two by two.
    """

    name: str
    doc: str
    problem: str
    systems: tuple[System, ...]
    decodings: tuple[Decoding, ...]
    average: int
    data_statement: str = ""
    distilled_by: str = ""
    baseline: tuple[str, str] | None = None
    split: str = "test"
    quotes_text: bool = False
    latency_sentences: int = 50
    sentences: int | None = None
    paper_dataset: str = IWSLT
    questions: tuple[Question, ...] = ()

    def __post_init__(self) -> None:
        """Refuse names of systems and decodings that aren't there, or aren't there yet."""
        names = [system.name for system in self.systems]
        if len(set(names)) < len(names):
            raise InputError(f"recipe {self.name!r} has two systems of one name: {names}")
        named = {"distilled_by": ([self.distilled_by], names)}
        for place, system in enumerate(self.systems):
            before = names[:place]
            named[f"{system.name}.hints_from"] = ([system.hints_from], before)
            named[f"{system.name}.asks"] = ([system.asks], before)
            named[f"{system.name}.warm_start_from"] = ([system.warm_start_from], before)
            named[f"{system.name}.continues"] = ([system.continues], before)
            if system.distilled and not self.distilled_by:
                raise InputError(
                    f"recipe {self.name!r}: {system.name!r} learns distilled data, and no "
                    "distilled_by says whose"
                )
        for decoding in self.decodings:
            named[f"{decoding.name}.systems"] = (list(decoding.systems), names)
            named[f"{decoding.name}.scorer"] = ([decoding.scorer], names)
            needs_saved_model = decoding.own_export or decoding.reference_lengths
            if needs_saved_model and decoding.runtime != SAVED_MODEL:
                raise InputError(
                    f"recipe {self.name!r}, {decoding.name}: own_export and reference_lengths are "
                    f"of SavedModels, not of the runtime {decoding.runtime!r}"
                )
        for field, (values, known) in named.items():
            for value in values:
                if value and value not in known:
                    raise InputError(
                        f"recipe {self.name!r}, {field}: {value!r} is none of the systems "
                        f"{', '.join(known) or 'before it'}"
                    )
        if self.baseline and self.baseline not in self.decoded(SAVED_MODEL):
            raise InputError(f"recipe {self.name!r} decodes no {'.'.join(self.baseline)}, baseline")

    def are_compared(self, one: str, other: str) -> bool:
        """Return whether two systems are compared: of runs that go on, those of as many steps."""
        pair = self.system(one), self.system(other)
        going_on = {name for s in self.systems if s.continues for name in (s.name, s.continues)}
        return pair[0].steps == pair[1].steps or not going_on.issuperset((one, other))

    @property
    def drawn(self) -> tuple[str, ...]:
        """The systems of the figures: the baseline's, and other models that learn distilled data.

        What another student starts from, or goes on with, is only on the way to it.
        """
        if not self.baseline:
            return ()
        first = self.system(self.baseline[0])
        begun = {name for s in self.systems for name in (s.warm_start_from, s.continues)}
        students = [
            s.name
            for s in self.systems
            if s.distilled and s.model != first.model and s.name not in begun
        ]
        return tuple(dict.fromkeys([first.name, *students]))

    @property
    def calibrated(self) -> str:
        """The last system with hints, but for studies: its loss terms at the start are told."""
        hinted = [system.name for system in self.systems if system.hints_from]
        return hinted[-1] if hinted and not self.questions else ""

    def system(self, name: str) -> System:
        """Return the system of a name."""
        return next(system for system in self.systems if system.name == name)

    def decoding(self, name: str) -> Decoding:
        """Return the decoding of a name."""
        return next(decoding for decoding in self.decodings if decoding.name == name)

    def system_label(self, name: str) -> str:
        """Return what tables call a system, which it may no longer have."""
        return _label(self.systems, name)

    def decoding_label(self, name: str) -> str:
        """Return what tables call a decoding, which it may no longer have."""
        return _label(self.decodings, name)

    @property
    def runtimes(self) -> tuple[str, ...]:
        """Those of its decodings besides SavedModels, in their order."""
        found = dict.fromkeys(decoding.runtime for decoding in self.decodings)
        return tuple(runtime for runtime in found if runtime != SAVED_MODEL)

    def without(self, runtimes: Sequence[str]) -> "Recipe":
        """Return the recipe without the decodings that need one of some runtimes."""
        kept = (d for d in self.decodings if not set(runtimes).intersection(d.runtimes))
        return dataclasses.replace(self, decodings=tuple(kept))

    def decoded(self, runtime: str = "") -> list[tuple[str, str]]:
        """Return (system, decoding) of everything that is translated, in the order of rows.

        Args:
            runtime: only what is translated in it; all if "".
        """
        return [
            (system.name, decoding.name)
            for system in self.systems
            for decoding in self.decodings
            if not decoding.systems or system.name in decoding.systems
            if runtime in ("", decoding.runtime)
        ]

    def timed(self, runtime: str) -> list[tuple[str, str]]:
        """Return those of `decoded` whose time means something."""
        return [k for k in self.decoded(runtime) if not self.decoding(k[1]).reference_lengths]

    def exported(self, system: str) -> Decoding:
        """Return the decoding by which a system's export translates.

        The baseline's if it is that, or the first of its own without a scorer, or the defaults.
        """
        if self.baseline and self.baseline[0] == system:
            return self.decoding(self.baseline[1])
        decoded = self.decoded(SAVED_MODEL)
        own = (self.decoding(decoding) for name, decoding in decoded if name == system)
        plain = (d for d in own if not (d.scorer or d.own_export))
        return next(plain, Decoding("default"))

    def exported_apart(self, system: str) -> dict[str, Decoding]:
        """Return the decodings for which a system has a SavedModel of its own, by its name."""
        decoded = [name for of, name in self.decoded(SAVED_MODEL) if of == system]
        apart = (d for d in map(self.decoding, decoded) if d.own_export)
        return {next(iter(decoding.exports(system))): decoding for decoding in apart}

    def as_exported(self) -> list[tuple[str, str]]:
        """Return every system with the decoding by which its export translates."""
        return [(system.name, self.exported(system.name).name) for system in self.systems]

    def only(self, names: Sequence[str]) -> "Recipe":
        """Return the study of some of its questions, with the systems that answer them.

        Raises:
            InputError: a recipe without questions.
            UnknownNameError: no such question; names those there are.
        """
        if not self.questions:
            raise InputError(f"Recipe {self.name!r} asks no questions: leave out --questions.")
        known = {question.name: question for question in self.questions}
        wanted = [find_named("question", name, known) for name in names]
        asked = dataclasses.replace(
            self, questions=tuple(question for question in self.questions if question in wanted)
        )
        return asked.of([name for question in wanted for name in question.systems])

    def of(self, names: Sequence[str]) -> "Recipe":
        """Return the recipe of some of its systems, and of those that they can't do without.

        Raises:
            UnknownNameError: no such system; names those there are.
        """
        known = {system.name: system for system in self.systems}
        kept = {find_named("system", name, known).name for name in names}
        kept |= {self.distilled_by, self.baseline[0] if self.baseline else ""}
        kept |= {d.scorer for d in self.decodings if not d.systems or kept.intersection(d.systems)}
        for system in reversed(self.systems):
            if system.name in kept:
                kept |= {system.hints_from, system.asks, system.warm_start_from, system.continues}
        return dataclasses.replace(
            self,
            systems=tuple(system for system in self.systems if system.name in kept),
            decodings=tuple(
                dataclasses.replace(d, systems=tuple(s for s in d.systems if s in kept))
                for d in self.decodings
                if not d.systems or kept.intersection(d.systems)
            ),
        )

    def as_test(self) -> "Recipe":
        """Return the recipe with one step a model and a few sentences: does all fit together?

        Example:
            >>> find_recipe("quickstart").as_test().systems[-1].steps
            1
        """
        return dataclasses.replace(
            self,
            systems=tuple(
                dataclasses.replace(system, steps=1, checkpoint_steps=1) for system in self.systems
            ),
            average=1,
            latency_sentences=min(2, self.latency_sentences),
            sentences=16,
        )


def find_recipe(name: str) -> Recipe:
    """Return a registered recipe.

    Raises:
        UnknownNameError: there is none; names those there are.
        InputError: what is registered makes something else, or a recipe of another name.
    """
    made = registry.recipe(name)
    if not isinstance(made, Recipe) or made.name != name:
        raise InputError(
            f"recipe {name!r} must return a Recipe of that name, got "
            f"{made.name if isinstance(made, Recipe) else type(made).__name__!r}"
        )
    return made


def _label(named: Sequence[System | Decoding], name: str) -> str:
    return {found.name: found.label for found in named}.get(name) or name
