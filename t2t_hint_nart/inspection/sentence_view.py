"""What a model did with one sentence: attention of every head, cosines of every layer."""

import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from t2t_hint_nart.data.problem import TextEncoder
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.evaluation.probes import cosine_matrix, entropy, sharpest_head
from t2t_hint_nart.files.whole_file import written_whole
from t2t_hint_nart.inspection.figures import (
    HeatmapPanel,
    attention_figure,
    save,
    similarity_figure,
)
from t2t_hint_nart.inspection.generated import Inside, labels
from t2t_hint_nart.models.network import ATTENTION, HIDDEN, HIDDEN_NORMED
from t2t_hint_nart.text import EOS_ID
from t2t_hint_nart.text.reserved import sentence_ids

ENCODER = "encoder"
READINGS = {"raw": HIDDEN, "normed": HIDDEN_NORMED}
_SELF_ATTENTION = "_attention"

_PLACES = ["position", "token", "other_position", "other_token"]
_ATTENTION_PLACES = ["target_position", "target", "source_position", "source"]


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
        self_attention: those that are known by name, "encoder" float64[M, H, S, S], others such as
            "decoder" float64[N, H, T, T].
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
        return sharpest_head(entropy(self.attention).mean(axis=-1))


def look(inside: Inside, encoders: Mapping[str, TextEncoder], sentence: str) -> SentenceView:
    """Translate a sentence and look inside meanwhile.

    Args:
        inside: the model.
        encoders: its vocabularies of inputs and targets.
        sentence: the source text.

    Raises:
        InputError: the model generates nothing at all.
    """
    source = [*encoders["inputs"].encode(sentence), EOS_ID]
    tokens, probes = inside.generate(source)
    if not tokens:
        raise InputError(f"{inside.name} translates {sentence!r} with nothing: no token to show.")
    return SentenceView(
        inside.name,
        labels(encoders["inputs"], source),
        labels(encoders["targets"], tokens),
        sentence,
        encoders["targets"].decode(sentence_ids(tokens)),
        probes[ATTENTION].astype(np.float64),
        {name: cosine_matrix(probes[p]) for name, p in READINGS.items() if p in probes},
        {
            name.removesuffix(_SELF_ATTENTION): weights.astype(np.float64)
            for name, weights in probes.items()
            if name.endswith(_SELF_ATTENTION)
        },
    )


def write_csv(shown: SentenceView, directory: str | os.PathLike[str]) -> list[Path]:
    """Write attention.csv and cosine.csv, a number a line; layers and heads count from 1.

    And <name>_attention.csv of every self-attention that is known.
    """
    folder, target = Path(directory), shown.target
    heads = ["layer", "head"]
    rows = _rows(shown.attention, target, shown.source)
    head = [*heads, *_ATTENTION_PLACES, "weight"]
    written = [_write(folder / "attention.csv", head, rows)]
    for name, weights in shown.self_attention.items():
        rows = _rows(weights, *2 * [shown.tokens_of(name)])
        head = [*heads, *_PLACES, "weight"]
        written.append(_write(folder / f"{name}_attention.csv", head, rows))
    cosines = (
        [name, *row] for name, all_ in shown.cosines.items() for row in _rows(all_, target, target)
    )
    head = ["states", "layer", *_PLACES, "cosine"]
    return [*written, _write(folder / "cosine.csv", head, cosines)]


def _rows(
    values: NDArray[np.float64], rows: Sequence[str], columns: Sequence[str]
) -> Iterator[list[Any]]:
    """A row for each value: its indices, those of the matrix with their tokens."""
    for (*leading, i, j), value in np.ndenumerate(values):
        layer_and_head = [index + 1 for index in leading]
        yield [*layer_and_head, i + 1, rows[i], j + 1, columns[j], f"{value:.6f}"]


def _write(path: Path, head: list[str], rows: Iterator[list[Any]]) -> Path:
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
    return [save(figure, Path(directory) / f"{name}.png") for name, figure in _figures(shown)]


def _figures(shown: SentenceView) -> Iterator[tuple[str, Figure]]:
    source, target = shown.source, shown.target
    means = _panels("Mean of layer", shown.attention.mean(axis=1), source, target)
    yield "attention", attention_figure(means)
    for layer, weights in enumerate(shown.attention, 1):
        heads = _panels(f"Layer {layer}, head", weights, source, target)
        yield f"attention_layer{layer}", attention_figure(heads)
    for name, weights in shown.self_attention.items():
        tokens = shown.tokens_of(name)
        means = _panels("Mean of layer", weights.mean(axis=1), tokens, tokens)
        yield f"{name}_attention", attention_figure(means)
    for name, cosines in shown.cosines.items():
        yield f"cosine_{name}", similarity_figure(_panels("Layer", cosines, target, target))


def _panels(
    title: str, matrices: NDArray[np.float64], columns: Sequence[str], rows: Sequence[str]
) -> list[HeatmapPanel]:
    return [
        HeatmapPanel(f"{title} {number}", columns, rows, matrix)
        for number, matrix in enumerate(matrices, 1)
    ]
