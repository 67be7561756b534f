"""Decoder states and attention of teacher and students: the paper's observations (section 2.1)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from t2t_hint_nart.data.problem import TextEncoder
from t2t_hint_nart.data.sentence_batches import SentenceBatch, sentence_batches
from t2t_hint_nart.evaluation.attention import AttentionAccumulator, AttentionStatistics
from t2t_hint_nart.evaluation.heatmaps import attention_panel, similarity_panel
from t2t_hint_nart.evaluation.repetition import repetition
from t2t_hint_nart.evaluation.similarity import CosineAccumulator, cosine_matrix
from t2t_hint_nart.exports.exported_model import ExportedModel
from t2t_hint_nart.hints.teacher import Teacher
from t2t_hint_nart.models.decoder_output import DecoderOutput
from t2t_hint_nart.reproduce.figures import draw_attention, draw_similarity
from t2t_hint_nart.reproduce.generated import (
    Generated,
    generate_by_search,
    generate_in_one_pass,
    pieces,
)
from t2t_hint_nart.reproduce.look_inside import export_hints
from t2t_hint_nart.reproduce.ordering import system_label
from t2t_hint_nart.reproduce.sentence_view import READINGS
from t2t_hint_nart.text import EOS_ID

BATCH_SIZE = 32
# Sentences of the figures: long enough to show something, short enough to read.
FIGURE_TOKENS = (8, 16)


class DecoderStates:
    """Look into the decoders of a teacher and its students.

    Args:
        teacher: the teacher's export.
        students: exports by system.
        encoders: vocabularies of inputs and targets.
        drawn: systems of the figures: the teacher, the student without hints, others.
        quotes_text: whether the figures name the tokens; otherwise they have positions, from 1.
    """

    def __init__(
        self,
        teacher: Teacher,
        students: dict[str, ExportedModel],
        encoders: dict[str, TextEncoder],
        drawn: Sequence[str],
        quotes_text: bool,
    ):
        self._teacher = teacher
        self._students = students
        self._encoders = encoders
        self._drawn = drawn
        self._quotes_text = quotes_text

    def measure(self, pairs: list[tuple[str, str]], output_dir: Path) -> dict[str, Any]:
        """Measure statistics over a test set and draw Figures 1 and 2 for one sentence of it.

        All systems see the same targets, the teacher's translations: the teacher as its own
        history, the students as their length.

        Args:
            pairs: (source, reference) texts.
            output_dir: where figure1.png and figure2.png go.

        Returns:
            {"cosine": {system: {reading: statistics}}, "attention": {system: statistics},
            "figures": [{"file", "caption"}]}.
        """
        sources = [[*self._encoders["inputs"].encode(s), EOS_ID] for s, _ in pairs]
        cosines = {
            system: {reading: CosineAccumulator() for reading in READINGS}
            for system in ("teacher", *self._students)
        }
        attention = {system: AttentionAccumulator() for system in cosines}
        for batch in sentence_batches(sources, BATCH_SIZE):
            self._add_batch(batch, cosines, attention)
        statistics = {system: a.result() for system, a in attention.items()}
        return {
            "cosine": {
                system: {reading: c.result().to_dict() for reading, c in readings.items()}
                for system, readings in cosines.items()
            },
            "attention": {system: s.to_dict() for system, s in statistics.items()},
            "figures": self._draw(sources, statistics["teacher"], output_dir),
        }

    def _add_batch(
        self,
        batch: SentenceBatch,
        cosines: dict[str, dict[str, CosineAccumulator]],
        attention: dict[str, AttentionAccumulator],
    ) -> None:
        targets = self._teacher.decode(tf.constant(batch.inputs))[0].numpy()
        mask = targets != 0
        expected = export_hints(self._teacher, batch.inputs, targets)
        for system in cosines:
            seen = expected
            if system != "teacher":
                seen = export_hints(self._students[system], batch.inputs, targets)
            for reading, field in READINGS.items():
                cosines[system][reading].update(getattr(seen, field), mask)
            reference = None if system == "teacher" else expected.attention
            attention[system].update(seen.attention, mask, reference)

    def _generated(self, system: str, source: list[int]) -> Generated:
        """What a system generates, and its states while it does."""
        model = self._teacher if system == "teacher" else self._students[system]

        def hints(inputs: np.ndarray, targets: np.ndarray) -> DecoderOutput:
            return export_hints(model, inputs, targets)

        if system == "teacher":
            return generate_by_search(
                lambda inputs: self._teacher.decode(tf.constant(inputs))[0].numpy(), hints, source
            )
        return generate_in_one_pass(hints, model.metadata.length_bias or 0, source)

    def _choose(self, sources: list[list[int]]) -> list[int]:
        """The sentence in which the student without hints repeats itself most."""
        low, high = FIGURE_TOKENS
        fitting = [s for s in sources if low <= len(s) <= high] or sources
        plain = self._drawn[1]
        return max(
            fitting, key=lambda s: repetition([self._generated(plain, s).tokens]).adjacent_percent
        )

    def _labels(self, feature: str, ids: Sequence[int]) -> list[str]:
        if not self._quotes_text:
            return [str(position) for position in range(1, len(ids) + 1)]
        return pieces(self._encoders[feature], ids)

    def _draw(
        self, sources: list[list[int]], teacher: AttentionStatistics, output_dir: Path
    ) -> list[dict[str, str]]:
        source = self._choose(sources)
        layer, head = teacher.sharpest_head()
        source_words = self._labels("inputs", source)
        similarity, attention = [], []
        for system in self._drawn:
            made = self._generated(system, source)
            output = made.output
            words, title = self._labels("targets", made.tokens), system_label(system)
            cosines = cosine_matrix(output.hidden[0, -1])
            similarity.append(similarity_panel(title, words, cosines))
            weights = output.attention[0, layer, head]
            attention.append(attention_panel(title, source_words, words, weights))
        draw_similarity(similarity, output_dir / "figure1.png")
        draw_attention(attention, output_dir / "figure2.png")
        return [
            {
                "file": "figure1.png",
                "caption": "Cosine similarity of the last decoder layer's states between the "
                "generated tokens (the paper's Figure 1).",
            },
            {
                "file": "figure2.png",
                "caption": f"Encoder-decoder attention of layer {layer + 1}, head {head + 1}, the "
                "teacher's most focused (the paper's Figure 2).",
            },
        ]
