"""Experiments as data: what is trained, on what, for how long."""

import dataclasses
from dataclasses import dataclass

from t2t_hint_nart.errors import find_named


@dataclass(frozen=True)
class Student:
    """One student of an experiment.

    Attributes:
        system: its name in the report: student_nll, student_align, student_hid, student_align_hid.
        overrides: of the student set, as in --hparams.
        distilled: whether it learns the teacher's translations, or the data as they are.
        warm_start: whether it starts with the variables that it shares with the teacher, in name
            and shape: embeddings, encoder and decoder but for positional attention. The paper's
            don't.
    """

    system: str
    overrides: str
    distilled: bool = True
    warm_start: bool = False


@dataclass(frozen=True)
class Recipe:
    """A whole experiment.

    Attributes:
        name: what --recipe says.
        doc: one line: data, size, duration and what to expect.
        problem: registered name; its `_distill` problem trains the students.
        teacher_set, student_set: registered hparams sets.
        teacher_steps, student_steps: updates.
        students: the students, the one without hints first.
        teacher_checkpoint_steps, student_checkpoint_steps: updates between checkpoints.
        average: the last so many checkpoints are averaged.
        beam_size, alpha, extra_length: of the teacher's search.
        halfwidth: B, 2B + 1 candidate lengths are rescored.
        rescoring_alphas: of the length penalty on the teacher's scores, one decoding each; the
            paper's is 0.
        distill_batch: sentences decoded at a time.
        latency_sentences: so many test sentences are timed, one at a time.
        data_statement: what the text is, for the report.
        quotes_text: whether the report quotes the text; otherwise it has no samples, and figures
            have positions for tokens, so that it may be published whatever the text's licence.
        sentences: only so many training sentences are distilled and test sentences translated;
            None for all.
    """

    name: str
    doc: str
    problem: str
    teacher_set: str
    student_set: str
    teacher_steps: int
    student_steps: int
    students: tuple[Student, ...]
    teacher_checkpoint_steps: int
    student_checkpoint_steps: int
    average: int
    data_statement: str
    quotes_text: bool = False
    beam_size: int = 4
    alpha: float = 0.6
    extra_length: int = 50
    halfwidth: int = 4
    rescoring_alphas: tuple[float, ...] = (0.0,)
    distill_batch: int = 64
    latency_sentences: int = 50
    sentences: int | None = None

    def as_test(self) -> "Recipe":
        """The recipe with one step a model and a few sentences: does everything fit together?

        Example:
            >>> find_recipe("quickstart").as_test().student_steps
            1
        """
        return dataclasses.replace(
            self,
            teacher_steps=1,
            student_steps=1,
            teacher_checkpoint_steps=1,
            student_checkpoint_steps=1,
            average=1,
            distill_batch=16,
            latency_sentences=2,
            sentences=16,
        )

    def drawn(self) -> list[str]:
        """Systems of the figures: the paper's three and what is between them.

        That is the teacher and, from the one without hints to the one with all, the students that
        learn its translations.
        """
        return ["teacher", *(student.system for student in self.students if student.distilled)]

    def rescored(self) -> dict[str, float]:
        """Decodings by rescored candidates: name -> alpha, which is named where there are several.

        Example:
            >>> find_recipe("quickstart").rescored()
            {'rescored_9': 1.0}
        """
        name = f"rescored_{2 * self.halfwidth + 1}"
        if len(self.rescoring_alphas) == 1:
            return {name: self.rescoring_alphas[0]}
        return {f"{name}_alpha{alpha:g}": alpha for alpha in self.rescoring_alphas}


NO_HINTS = "hint_hidden_weight=0,hint_align_weight=0"

