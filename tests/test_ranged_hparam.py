import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.ranged_hparam import RangedHParams

SCALES = (RangedHParams.LINEAR_SCALE, RangedHParams.LOG_SCALE, RangedHParams.REVERSE_LOG_SCALE)


@given(st.floats(1e-6, 1e3), st.floats(1, 1e3), st.sampled_from(SCALES), st.integers(0, 2**32))
def test_draws_lie_in_the_interval(lowest, ratio, scale, seed):
    ranges = RangedHParams()
    ranges.set_float("rate", lowest, lowest * ratio, scale=scale)
    drawn = ranges.sample(random.Random(seed))["rate"]
    assert lowest * (1 - 1e-9) <= drawn <= lowest * ratio * (1 + 1e-9)


@pytest.mark.parametrize(("scale", "median"), list(zip(SCALES, (50.5, 10.0, 91.0), strict=True)))
def test_scales_put_the_weight_where_they_say(scale, median):
    ranges = RangedHParams()
    ranges.set_float("rate", 1.0, 100.0, scale=scale)
    generator = random.Random(0)
    drawn = sorted(ranges.sample(generator)["rate"] for _ in range(2001))
    assert drawn[1000] == pytest.approx(median, rel=0.08)


def test_every_kind_is_drawn_with_its_type():
    ranges = RangedHParams()
    ranges.set_int("layers", 2, 4)
    ranges.set_discrete("heads", [1, 2, 4])
    ranges.set_categorical("optimizer", ["Adam", "Adafactor"])
    ranges.set_float("rates", 0.1, 0.2, length=3)
    generator = random.Random(1)
    draws = [ranges.sample(generator) for _ in range(200)]
    assert {draw["layers"] for draw in draws} == {2, 3, 4}
    assert all(type(draw["layers"]) is int for draw in draws)
    assert 40 < [draw["layers"] for draw in draws].count(2) < 95
    assert {draw["heads"] for draw in draws} == {1, 2, 4}
    assert {draw["optimizer"] for draw in draws} == {"Adam", "Adafactor"}
    assert {len(draw["rates"]) for draw in draws} == {3}


def test_equal_seeds_draw_equal_settings():
    ranges = RangedHParams()
    ranges.set_float("a", 0.0, 1.0)
    ranges.set_float("b", 0.0, 1.0)
    first, again, other = (ranges.sample(random.Random(seed)) for seed in (5, 5, 6))
    assert first == again != other
    assert first["a"] != first["b"]


def test_a_range_may_be_replaced_by_one_of_its_kind_alone():
    ranges = RangedHParams()
    ranges.set_discrete("n", [1])
    ranges.set_discrete("n", [2])
    assert ranges.ranges() == {"n": (2,)}
    with pytest.raises(ValueError, match="n as type float, .* originally registered as type disc"):
        ranges.set_float("n", 0.0, 1.0)
    assert ranges.ranges() == {"n": (2,)}


@pytest.mark.parametrize(
    ("define", "message"),
    [
        (lambda r: r.set_float("n", 2.0, 1.0), "is empty: 2.0 is greater than 1.0"),
        (lambda r: r.set_float("n", 0.0, 1.0, scale=r.LOG_SCALE), "must be positive, got 0.0"),
        (lambda r: r.set_int("n", 1, 2, scale=7), "has scale 7; allowed are"),
        (lambda r: r.set_discrete("n", []), "has no value to choose from"),
        (lambda r: r.set_categorical("n", []), "has no value to choose from"),
    ],
)
def test_ranges_without_values_are_refused(define, message):
    with pytest.raises(InputError, match=f"^range of 'n' .*{message}"):
        define(RangedHParams())
