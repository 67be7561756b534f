"""What an experiment measures on the test set: translations, latency, decoder states."""

import functools
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import tensorflow as tf

from t2t_hint_nart.data.dataset_split import DatasetSplit
from t2t_hint_nart.data.problem import Problem
from t2t_hint_nart.evaluation.latency import Latency, measure_latencies
from t2t_hint_nart.evaluation.significance import all_pairs
from t2t_hint_nart.exports.exported_model import ExportedModel
from t2t_hint_nart.exports.metadata import GREEDY
from t2t_hint_nart.hints.teacher import Teacher
from t2t_hint_nart.inspection.figures import save, training_curves_figure
from t2t_hint_nart.reproduce.decoder_states import DecoderStates
from t2t_hint_nart.reproduce.ordering import system_label
from t2t_hint_nart.reproduce.recipe import Recipe
from t2t_hint_nart.reproduce.report import build_report, write_report
from t2t_hint_nart.reproduce.report_row import report_row
from t2t_hint_nart.serving.decodes import one_line, write_sentences
from t2t_hint_nart.serving.exported_decode import export_decode, rescored_decode
from t2t_hint_nart.serving.translator import Decode, Translator
from t2t_hint_nart.training.training_history import Curve, training_history

SAMPLES = 8
LATENCY_ROUNDS = 3


class Finished(NamedTuple):
    """What a finished experiment tells: its report, the rows in short, how to translate."""

    report: Path
    summary: str
    translate_command: str


