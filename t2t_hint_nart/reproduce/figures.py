"""The paper's two case-study figures and the training curves, as PNG files."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.evaluation.heatmaps import (
    DPI,
    HeatmapPanel,
    attention_figure,
    similarity_figure,
)
from t2t_hint_nart.whole_file import written_whole

# Okabe and Ito's colours, which stay apart for colour-blind readers.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


def draw_similarity(panels: Sequence[HeatmapPanel], path: str | os.PathLike[str]) -> Path:
    """Write Figure 1: usually the teacher, the student without hints, the student with hints.

    Args:
        panels: of `similarity_panel`.
        path: of the PNG file.

    Returns:
        The path.

    Raises:
        InputError: if there are no panels, or a matrix is smaller than its labels.
    """
    return _save(similarity_figure(panels), path)


def draw_attention(panels: Sequence[HeatmapPanel], path: str | os.PathLike[str]) -> Path:
    """Write Figure 2: usually the teacher, the student without hints, the student with hints.

    Args:
        panels: of `attention_panel`.
        path: of the PNG file.

    Returns:
        The path.

    Raises:
        InputError: if there are no panels, or a matrix is smaller than its labels.
    """
    return _save(attention_figure(panels), path)


def draw_training_curves(
    curves: Mapping[str, Mapping[str, tuple[Sequence[float], Sequence[float]]]],
    path: str | os.PathLike[str],
) -> Path:
    """Draw each loss term over the training steps, one plot a term, one line a system.

    Args:
        curves: {term: {system: (steps, values)}}; terms are unweighted.
        path: of the PNG file.

    Returns:
        The path.

    Raises:
        InputError: if there are no terms.
    """
    if not curves:
        raise InputError("no training curves to draw: at least 1 loss term is needed")
    figure = Figure(figsize=(4.2 * len(curves), 3.2), dpi=DPI, layout="constrained")
    systems = list(dict.fromkeys(system for lines in curves.values() for system in lines))
    colours = {system: _COLOURS[index % len(_COLOURS)] for index, system in enumerate(systems)}
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
    return _save(figure, path)


def _save(figure: Figure, path: str | os.PathLike[str]) -> Path:
    """Write the PNG beside its place first, so that no half of it is ever found there."""
    with written_whole(path) as incomplete:
        FigureCanvasAgg(figure).print_png(str(incomplete))
    return Path(path)
