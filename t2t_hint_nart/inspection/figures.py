"""Figures: heatmaps with a token at each row and column, and training curves; as PNG or pixels.

Takes plain arrays and token strings; knows no model. The number of token labels decides how much of
a matrix is drawn, so padding never appears. Matplotlib is used without pyplot: no display, no
global state.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from numpy.typing import ArrayLike, NDArray

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.whole_file import written_whole

DPI = 150
LONGEST_LABEL = 16
_PANELS_A_ROW = 4
# A panel is as wide as this, unless its cells would be too small to label or needlessly large.
_PANEL_INCHES = 3.2
_SMALLEST_CELL_INCHES = 0.17
_LARGEST_CELL_INCHES = 0.42
_LABEL_POINTS = 8.5
_TITLE_POINTS = 11
_TITLE_INCHES = 0.4
_GAP_INCHES = 0.15
_BAR_INCHES = 0.14
_BAR_LABEL_INCHES = 0.65
# Okabe and Ito's colours, which stay apart for colour-blind readers.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


@dataclass(frozen=True)
class HeatmapPanel:
    """One matrix with a label for each row and column.

    Attributes:
        title: what stands above it, for instance "Teacher".
        columns: tokens of the x axis, left to right; of attention the source's.
        rows: tokens of the y axis, top to bottom.
        values: float[>= rows, >= columns]; what lies beyond the labels is left out.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[str]
    values: ArrayLike

    def visible(self) -> NDArray[np.float64]:
        """Return the labelled part of the values, float64[rows, columns]."""
        matrix = np.asarray(self.values, dtype=np.float64)
        shape = (len(self.rows), len(self.columns))
        fits = matrix.ndim == 2 and all(np.greater_equal(matrix.shape, shape))
        if not all(shape) or not fits:
            raise InputError(
                f"panel '{self.title}': values of shape {matrix.shape} for {shape[0]} row and "
                f"{shape[1]} column labels; at least 1 label each and a value for each are needed"
            )
        return matrix[: shape[0], : shape[1]]


def similarity_figure(panels: Sequence[HeatmapPanel]) -> Figure:
    """Draw how alike the decoder states of each two tokens are (the paper's Figure 1).

    The colours run from 0 to 1 in every such figure; cosines below 0 look like 0, and the colour
    bar then ends in an arrow. Panels stand side by side, four a row.
    """
    return _heatmaps(panels, Normalize(0.0, 1.0), "viridis", "cosine similarity")


def attention_figure(panels: Sequence[HeatmapPanel]) -> Figure:
    """Draw where each token looks (the paper's Figure 2).

    The colours run from 0 to the largest weight of all panels. Args and raises as
    `similarity_figure`.
    """
    top = max((float(panel.visible().max()) for panel in panels), default=1.0)
    return _heatmaps(panels, Normalize(0.0, top or 1.0), "Blues", "attention weight")