_NLL = Student("student_nll", NO_HINTS)
_ALIGN = Student("student_align", "hint_hidden_weight=0")
_ALIGN_HID = Student("student_align_hid", "")
# The paper's (Table 2), the hidden states' hint alone, and none of either hints or distillation.
_FIVE_STUDENTS = (
    _NLL,
    Student("student_real", NO_HINTS, distilled=False),
    _ALIGN,
    Student("student_hid", "hint_align_weight=0"),
    _ALIGN_HID,
)


def _started_warm(students: tuple[Student, ...]) -> tuple[Student, ...]:
    return tuple(dataclasses.replace(student, warm_start=True) for student in students)


RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="quickstart",
            doc="2,579 sentences of a German course, 3+3 layers of width 128, minutes on 2 cores",
            problem="translate_deen_quickstart",
            teacher_set="transformer_quickstart",
            student_set="transformer_nat_quickstart_hints",
            teacher_steps=700,
            student_steps=400,
            # Minutes are too few for a student from nothing: 13.4 BLEU after 400 steps with a warm
            # start against 10.0 after 500 without, on the development set.
            students=_started_warm((_NLL, _ALIGN, _ALIGN_HID)),
            teacher_checkpoint_steps=50,
            student_checkpoint_steps=50,
            average=4,
            # Chosen on the development set: with 0 the teacher prefers what is short.
            rescoring_alphas=(1.0,),
            data_statement=(
                "Sentences of an A1-A2 German course (the wheel auf-deutsch 0.1.1, MIT), of "
                "unstated authorship: enough to see the machinery work, not a benchmark."
            ),
            quotes_text=True,
        ),
        Recipe(
            name="multi30k",
            doc="29,000 captions of Multi30k, 3+3 layers of width 128, hours on 2 cores",
            problem="translate_deen_multi30k",
            teacher_set="transformer_multi30k",
            student_set="transformer_nat_multi30k_hints",
            teacher_steps=3500,
            student_steps=1200,
            # Development set, 400 steps, no hints: 17.6 BLEU with a warm start, 11.7 without.
            students=_started_warm(_FIVE_STUDENTS),
            teacher_checkpoint_steps=250,
            student_checkpoint_steps=100,
            average=5,
            rescoring_alphas=(0.0, 0.6),
            data_statement="Multi30k task 1, German to English; test_2016_flickr.",
        ),
        Recipe(
            name="tatoeba",
            doc="164,476 sentences of Tatoeba, 3+3 layers of width 128, hours on 2 cores",
            problem="translate_deen_tatoeba",
            teacher_set="transformer_tatoeba",
            student_set="transformer_nat_tatoeba_hints",
            teacher_steps=5000,
            student_steps=1200,
            students=_started_warm(_FIVE_STUDENTS),
            teacher_checkpoint_steps=250,
            student_checkpoint_steps=100,
            average=5,
            rescoring_alphas=(0.0, 0.6),
            data_statement="Tatoeba, German to English.",
        ),
        *(
            Recipe(
                name=f"{corpus}_paper",
                doc=f"{title} at the paper's IWSLT14 size, 5+5 layers of width 256: for a GPU",
                problem=f"translate_deen_{corpus}{preparation}",
                teacher_set="transformer_deep_small",
                student_set="transformer_nat_deep_small_hints",
                teacher_steps=20_000,
                student_steps=40_000,
                students=_FIVE_STUDENTS,
                teacher_checkpoint_steps=1000,
                student_checkpoint_steps=1000,
                average=5,
                rescoring_alphas=(0.0, 0.6),
                data_statement=f"{title}, German to English.",
            )
            for corpus, preparation, title in (
                # The paper's counts, 153k/7k/7k, are those of this preparation.
                ("iwslt14", "_153k", "IWSLT14"),
                ("multi30k", "", "Multi30k"),
                ("tatoeba", "", "Tatoeba"),
            )
        ),
    )
}


def find_recipe(name: str) -> Recipe:
    """Return a recipe by name.

    Raises:
        UnknownNameError: there is none; names those there are.
    """
    return find_named("recipe", name, RECIPES)
