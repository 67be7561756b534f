"""What matters for a student: variants that differ in one setting, compared on development data.

A study answers questions such as "which γ_st?" by short runs from one teacher. Nothing here reads
the test set.
"""

import dataclasses
import functools
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t2t_hint_nart.data.problem import DatasetSplit
from t2t_hint_nart.errors import find_named
from t2t_hint_nart.evaluation.bleu import bleu_13a
from t2t_hint_nart.evaluation.repetition import text_repetition
from t2t_hint_nart.exports.exported_model import ExportedModel
from t2t_hint_nart.reproduce.hardware import hardware, versions
from t2t_hint_nart.reproduce.pipeline import Pipeline
from t2t_hint_nart.reproduce.recipe import Student
from t2t_hint_nart.serving.decodes import one_line
from t2t_hint_nart.serving.exported_decode import export_decode
from t2t_hint_nart.serving.translator import Translator
from t2t_hint_nart.whole_file import write_whole


@dataclass(frozen=True)
class Question:
    """A question and the runs that answer it; runs may answer several questions.

    Attributes:
        name: what --questions says.
        text: the question.
        variants: names of runs.
    """

    name: str
    text: str
    variants: tuple[str, ...]


@dataclass(frozen=True)
class Variant(Student):
    """A run of a student by a recipe, with steps of its own.

    Attributes:
        steps: updates.
    """

    steps: int = 600


@dataclass(frozen=True)
class Study:
    """Runs of students by a recipe, and the questions they answer.

    Attributes:
        name: what --study says; of the recipe whose teacher it needs.
        variants: the runs.
        questions: what they answer.
    """

    name: str
    variants: tuple[Variant, ...]
    questions: tuple[Question, ...]

    def variant(self, name: str) -> Variant:
        """Return the run of a name."""
        return next(variant for variant in self.variants if variant.system == name)

    def only(self, names: Sequence[str]) -> "Study":
        """Return the study of some of its questions, with the runs that answer them.

        Raises:
            UnknownNameError: no such question; names those there are.
        """
        known = {question.name: question for question in self.questions}
        wanted = [find_named("question", name, known) for name in names]
        questions = tuple(question for question in self.questions if question in wanted)
        asked = {name for question in questions for name in question.variants}
        variants = tuple(variant for variant in self.variants if variant.system in asked)
        return dataclasses.replace(self, variants=variants, questions=questions)


def run_study(study: Study, pipeline: Pipeline) -> list[dict[str, Any]]:
    """Train every variant and translate the development set with it, whatever isn't done yet.

    Args:
        study: what is compared.
        pipeline: of the recipe, in the study's own directory, with a teacher taken or made.

    Returns:
        A row for each question and variant: `question`, `variant`, `settings`, `distilled`,
        `warm_start`, `steps`, `seed`, `dev_bleu` (one pass, sacrebleu 13a), `signature`,
        `repetition_percent`, `seconds` of training.
    """
    # Datagen, teacher, its export, distil; train, export and translate for each variant.
    pipeline.stages.total = 4 + 3 * len(study.variants)
    pipeline.prepare()
    measured = {}
    for variant in study.variants:
        system = dataclasses.replace(pipeline.student(variant), steps=variant.steps)
        pipeline.train_and_export(system)
        scored = functools.partial(_score, pipeline, system.export_dir)
        measured[variant.system] = {
            **pipeline.stages.run(f"dev_{variant.system}", {"split": DatasetSplit.EVAL}, scored),
            "seconds": pipeline.stages.seconds[variant.system],
        }
    return [
        {
            "question": question.text,
            "variant": variant.system,
            "settings": variant.overrides,
            "distilled": variant.distilled,
            "warm_start": variant.warm_start,
            "steps": variant.steps,
            "seed": pipeline.seed,
            **measured[variant.system],
        }
        for question in study.questions
        for variant in map(study.variant, question.variants)
    ]


def write_study(study: Study, rows: Sequence[dict[str, Any]], pipeline: Pipeline) -> Path:
    """Write output_dir/study.json, whole or not at all, and return its path.

    Args:
        study: what was compared.
        rows: from `run_study`.
        pipeline: that ran it.
    """
    content = {
        "study": study.name,
        "recipe": pipeline.recipe.name,
        "command": pipeline.command,
        "rows": list(rows),
        "hardware": hardware(),
        "versions": versions(),
    }
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    return write_whole(pipeline.output_dir / "study.json", text)


def study_table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows for a terminal, a block for each question."""
    lines = []
    for question in dict.fromkeys(row["question"] for row in rows):
        lines += ["", question]
        lines += [
            f"  {row['variant']:20s} dev BLEU {row['dev_bleu']:6.2f}  "
            f"repetitions {row['repetition_percent']:5.2f} %"
            for row in rows
            if row["question"] == question
        ]
    return "\n".join(lines[1:])


def _score(pipeline: Pipeline, export_dir: str) -> dict[str, Any]:
    """One-pass translations of the development set against its references."""
    problem = pipeline.problem
    pairs = problem.text_pairs(pipeline.data_dir, DatasetSplit.EVAL)
    translator = Translator(
        export_decode(ExportedModel(export_dir)), problem.get_feature_encoders(pipeline.data_dir)
    )
    started = time.monotonic()
    translated = translator.translate([source for source, _ in pairs])
    lines = [one_line(hypotheses[0].text) for hypotheses in translated]
    score = bleu_13a(lines, [reference for _, reference in pairs])
    return {
        "dev_bleu": score.value,
        "signature": score.signature,
        "repetition_percent": text_repetition(lines, problem.target_language).adjacent_percent,
        "decode_seconds": time.monotonic() - started,
    }
