"""Heatmaps with a token at each row and column: decoder states' cosines, and attention.

Takes plain arrays and token strings; knows no model. The number of token labels decides how much of
a matrix is drawn, so padding never appears. Matplotlib is used without pyplot: no display, no
global state.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from numpy.typing import ArrayLike, NDArray

from t2t_hint_nart.errors import InputError

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


@dataclass(frozen=True)
class HeatmapPanel:
    """One matrix with a label for each row and column.

    Attributes:
        title: what stands above it, for instance "Teacher".
        columns: tokens of the x axis, left to right.
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


def similarity_panel(title: str, tokens: Sequence[str], cosines: ArrayLike) -> HeatmapPanel:
    """Return a panel of the cosines, float[>= T, >= T], of the states of T generated tokens."""
    return HeatmapPanel(title, tokens, tokens, cosines)


def attention_panel(
    title: str, source: Sequence[str], target: Sequence[str], weights: ArrayLike
) -> HeatmapPanel:
    """Return a panel of the attention of one head from target (y) to source (x) tokens.

    `weights` are float[>= T, >= S] for T and S tokens, without padding.
    """
    return HeatmapPanel(title, source, target, weights)


def similarity_figure(panels: Sequence[HeatmapPanel]) -> Figure:
    """Draw how alike the decoder states of each two tokens are (the paper's Figure 1).

    The colours run from 0 to 1 in every such figure; cosines below 0 look like 0, and the colour
    bar then ends in an arrow. Panels stand side by side, four a row.
    """
    return _heatmaps(panels, Normalize(0.0, 1.0), "viridis", "cosine similarity")


def attention_figure(panels: Sequence[HeatmapPanel]) -> Figure:
    """Draw where each target token looks in the source (the paper's Figure 2).

    The colours run from 0 to the largest weight of all panels.
    """
    top = max((float(panel.visible().max()) for panel in panels), default=1.0)
    return _heatmaps(panels, Normalize(0.0, top or 1.0), "Blues", "attention weight")


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
    for index, (panel, matrix) in enumerate(zip(panels, matrices, strict=True)):
        axes = figure.add_axes(layout.panel_box(index))
        _draw_panel(axes, panel, matrix, scale, colours)
    below = any(matrix.min() < float(scale.vmin or 0.0) for matrix in matrices)
    figure.colorbar(
        ScalarMappable(scale, colours),
        cax=figure.add_axes(layout.bar_box()),
        label=label,
        extend="min" if below else "neither",
    )
    return figure


class _Layout:
    """Where everything stands, in inches: square cells of one size, rows of aligned panels."""

    def __init__(self, panels: Sequence[HeatmapPanel]) -> None:
        longest = max(max(len(panel.columns), len(panel.rows)) for panel in panels)
        self._cell = min(max(_PANEL_INCHES / longest, _SMALLEST_CELL_INCHES), _LARGEST_CELL_INCHES)
        self._panels = panels
        self._lefts: list[float] = []
        self._tops: list[float] = []
        self._bar = bottom = 0.0
        for start in range(0, len(panels), _PANELS_A_ROW):
            row = panels[start : start + _PANELS_A_ROW]
            self._bar = max(self._bar, self._place(row))
            self._tops += [bottom + _TITLE_INCHES] * len(row)
            bottom += _TITLE_INCHES + max(self._rows_and_labels(panel) for panel in row)
            bottom += _GAP_INCHES
        self._tallest = self._cell * max(len(panel.rows) for panel in panels[:_PANELS_A_ROW])
        self.width = self._bar + _BAR_INCHES + _BAR_LABEL_INCHES
        self.height = bottom

    def _place(self, row: Sequence[HeatmapPanel]) -> float:
        """Place panels side by side and return where they end."""
        edge = 0.0
        for panel in row:
            edge += _GAP_INCHES + _label_inches(panel.rows)
            self._lefts.append(edge)
            # A long title needs its room too, half of it on either side of the panel's middle.
            width = self._cell * len(panel.columns)
            title = _text_inches(panel.title, _TITLE_POINTS)
            edge += max(width, (width + title) / 2) + _GAP_INCHES
        return edge

    def _rows_and_labels(self, panel: HeatmapPanel) -> float:
        return self._cell * len(panel.rows) + _label_inches(panel.columns)

    def panel_box(self, index: int) -> tuple[float, float, float, float]:
        """Return left, bottom, width and height of a panel as shares of the figure."""
        panel = self._panels[index]
        size = (self._cell * len(panel.columns), self._cell * len(panel.rows))
        return self._box(self._lefts[index], self._tops[index], *size)

    def bar_box(self) -> tuple[float, float, float, float]:
        """Return the place of the colour bar, as tall as the first row's tallest panel."""
        return self._box(self._bar, _TITLE_INCHES, _BAR_INCHES, self._tallest)

    def _box(
        self, left: float, top: float, width: float, height: float
    ) -> tuple[float, float, float, float]:
        return (
            left / self.width,
            1.0 - (top + height) / self.height,
            width / self.width,
            height / self.height,
        )


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
