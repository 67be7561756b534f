"""What a model did with one sentence: attention of every head, cosines of every layer."""

import csv
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from t2t_hint_nart.evaluation.heatmaps import HeatmapPanel, attention_panel, similarity_panel
from t2t_hint_nart.evaluation.probes import cosine_matrix, entropy
from t2t_hint_nart.reproduce.figures import draw_attention, draw_similarity
from t2t_hint_nart.reproduce.generated import Generated
from t2t_hint_nart.whole_file import written_whole

ENCODER = "encoder"
READINGS = {"raw": "hidden", "normed": "hidden_normed"}


@dataclass(frozen=True)
class SentenceView:
    """Numbers for the real tokens of a sentence alone; PAD has no place in them.

    Attributes:
        model: what the model is called.
        source: the S source tokens, EOS last.
        target: the T generated tokens.
        inputs: the source text.
        outputs: the translation.
        attention: float64[N, H, T, S], encoder-decoder weights.
        cosines: by reading of the states, float64[N, T, T].
        self_attention: by name, "encoder" float64[M, H, S, S], "decoder" and, of a student,
            "positional" float64[N, H, T, T]; empty if only the decoder's output is known.
    """

    model: str
    source: list[str]
    target: list[str]
    inputs: str
    outputs: str
    attention: NDArray[np.float64]
    cosines: dict[str, NDArray[np.float64]]
    self_attention: dict[str, NDArray[np.float64]]

    def tokens_of(self, name: str) -> list[str]:
        """Return the tokens that a self-attention is over."""
        return self.source if name == ENCODER else self.target

    def sharpest_head(self) -> tuple[int, int]:
        """Return (layer, head), from 0, of the lowest mean entropy of attention."""
        means = entropy(self.attention).mean(axis=-1)
        layer, head = np.unravel_index(int(np.argmin(means)), means.shape)
        return int(layer), int(head)


def view(
    model: str, texts: tuple[str, str], labels: tuple[Sequence[str], Sequence[str]], made: Generated
) -> SentenceView:
    """Put together what there is to show, cut to the real tokens.

    Args:
        model: what it is called.
        texts: source and translation.
        labels: tokens of source and translation.
        made: the translation and the decoder's output, one sentence.
    """
    source, target = (list(tokens) for tokens in labels)
    attention = np.asarray(made.output.attention, np.float64)[0]
    length = len(target)
    return SentenceView(
        model,
        source,
        target,
        *texts,
        attention[:, :, :length, : len(source)],
        {
            name: cosine_matrix(np.asarray(getattr(made.output, field))[0][:, :length])
            for name, field in READINGS.items()
        },
        {
            name: np.asarray(weights, np.float64)[0][..., :size, :size]
            for name, weights in made.self_attention.items()
            for size in (len(source) if name == ENCODER else length,)
        },
    )


def write_csv(shown: SentenceView, directory: str | os.PathLike[str]) -> list[Path]:
    """Write attention.csv and cosine.csv, a number a line; layers and heads count from 1.

    And <name>_attention.csv of every self-attention that is known.
    """
    folder = Path(directory)
    head = ["layer", "head", "target_position", "target", "source_position", "source", "weight"]
    rows = _attention_rows(shown.attention, shown.target, shown.source)
    written = [_write(folder / "attention.csv", head, rows)]
    head = ["layer", "head", "position", "token", "other_position", "other_token", "weight"]
    for name, weights in shown.self_attention.items():
        tokens = shown.tokens_of(name)
        rows = _attention_rows(weights, tokens, tokens)
        written.append(_write(folder / f"{name}_attention.csv", head, rows))
    head = ["states", "layer", "position", "token", "other_position", "other_token", "cosine"]
    return [*written, _write(folder / "cosine.csv", head, _cosine_rows(shown))]


def _attention_rows(
    attention: NDArray[np.float64], rows: Sequence[str], columns: Sequence[str]
) -> Iterator[list[object]]:
    for (layer, head, i, j), weight in np.ndenumerate(attention):
        place = [i + 1, rows[i], j + 1, columns[j]]
        yield [layer + 1, head + 1, *place, f"{weight:.6f}"]


def _cosine_rows(shown: SentenceView) -> Iterator[list[object]]:
    for name, matrices in shown.cosines.items():
        for (layer, i, j), cosine in np.ndenumerate(matrices):
            place = [i + 1, shown.target[i], j + 1, shown.target[j]]
            yield [name, layer + 1, *place, f"{cosine:.6f}"]


def _write(path: Path, head: list[str], rows: Iterator[list[object]]) -> Path:
    with (
        written_whole(path) as incomplete,
        incomplete.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)
    return path


def draw(shown: SentenceView, directory: str | os.PathLike[str]) -> list[Path]:
    """Write the pictures.

    attention.png: of each layer, the mean over its heads; attention_layer<N>.png: every head of a
    layer; <name>_attention.png: of each layer, the mean over its heads of a self-attention;
    cosine_raw.png and cosine_normed.png: the states of every layer.
    """
    source, target = shown.source, shown.target
    folder = Path(directory)
    panels = _panels("Mean of layer", shown.attention.mean(axis=1), source, target)
    written = [draw_attention(panels, folder / "attention.png")]
    for layer, weights in enumerate(shown.attention):
        panels = _panels(f"Layer {layer + 1}, head", weights, source, target)
        written.append(draw_attention(panels, folder / f"attention_layer{layer + 1}.png"))
    for name, weights in shown.self_attention.items():
        tokens = shown.tokens_of(name)
        panels = _panels("Mean of layer", weights.mean(axis=1), tokens, tokens)
        written.append(draw_attention(panels, folder / f"{name}_attention.png"))
    for name, matrices in shown.cosines.items():
        similarities = [
            similarity_panel(f"Layer {index + 1}", target, matrix)
            for index, matrix in enumerate(matrices)
        ]
        written.append(draw_similarity(similarities, folder / f"cosine_{name}.png"))
    return written


def _panels(
    title: str, weights: NDArray[np.float64], columns: Sequence[str], rows: Sequence[str]
) -> list[HeatmapPanel]:
    return [
        attention_panel(f"{title} {index + 1}", columns, rows, matrix)
        for index, matrix in enumerate(weights)
    ]
