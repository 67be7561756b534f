import math

import pytest

from t2t_hint_nart.reproduce.markdown import flat_items, number
from t2t_hint_nart.reproduce.spread import Spread, spread


def test_mean_and_sample_deviation_by_hand():
    found = spread([2, 4, 4, 6])
    assert (found.mean, float(found)) == (4.0, 4.0)
    assert found.deviation == pytest.approx(math.sqrt(8 / 3))
    assert found.values == (2.0, 4.0, 4.0, 6.0)


def test_one_number_stays_as_it_is():
    assert spread([None, 7, math.nan]) == 7
    assert isinstance(spread([7]), int)
    assert spread([None, True, "8"]) is None


def test_printed_as_a_number_is():
    two = Spread((0.5, 1.5))
    assert number(two) == "1.00 ± 0.71"
    assert number(two, "{:.1%}") == "100.0% ± 70.7%"
    assert number(two, "{:+.1f}") == "+1.0 ± 0.7"
    assert flat_items({"a": two}) == [("a", "1 ± 0.707107")]
