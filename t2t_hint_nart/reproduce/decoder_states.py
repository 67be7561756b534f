"""Decoder states and attention of the systems: the paper's observations (section 2.1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t2t_hint_nart.data.sentence_batches import sentence_batches
from t2t_hint_nart.evaluation.probes import (
    AttentionAccumulator,
    CosineAccumulator,
    CosineStatistics,
    cosine_matrix,
)
from t2t_hint_nart.evaluation.repetition import repetition
from t2t_hint_nart.inspection.figures import (
    HeatmapPanel,
    attention_figure,
    save,
    similarity_figure,
)
from t2t_hint_nart.inspection.generated import labels
from t2t_hint_nart.inspection.sentence_view import READINGS
from t2t_hint_nart.models.network import ATTENTION, HIDDEN
from t2t_hint_nart.reproduce.execution import Exports

BATCH_SIZE = 32
# Sentences of the figures: long enough to show something, short enough to read.
FIGURE_TOKENS = (8, 16)


@dataclass(frozen=True)
class DecoderStates:
    """Look into the decoders of those systems whose exports tell states.

    Attributes:
        exports: of a recipe with a baseline, which says whether tokens may be named.
    """

    exports: Exports

    @property
    def _baseline(self) -> str:
        assert self.exports.recipe.baseline is not None
        return self.exports.recipe.baseline[0]

    def measure(self, sentences: Sequence[str], output_dir: Path) -> dict[str, Any]:
        """Measure statistics, and draw Figures 1 and 2 for one sentence.

        All systems see the same targets, the baseline's translations: a teacher as its own history,
        a student as its length. One whose output is collapsed has other positions: it is only
        drawn.

        Returns:
            {"systems": {system: {"cosine": statistics, "attention": statistics}}, "figures":
            [{"file", "caption"}]}; nothing where the baseline tells no states.
        """
        shown = [s.name for s in self.exports.recipe.systems if self.exports.shows_states(s.name)]
        if self._baseline not in shown:
            return {}
        # The baseline first: the others are compared with what it shows.
        shown.sort(key=lambda name: name != self._baseline)
        names = [name for name in shown if self.exports.has_targets_positions(name)]
        sources = self.exports.ids(sentences)
        cosines: dict[str, dict[str, CosineAccumulator]] = {name: {} for name in names}
        attention = {name: AttentionAccumulator() for name in names}
        for batch in sentence_batches(sources, BATCH_SIZE):
            self._add_batch(batch.inputs, cosines, attention)
        seen = {name: accumulator.result() for name, accumulator in attention.items()}
        systems = {}
        for name, found in seen.items():
            told = {"entropy": found.entropy, "kl": found.kl_to_teacher, "tokens": found.tokens}
            cosine = {reading: _cosines(c.result()) for reading, c in cosines[name].items()}
            systems[name] = {"cosine": cosine, "attention": told}
        drawn = [name for name in self.exports.recipe.drawn if name in shown]
        layer, head = seen[self._baseline].sharpest_head()
        figures = self._draw(drawn, sources, layer, head, output_dir) if len(drawn) > 1 else []
        return {"systems": systems, "figures": figures}

    def _add_batch(self, inputs, cosines, attention) -> None:
        targets = self.exports.outputs(self._baseline, inputs)
        mask = targets != 0
        expected = None
        for name in cosines:
            seen = self.exports.states(name, inputs, targets)
            # A model without norms before its layers has its states as they are alone.
            for reading in (reading for reading, field in READINGS.items() if field in seen):
                accumulator = cosines[name].setdefault(reading, CosineAccumulator())
                accumulator.update(seen[READINGS[reading]], mask)
            weights = seen[ATTENTION]
            like = expected is not None and expected.shape == weights.shape
            attention[name].update(weights, mask, expected if like else None)
            if name == self._baseline:
                expected = weights

    def _choose(self, sources: list[list[int]], system: str) -> list[int]:
        """The sentence of a length to read in which a system repeats itself most."""
        low, high = FIGURE_TOKENS

        def repeated(source: list[int]) -> float:
            return repetition([self.exports.generate(system, source).tokens]).adjacent_percent

        return max([s for s in sources if low <= len(s) <= high] or sources, key=repeated)

    def _labels(self, feature: str, ids: Sequence[int]) -> list[str]:
        if not self.exports.recipe.quotes_text:
            return [str(position) for position in range(1, len(ids) + 1)]
        return labels(self.exports.encoders[feature], ids)

    def _draw(
        self, drawn: list[str], sources: list[list[int]], layer: int, head: int, output_dir: Path
    ) -> list[dict[str, str]]:
        source = self._choose(sources, drawn[1])
        source_words = self._labels("inputs", source)
        similarity, attention = [], []
        for system in drawn:
            made = self.exports.generate(system, source)
            words, title = (
                self._labels("targets", made.tokens),
                self.exports.recipe.system_label(system),
            )
            cosines = cosine_matrix(made.probes[HIDDEN][-1])
            similarity.append(HeatmapPanel(title, words, words, cosines))
            weights = made.probes[ATTENTION][layer, head]
            attention.append(HeatmapPanel(title, source_words, words, weights))
        save(similarity_figure(similarity), output_dir / "figure1.png")
        save(attention_figure(attention), output_dir / "figure2.png")
        states = "Cosine similarity of the last decoder layer's states between the generated tokens"
        heads = f"Encoder-decoder attention of layer {layer + 1}, head {head + 1}"
        return [
            {"file": "figure1.png", "caption": f"{states} (the paper's Figure 1)."},
            {
                "file": "figure2.png",
                "caption": f"{heads}, the baseline's most focused (the paper's Figure 2).",
            },
        ]


def _cosines(found: CosineStatistics) -> dict[str, Any]:
    """Of all layers, and of the last."""

    def told(pairs) -> dict[str, Any]:
        below = {f"below_{threshold:g}": share for threshold, share in pairs.below.items()}
        return {"mean": pairs.mean, **below, "pairs": pairs.pairs}

    return {**told(found.overall), "last": told(found.layers[-1])}
