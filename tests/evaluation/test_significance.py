import math
import random

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.evaluation.bleu import bleu_13a
from t2t_hint_nart.evaluation.significance import (
    all_pairs,
    combined_p_value,
    paired_randomization,
    paired_t_test,
)

GENERATOR = random.Random(0)
REFERENCES = [" ".join(GENERATOR.choices("abcdefgh", k=12)) for _ in range(40)]


def corrupted(every):
    """The references with every `every`-th word wrong."""
    return [
        " ".join("x" if n % every == 0 else word for n, word in enumerate(line.split()))
        for line in REFERENCES
    ]


SYSTEMS = {"bad": corrupted(3), "good": corrupted(6), "same": corrupted(3)}


def test_a_clear_difference_and_none():
    comparisons = paired_randomization(
        REFERENCES, ("bad", SYSTEMS["bad"]), {"good": SYSTEMS["good"], "same": SYSTEMS["same"]}, 200
    )
    better, equal = comparisons
    assert (better.baseline, better.system) == ("bad", "good")
    assert better.p_value < 0.01
    bad, good = (bleu_13a(SYSTEMS[name], REFERENCES).value for name in ("bad", "good"))
    assert better.difference == pytest.approx(good - bad)
    assert better.difference > 0
    assert equal.difference == 0
    assert equal.p_value == 1.0
    assert "ar:200|" in better.signature


def test_p_values_are_uniform_where_the_systems_are_equally_good():
    """Two-sided: as many above 0.5 as below, and not more than one in five below 0.2.

    A test of one side only, as sacrebleu's bootstrap, has none above 0.5.
    """
    good, bad = corrupted(4), corrupted(5)
    p_values = []
    for trial in range(60):
        coin = random.Random(trial)
        swapped = [
            pair if coin.random() < 0.5 else pair[::-1] for pair in zip(good, bad, strict=True)
        ]
        one, other = zip(*swapped, strict=True)
        p_values.append(
            paired_randomization(REFERENCES, ("one", one), {"other": other}, 100)[0].p_value
        )
    assert 0.35 < sum(p > 0.5 for p in p_values) / 60 < 0.65
    assert 0.08 < sum(p < 0.2 for p in p_values) / 60 < 0.35


def test_the_p_value_is_that_of_all_swaps():
    """Of 6 sentences there are 64 ways to swap; each is as likely as any other."""
    references, bad = REFERENCES[:6], corrupted(3)[:6]
    good = [bad[n] if n in (1, 4) else line for n, line in enumerate(corrupted(5)[:6])]

    def difference(swap):
        one = [good[n] if swap >> n & 1 else bad[n] for n in range(6)]
        other = [bad[n] if swap >> n & 1 else good[n] for n in range(6)]
        return abs(bleu_13a(one, references).value - bleu_13a(other, references).value)

    larger = sum(difference(swap) > difference(0) + 1e-9 for swap in range(64)) / 64
    found = paired_randomization(references, ("bad", bad), {"good": good}, 4000)[0]
    assert found.p_value == pytest.approx(larger, abs=0.02)


def test_all_pairs_in_order():
    pairs = [(c.baseline, c.system) for c in all_pairs(REFERENCES, SYSTEMS, 20)]
    assert pairs == [("bad", "good"), ("bad", "same"), ("good", "same")]


def test_the_same_trials_each_time():
    assert all_pairs(REFERENCES, SYSTEMS, 50) == all_pairs(REFERENCES, SYSTEMS, 50)


def test_ten_thousand_trials_if_nothing_is_said():
    bad, good = (SYSTEMS[name][:2] for name in ("bad", "good"))
    (found,) = all_pairs(REFERENCES[:2], {"bad": bad, "good": good})
    assert "ar:10000|" in found.signature


def test_a_system_alone():
    assert all_pairs(REFERENCES, {"bad": SYSTEMS["bad"]}) == []
    assert paired_randomization(REFERENCES, ("bad", SYSTEMS["bad"]), {}) == []


def test_refusals():
    with pytest.raises(InputError, match="39 translations for 40 references"):
        paired_randomization(REFERENCES, ("bad", SYSTEMS["bad"]), {"good": SYSTEMS["good"][1:]})
    with pytest.raises(InputError, match="at least 1"):
        paired_randomization(REFERENCES, ("bad", SYSTEMS["bad"]), {}, trials=0)


def differences_with(t, degrees):
    """n differences whose t statistic is t."""
    n = degrees + 1
    values = (
        [(-1.0) ** i for i in range(n)]
        if n % 2 == 0
        else [0.0, *((-1.0) ** i for i in range(n - 1))]
    )
    deviation = math.sqrt(sum(v * v for v in values) / degrees)
    return [v + t * deviation / math.sqrt(n) for v in values]


@pytest.mark.parametrize(("t", "degrees"), [(12.7062, 1), (4.30265, 2), (3.18245, 3), (2.77645, 4)])
def test_t_test_against_the_table(t, degrees):
    differences = differences_with(t, degrees)
    assert paired_t_test(differences) == pytest.approx(0.05, abs=1e-5)
    assert paired_t_test([-d for d in differences]) == pytest.approx(0.05, abs=1e-5)


def test_one_seed_or_no_spread_cannot_be_tested():
    assert paired_t_test([1.0]) is None
    assert paired_t_test([1.0, 1.0]) is None


def test_combined_by_hand():
    # One-sided 0.01, 0.02, 0.03: mean 0.02, twice for combining, twice for two sides.
    assert combined_p_value([1, 2, 3], [0.02, 0.04, 0.06]) == pytest.approx(0.08)
    assert combined_p_value([-1, -2, -3], [0.02, 0.04, 0.06]) == pytest.approx(0.08)
    # The second seed says the opposite: 0.01 and 0.98 one-sided.
    assert combined_p_value([3, -1], [0.02, 0.04]) == 1.0
    assert combined_p_value([1], [0.03]) == 0.03


def test_dependent_seeds_do_not_multiply_evidence():
    assert combined_p_value([1] * 5, [0.04] * 5) >= 0.04


def test_counts_must_agree():
    for arguments in (([], []), ([1.0], [0.1, 0.2])):
        with pytest.raises(InputError, match="of at least 1 seed"):
            combined_p_value(*arguments)