class Evaluation:
    """The systems of an experiment on its test set.

    Args:
        recipe: of the experiment.
        output_dir: with export/<system>/ of the students.
        problem: whose test set is translated.
        data_dir: of its shards and vocabulary.
        teacher_export_dir: the teacher's SavedModel.
    """

    def __init__(
        self,
        recipe: Recipe,
        output_dir: Path,
        problem: Problem,
        data_dir: str,
        teacher_export_dir: str,
    ):
        self._recipe = recipe
        self._output_dir = output_dir
        self._teacher_export_dir = teacher_export_dir
        self._problem = problem
        self._data_dir = data_dir
        self._students = [student.system for student in recipe.students]

    @functools.cached_property
    def _pairs(self) -> list[tuple[str, str]]:
        pairs = self._problem.text_pairs(self._data_dir, DatasetSplit.TEST)
        return pairs[: self._recipe.sentences]

    @functools.cached_property
    def _teacher(self) -> Teacher:
        return Teacher(self._teacher_export_dir)

    @functools.cache  # noqa: B019 - one instance a process
    def _student(self, system: str) -> ExportedModel:
        return ExportedModel(self._output_dir / "export" / system)

    def _decodings(self) -> dict[tuple[str, str], Callable[[], Decode]]:
        """Every system and way of decoding, built when called."""
        recipe = self._recipe
        decodings: dict[tuple[str, str], Callable[[], Decode]] = {
            ("teacher", "greedy"): lambda: export_decode(self._teacher, GREEDY),
            ("teacher", f"beam{recipe.beam_size}"): lambda: export_decode(self._teacher),
        }
        for system in self._students:
            decodings[system, "one_pass"] = lambda s=system: export_decode(self._student(s))
            for decoding, alpha in recipe.rescored().items():
                decodings[system, decoding] = lambda s=system, a=alpha: rescored_decode(
                    self._student(s), self._teacher, recipe.halfwidth, a
                )
        return decodings

    @functools.cache  # noqa: B019
    def _decode(self, key: tuple[str, str]) -> Decode:
        return self._decodings()[key]()

    def _translator(self, key: tuple[str, str]) -> Translator:
        encoders = self._problem.get_feature_encoders(self._data_dir)
        return Translator(self._decode(key), encoders)

    def _file(self, key: tuple[str, str]) -> Path:
        return self._output_dir / "decodes" / f"{key[0]}.{key[1]}.txt"

    def decode(self) -> dict[str, Any]:
        """Translate the test set with every system; one file each under decodes/."""
        sources = [source for source, _ in self._pairs]
        for key in self._decodings():
            translated = self._translator(key).translate(sources)
            lines = (one_line(hypotheses[0].text) for hypotheses in translated)
            write_sentences(self._file(key), lines, "\n")
        return {"sentences": len(sources)}

    def latency(self) -> dict[str, Any]:
        """Milliseconds a sentence at batch 1, ids to ids, after warm-up."""
        sentences = [source for source, _ in self._pairs[: self._recipe.latency_sentences]]
        keys = list(self._decodings())
        # All read the same ids.
        encode = self._translator(keys[0]).encode
        inputs = [tf.constant([encode(line)], tf.int32) for line in sentences]

        def call(decode: Decode) -> Callable[[tf.Tensor], Any]:
            return lambda ids: decode(ids)[0].numpy()

        calls = {".".join(key): call(self._decode(key)) for key in keys}
        measured = measure_latencies(calls, inputs, rounds=LATENCY_ROUNDS)
        return {name: vars(latency) for name, latency in measured.items()}

    def states(self) -> dict[str, Any]:
        """Cosine and attention statistics of every system, and the paper's two figures."""
        states = DecoderStates(
            self._teacher,
            {system: self._student(system) for system in self._students},
            self._problem.get_feature_encoders(self._data_dir),
            self._recipe.drawn(),
            self._recipe.quotes_text,
        )
        return states.measure(self._pairs, self._output_dir)

    def _hypotheses(self, key: tuple[str, str]) -> list[str]:
        return self._file(key).read_text(encoding="utf-8").split("\n")[:-1]

    def _rows(self, latency: dict[str, Any]) -> list[dict[str, Any]]:
        sources, references = zip(*self._pairs, strict=True)
        return [
            report_row(
                *key,
                sources=sources,
                references=references,
                hypotheses=self._hypotheses(key),
                language=self._problem.target_language,
                latency=Latency(**latency[".".join(key)]),
            )
            for key in self._decodings()
        ]

    def _significance(self) -> list[dict[str, Any]]:
        """Paired randomization of every two students under the same decoding."""
        references = [reference for _, reference in self._pairs]
        decodings = {decoding for system, decoding in self._decodings() if system != "teacher"}
        return [
            {**comparison.to_dict(), "decoding": decoding}
            for decoding in sorted(decodings)
            for comparison in all_pairs(
                references, {s: self._hypotheses((s, decoding)) for s in self._students}
            )
        ]

    def _samples(self) -> list[dict[str, str]]:
        beam = ("teacher", f"beam{self._recipe.beam_size}")
        keys = [beam, *((system, "one_pass") for system in self._students)]
        translated = {key[0]: self._hypotheses(key) for key in keys}
        step = max(len(self._pairs) // SAMPLES, 1)
        return [
            {
                "source": self._pairs[index][0],
                "reference": self._pairs[index][1],
                **{system: lines[index] for system, lines in translated.items()},
            }
            for index in range(0, len(self._pairs), step)
        ][:SAMPLES]

    def _training(self) -> dict[str, dict[str, Curve]]:
        """Curves of every student's training."""
        histories = {s: training_history(self._output_dir / s) for s in self._students}
        return {system: history for system, history in histories.items() if history}

    def _draw_training(self, training: dict[str, dict[str, Curve]]) -> list[dict[str, str]]:
        """Draw the curves, a plot for each term; nothing where there are none."""
        if not training:
            return []
        terms = dict.fromkeys(term for history in training.values() for term in history)
        curves = {
            term: {
                system_label(system): history[term]
                for system, history in training.items()
                if term in history
            }
            for term in terms
        }
        save(training_curves_figure(curves), self._output_dir / "training.png")
        caption = "Unweighted losses, open gates and gradient norm while the students are trained."
        return [{"file": "training.png", "caption": caption}]

    def report(
        self, *, data: dict[str, Any], latency: dict[str, Any], states: dict[str, Any], **facts: Any
    ) -> Finished:
        """Write report.json and report.md."""
        rows = self._rows(latency)
        training = self._training()
        one_pass = [row for row in rows if row["decoding"] == "one_pass"]
        best = max(one_pass, key=lambda row: row["bleu_13a"])["system"]
        command = translate_command(self._output_dir / "export" / best)
        report = build_report(
            recipe=self._recipe.name,
            rows=rows,
            translate_command=command,
            data={
                "description": self._recipe.data_statement,
                "bleu_convention": self._problem.bleu_convention,
                **data,
            },
            cosine=states["cosine"],
            attention=states["attention"],
            figures=[*states["figures"], *self._draw_training(training)],
            training=training,
            significance=self._significance(),
            samples=self._samples() if self._recipe.quotes_text else [],
            **facts,
        )
        _, path = write_report(report, self._output_dir)
        return Finished(path, summary_table(report["rows"]), command)


def translate_command(export_dir: Path) -> str:
    """The command line that translates a sentence with an export."""
    return (
        f"t2t-query-server --export_dir={shlex.quote(str(export_dir))} "
        "--inputs_once='Guten Morgen!'"
    )


def summary_table(rows: list[dict[str, Any]]) -> str:
    """The rows for a terminal: BLEU, repetition, latency, speed-up."""
    header = f"{'system':20s} {'decoding':20s} {'BLEU':>6s} {'rep %':>6s} {'ms':>8s} {'x':>6s}"
    lines = [
        f"{row['system']:20s} {row['decoding']:20s} {row['bleu_13a']:6.2f} "
        f"{row['repetition_percent']:6.2f} {row['latency_ms']:8.1f} {row['speedup']:6.1f}"
        for row in rows
    ]
    return "\n".join([header, *lines])