def training_curves_figure(
    curves: Mapping[str, Mapping[str, tuple[Sequence[float], Sequence[float]]]],
) -> Figure:
    """Draw each loss term over the training steps, one plot a term, one line a system.

    Args:
        curves: {term: {system: (steps, values)}}; terms are unweighted.

    Raises:
        InputError: if there are no terms.
    """
    if not curves:
        raise InputError("no training curves to draw: at least 1 loss term is needed")
    figure = Figure(figsize=(4.2 * len(curves), 3.2), dpi=DPI, layout="constrained")
    systems = list(dict.fromkeys(system for lines in curves.values() for system in lines))
    colours = {system: COLOURS[index % len(COLOURS)] for index, system in enumerate(systems)}
    row = figure.subplots(1, len(curves), squeeze=False)[0]
    for axes, (term, lines) in zip(row, curves.items(), strict=True):
        for system, (steps, values) in lines.items():
            axes.plot(steps, values, color=colours[system], linewidth=1.4, label=system)
        axes.set_title(term, fontsize=11)
        axes.set_xlabel("step")
        axes.grid(color="#dddddd", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        if lines:
            axes.legend(frameon=False, fontsize=8)
    return figure


def save(figure: Figure, path: str | os.PathLike[str]) -> Path:
    """Write a figure as PNG, whole or not at all, and return its path."""
    with written_whole(path) as incomplete:
        FigureCanvasAgg(figure).print_png(str(incomplete))
    return Path(path)


def pixels(figure: Figure) -> NDArray[np.uint8]:
    """Return a figure as a picture, uint8[height, width, 3]."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba(), dtype=np.uint8)[..., :3].copy()


def _heatmaps(panels: Sequence[HeatmapPanel], scale: Normalize, colours: str, label: str) -> Figure:
    if not panels:
        raise InputError("no panels to draw: at least 1 is needed")
    matrices = [panel.visible() for panel in panels]
    layout = _Layout(panels)
    figure = Figure(figsize=(layout.width, layout.height), dpi=DPI)
    for panel, matrix, box in zip(panels, matrices, layout.panels, strict=True):
        _draw_panel(figure.add_axes(layout.shares(box)), panel, matrix, scale, colours)
    below = any(matrix.min() < float(scale.vmin or 0.0) for matrix in matrices)
    figure.colorbar(
        ScalarMappable(scale, colours),
        cax=figure.add_axes(layout.shares(layout.bar)),
        label=label,
        extend="min" if below else "neither",
    )
    return figure


_Box = tuple[float, float, float, float]


class _Layout:
    """Where everything stands: square cells of one size, rows of aligned panels.

    Attributes:
        width, height: of the figure, in inches.
        panels, bar: left, top, width and height of each panel and of the colour bar, in inches. The
            bar is as tall as the first row's tallest panel.
    """

    def __init__(self, panels: Sequence[HeatmapPanel]) -> None:
        longest = max(max(len(panel.columns), len(panel.rows)) for panel in panels)
        cell = min(max(_PANEL_INCHES / longest, _SMALLEST_CELL_INCHES), _LARGEST_CELL_INCHES)
        self.panels: list[_Box] = []
        right = bottom = 0.0
        for start in range(0, len(panels), _PANELS_A_ROW):
            row = panels[start : start + _PANELS_A_ROW]
            edge, top = 0.0, bottom + _TITLE_INCHES
            for panel in row:
                edge += _GAP_INCHES + _label_inches(panel.rows)
                width = cell * len(panel.columns)
                self.panels.append((edge, top, width, cell * len(panel.rows)))
                # A long title needs its room too, half of it on either side of the panel's middle.
                title = _text_inches(panel.title, _TITLE_POINTS)
                edge += max(width, (width + title) / 2) + _GAP_INCHES
            right = max(right, edge)
            heights = (cell * len(panel.rows) + _label_inches(panel.columns) for panel in row)
            bottom = top + max(heights) + _GAP_INCHES
        tallest = max(height for _, _, _, height in self.panels[:_PANELS_A_ROW])
        self.bar: _Box = (right, _TITLE_INCHES, _BAR_INCHES, tallest)
        self.width = right + _BAR_INCHES + _BAR_LABEL_INCHES
        self.height = bottom

    def shares(self, box: _Box) -> _Box:
        """Left, bottom, width and height of a box as shares of the figure."""
        left, top, width, height = box
        below = 1.0 - (top + height) / self.height
        return left / self.width, below, width / self.width, height / self.height


def _text_inches(text: str, points: float) -> float:
    """Return how wide the text is when drawn."""
    width, _, _ = RendererAgg(1, 1, DPI).get_text_width_height_descent(
        text, FontProperties(size=points), ismath=False
    )
    return float(width) / DPI


def _label_inches(tokens: Sequence[str]) -> float:
    """Return the room that the widest label takes beside its axis."""
    return max(_text_inches(_label(token), _LABEL_POINTS) for token in tokens) + 0.08


def _draw_panel(
    axes: Axes,
    panel: HeatmapPanel,
    matrix: NDArray[np.float64],
    scale: Normalize,
    colours: str,
) -> None:
    axes.imshow(matrix, norm=scale, cmap=colours, interpolation="nearest", aspect="auto")
    axes.set_title(panel.title, fontsize=_TITLE_POINTS)
    axes.set_xticks(range(len(panel.columns)), [_label(token) for token in panel.columns])
    axes.set_yticks(range(len(panel.rows)), [_label(token) for token in panel.rows])
    axes.tick_params(axis="both", length=0, labelsize=_LABEL_POINTS)
    axes.tick_params(axis="x", labelrotation=90)
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        # A token such as "$5" is text, not a formula.
        label.set_parse_math(False)
    for spine in axes.spines.values():
        spine.set_color("#888888")


def _label(token: str) -> str:
    return token if len(token) <= LONGEST_LABEL else token[: LONGEST_LABEL - 1] + "…"
