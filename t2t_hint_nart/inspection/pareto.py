"""Quality over speed: every way to translate as a point, and those that no other beats in both."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from t2t_hint_nart.inspection.figures import COLOURS, DPI

_WIDTH_INCHES = 9.0
_HEIGHT_INCHES = 5.6
_LEGEND_COLUMNS = 4
_LABEL_POINTS = 8
_MARKERS = "osD^vPXdhp<>8"
_BASELINE = "*"


class Point(NamedTuple):
    """One way to translate.

    Attributes:
        system: what made it; its points have a colour.
        decoding: how; its points have a marker.
        speed: milliseconds, sentences a second.
        quality: higher is better.
        is_baseline: whether the others are measured against it; it is a star.
    """

    system: str
    decoding: str
    speed: float
    quality: float
    is_baseline: bool = False


def pareto_front(points: Sequence[Point], *, less_is_better: bool) -> list[Point]:
    """Return the points that no other one beats: as good and faster, or as fast and better.

    Args:
        points: in any order.
        less_is_better: whether less of `speed` is better.

    Returns:
        The fastest first; of equal points all.

    Example:
        >>> speeds = {"a": (1.0, 20.0), "b": (2.0, 30.0), "c": (3.0, 25.0)}
        >>> points = [Point(name, "one pass", *place) for name, place in speeds.items()]
        >>> [point.system for point in pareto_front(points, less_is_better=True)]
        ['a', 'b']
    """
    sign = 1.0 if less_is_better else -1.0
    front: list[Point] = []
    for point in sorted(points, key=lambda point: (sign * point.speed, -point.quality)):
        same = front and (point.speed, point.quality) == (front[-1].speed, front[-1].quality)
        if not front or same or point.quality > front[-1].quality:
            front.append(point)
    return front


def quality_figure(
    points: Sequence[Point], *, quality: str, speed: str, less_is_better: bool
) -> Figure:
    """Draw quality over speed, the better towards the upper right, and the front as a line.

    Points of the front are labelled; a legend tells the others by colour and marker.

    Args:
        points: of one data set.
        quality: label of that axis.
        speed: label of that axis, which is logarithmic.
        less_is_better: whether less of `speed` is better; the axis is turned round then.
    """
    figure = Figure(figsize=(_WIDTH_INCHES, _HEIGHT_INCHES), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    front = pareto_front(points, less_is_better=less_is_better)
    axes.plot([p.speed for p in front], [p.quality for p in front], color="#BBBBBB", zorder=1)
    colours = _assigned(COLOURS, [point.system for point in points])
    markers = _assigned(_MARKERS, [point.decoding for point in points if not point.is_baseline])
    for point in points:
        axes.scatter(
            [point.speed],
            [point.quality],
            s=200 if point.is_baseline else 55,
            color=colours[point.system],
            marker=_BASELINE if point.is_baseline else markers[point.decoding],
            edgecolor="black" if point in front else "none",
            zorder=2,
        )
    _label(axes, front)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    if less_is_better:
        axes.invert_xaxis()
    axes.set_xlabel(speed)
    axes.set_ylabel(quality)
    axes.grid(visible=True, which="both", color="#EEEEEE")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    stars = {f"{p.decoding} (baseline)": _BASELINE for p in points if p.is_baseline}
    _name(figure, colours, markers | stars)
    return figure


def _label(axes: Axes, front: Sequence[Point]) -> None:
    """Say what is on the front, on its upper right: there is no other point."""
    for point in front:
        axes.annotate(
            f"{point.system}, {point.decoding}",
            (point.speed, point.quality),
            xytext=(4, 4),
            textcoords="offset points",
            fontsize=_LABEL_POINTS,
            parse_math=False,
        )


def _assigned(values: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    distinct = list(dict.fromkeys(names))
    return {name: values[place % len(values)] for place, name in enumerate(distinct)}


def _name(figure: Figure, colours: dict[str, str], markers: dict[str, str]) -> None:
    """One legend below of the systems' colours, then of the decodings' markers."""
    dot = partial(Line2D, [], [], linestyle="none")
    handles = [dot(color=colour, marker="o", label=name) for name, colour in colours.items()]
    handles += [dot(color="#888888", marker=mark, label=name) for name, mark in markers.items()]
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=_LEGEND_COLUMNS,
        frameon=False,
        fontsize=_LABEL_POINTS,
    )
