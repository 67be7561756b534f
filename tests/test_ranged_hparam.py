import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.ranged_hparam import RangedHParams

SCALES = (RangedHParams.LINEAR_SCALE, RangedHParams.LOG_SCALE, RangedHParams.REVERSE_LOG_SCALE)


def draws(ranges, count, seed=0):
    """Settings as `--hparams_range` draws them."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed))
    return [ranges.settings(study.ask(ranges.ranges()).params) for _ in range(count)]


@given(st.floats(1e-6, 1e3), st.floats(1, 1e3), st.sampled_from(SCALES), st.integers(0, 2**31))
def test_draws_lie_in_the_interval(lowest, ratio, scale, seed):
    ranges = RangedHParams()
    ranges.set_float("rate", lowest, lowest * ratio, scale=scale)
    (drawn,) = draws(ranges, 1, seed)
    assert lowest <= drawn["rate"] <= lowest * ratio


@pytest.mark.parametrize(("scale", "median"), list(zip(SCALES, (50.5, 10.0, 91.0), strict=True)))
def test_scales_put_the_weight_where_they_say(scale, median):
    ranges = RangedHParams()
    ranges.set_float("rate", 1.0, 100.0, scale=scale)
    ranges.set_int("n", 1, 100, scale=scale)
    drawn = draws(ranges, 1001)
    # Of ints the lowest takes its share of what is below.
    for name, digits, tolerance in (("rate", 4, 0.12), ("n", 3, 0.35)):
        values = sorted(each[name] for each in drawn)
        assert values[500] == pytest.approx(median, rel=tolerance)
        assert max(len(str(value).strip("0").replace(".", "")) for value in values) <= digits


def test_every_kind_is_drawn_with_its_type():
    ranges = RangedHParams()
    ranges.set_int("layers", 2, 4)
    ranges.set_discrete("heads", [1, 2, 4])
    ranges.set_categorical("optimizer", ["Adam", "Adafactor"])
    ranges.set_float("rates", 0.1, 0.2, length=3)
    drawn = draws(ranges, 200)
    assert {draw["layers"] for draw in drawn} == {2, 3, 4}
    assert all(type(draw["layers"]) is int for draw in drawn)
    assert 40 < [draw["layers"] for draw in drawn].count(2) < 95
    assert {draw["heads"] for draw in drawn} == {1, 2, 4}
    assert {draw["optimizer"] for draw in drawn} == {"Adam", "Adafactor"}
    assert {len(set(draw["rates"])) for draw in drawn} == {3}


def test_a_range_may_be_replaced_by_one_of_its_kind_alone():
    ranges = RangedHParams()
    ranges.set_discrete("n", [1])
    ranges.set_discrete("n", [2])
    assert ranges.settings({"n": 2}) == {"n": 2} and list(ranges.ranges()["n"].choices) == [2]
    with pytest.raises(ValueError, match="n as type float, .* originally registered as type disc"):
        ranges.set_float("n", 0.0, 1.0)
    assert ranges.settings({"n": 2}) == {"n": 2} and list(ranges.ranges()["n"].choices) == [2]


@pytest.mark.parametrize(
    ("define", "message"),
    [
        (lambda r: r.set_float("n", 2.0, 1.0), ".*low=2.0, high=1.0"),
        (
            lambda r: r.set_float("n", 0.0, 1.0, scale=r.LOG_SCALE),
            ".*log.*low=0.0, high=1.0",
        ),
        (lambda r: r.set_int("n", 1, 2, scale=7), "has scale 7; allowed are"),
        (lambda r: r.set_discrete("n", []), ".*must contain one or more elements"),
        (lambda r: r.set_categorical("n", []), ".*must contain one or more elements"),
    ],
)
def test_ranges_without_values_are_refused(define, message):
    with pytest.raises(InputError, match=f"^range of 'n'.*{message}"):
        define(RangedHParams())
