from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import imread

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.inspection.figures import (
    DPI,
    HeatmapPanel,
    attention_figure,
    pixels,
    save,
    similarity_figure,
    training_curves_figure,
)

LONG = "Donaudampfschifffahrtsgesellschaft"


def cosines(length, seed=0):
    states = np.random.default_rng(seed).normal(size=(length, 8)) + 0.5
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    return states @ states.T


def tokens(length):
    return (["Äpfel", "$5", "10$", LONG, "größer"] * 6)[:length]


def colours(image):
    """Colours of a picture, 0xRRGGBB, and the number of pixels of each, commonest first."""
    red, green, blue = np.moveaxis(np.round(image[..., :3] * 255).astype(int), -1, 0)
    found, counts = np.unique(red * 65536 + green * 256 + blue, return_counts=True)
    order = np.argsort(-counts)
    return found[order].tolist(), counts[order].tolist()


def similarity(path, length, padding=0):
    values = np.pad(cosines(length), (0, padding), constant_values=np.nan)
    panels = [HeatmapPanel(title, tokens(length), tokens(length), values) for title in "abc"]
    return save(similarity_figure(panels), path)


@pytest.mark.parametrize("length", [1, 5, 30])
def test_similarity_is_a_picture_wider_than_high(tmp_path, length):
    path = similarity(tmp_path / "new" / "figure1.png", length)
    image = imread(path)
    height, width = image.shape[:2]
    assert width > height
    assert 1.2 * DPI <= width <= 24 * DPI
    # Three panels of dark and light cells on white: many colours, and white at the edges.
    assert len(colours(image)[0]) > 20
    assert image[0].min() == image[-1].min() == image[:, 0].min() == image[:, -1].min() == 1.0
    assert list(path.parent.iterdir()) == [path]


def test_longer_sentences_make_larger_pictures(tmp_path):
    short, long = (imread(similarity(tmp_path / f"{n}.png", n)).shape for n in (5, 30))
    assert short[0] < long[0]
    assert short[1] < long[1]


def test_padding_is_never_shown(tmp_path):
    clean = imread(similarity(tmp_path / "clean.png", 6))
    padded = imread(similarity(tmp_path / "padded.png", 6, padding=5))
    np.testing.assert_array_equal(clean, padded)


def test_the_same_value_has_the_same_colour_in_all_panels():
    values = [np.full((4, 4), 0.5), np.full((4, 4), 0.5)]
    values[1][0, 0] = 1.0
    panels = [HeatmapPanel("x", ["a"] * 4, ["a"] * 4, value) for value in values]
    image = pixels(similarity_figure(panels)) / 255
    found, counts = colours(image)
    # White, then the one colour that fills 31 of the 32 cells.
    assert found[0] == 0xFFFFFF
    cell = 0.42 * DPI
    assert counts[1] == pytest.approx(31 * cell**2, rel=0.1)


def test_attention_has_a_shared_scale_up_to_its_largest_weight():
    sharp = HeatmapPanel("sharp", ["a"] * 3, ["b"] * 2, [[1, 0, 0], [0.5, 0.5, 0]])
    flat = HeatmapPanel("flat", ["a"] * 3, ["b"] * 2, np.full((2, 3), 0.25))
    top = 0x08306B
    cell = (0.42 * DPI) ** 2
    for panels, top_cells in (([sharp, flat], 1), ([flat], 6)):
        image = pixels(attention_figure(panels)) / 255
        found = dict(zip(*colours(image), strict=True))
        assert found[top] == pytest.approx(top_cells * cell, rel=0.15)


def test_curves():
    lines = {"student_nll": ([0, 10], [2.0, 1.0]), "student_align": ([0, 10], [3.0, 1.0])}
    one = pixels(training_curves_figure({"nll": lines}))
    two = pixels(training_curves_figure({"nll": lines, "align": {}}))
    assert two.shape[1] == 2 * one.shape[1]
    assert two.shape[0] == one.shape[0]


def test_a_failed_figure_leaves_the_old_one(tmp_path, monkeypatch):
    path = similarity(tmp_path / "figure1.png", 3)
    before = path.read_bytes()

    def half(canvas, name):
        Path(name).write_bytes(before[:100])
        raise OSError("no space left")

    monkeypatch.setattr(FigureCanvasAgg, "print_png", half)
    with pytest.raises(OSError, match="no space left"):
        similarity(path, 4)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("columns", "rows", "shape"),
    [(3, 2, (2, 2)), (2, 3, (2, 2)), (0, 2, (2, 2)), (2, 2, (4,))],
)
def test_labels_without_values_are_refused(columns, rows, shape):
    panel = HeatmapPanel("x", tokens(columns), tokens(rows), np.zeros(shape))
    for draw in (attention_figure, similarity_figure):
        with pytest.raises(InputError, match="panel 'x'"):
            draw([panel])


def test_nothing_to_draw():
    for draw in (similarity_figure, attention_figure):
        with pytest.raises(InputError, match="no panels"):
            draw([])
    with pytest.raises(InputError, match="no training curves"):
        training_curves_figure({})
