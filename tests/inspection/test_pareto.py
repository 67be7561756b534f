import random

import pytest
from matplotlib.markers import MarkerStyle

from t2t_hint_nart.inspection.pareto import Point, pareto_front, quality_figure


def beats(one, other, less_is_better):
    faster = one.speed < other.speed if less_is_better else one.speed > other.speed
    as_fast = faster or one.speed == other.speed
    as_good = one.quality >= other.quality
    return as_fast and as_good and (faster or one.quality > other.quality)


@pytest.mark.parametrize("less_is_better", [True, False])
@pytest.mark.parametrize("seed", range(20))
def test_the_front_is_what_no_other_point_beats(seed, less_is_better):
    generator = random.Random(seed)
    points = [
        Point(str(i), "", generator.randint(1, 6), generator.randint(1, 6)) for i in range(12)
    ]
    wanted = {p for p in points if not any(beats(q, p, less_is_better) for q in points)}
    front = pareto_front(points, less_is_better=less_is_better)
    assert set(front) == wanted and len(front) == len(wanted)
    speeds = [point.speed for point in front]
    assert speeds == sorted(speeds, reverse=not less_is_better)


@pytest.mark.parametrize("less_is_better", [True, False])
def test_the_better_is_towards_the_upper_right(less_is_better):
    points = [Point("a", "x", 1.0, 20.0), Point("b", "x", 4.0, 30.0), Point("b", "y", 2.0, 25.0)]
    figure = quality_figure(points, quality="BLEU", speed="ms", less_is_better=less_is_better)
    (axes,) = figure.axes
    drawn = [tuple(dots.get_offsets()[0]) for dots in axes.collections if len(dots.get_offsets())]
    assert drawn == [(point.speed, point.quality) for point in points]
    left, right = axes.get_xlim()
    assert (left > right) == less_is_better
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b", "x", "y"]
    # The front is joined and labelled.
    front = pareto_front(points, less_is_better=less_is_better)
    (joined,) = axes.get_lines()
    assert joined.get_xydata().tolist() == [[p.speed, p.quality] for p in front]
    assert [text.get_text() for text in axes.texts] == [f"{p.system}, {p.decoding}" for p in front]


def test_the_baseline_is_a_star_and_the_legend_says_so():
    points = [Point("a", "x", 4.0, 30.0, is_baseline=True), Point("b", "y", 1.0, 20.0)]
    figure = quality_figure(points, quality="BLEU", speed="ms", less_is_better=True)
    (axes,), (legend,) = figure.axes, figure.legends
    drawn = [dots for dots in axes.collections if len(dots.get_offsets())]
    star = MarkerStyle("*").get_path().vertices.shape
    assert [dots.get_paths()[0].vertices.shape == star for dots in drawn] == [True, False]
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b", "y", "x (baseline)"]
