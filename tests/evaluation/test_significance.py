import random

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.evaluation.bleu import bleu_13a
from t2t_hint_nart.evaluation.significance import all_pairs, paired_bootstrap

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
    comparisons = paired_bootstrap(
        REFERENCES, ("bad", SYSTEMS["bad"]), {"good": SYSTEMS["good"], "same": SYSTEMS["same"]}, 200
    )
    better, equal = comparisons
    assert (better.baseline, better.system) == ("bad", "good")
    assert better.p_value < 0.01
    assert better.difference == pytest.approx(better.system_bleu - better.baseline_bleu)
    assert better.system_bleu == pytest.approx(bleu_13a(SYSTEMS["good"], REFERENCES).value)
    assert better.difference > 0
    assert equal.difference == 0
    assert equal.p_value == 1.0
    assert "bs:200" in better.signature
    assert better.to_dict()["samples"] == 200


def test_all_pairs_in_order():
    pairs = [(c.baseline, c.system) for c in all_pairs(REFERENCES, SYSTEMS, 20)]
    assert pairs == [("bad", "good"), ("bad", "same"), ("good", "same")]


def test_the_same_resamples_each_time():
    assert all_pairs(REFERENCES, SYSTEMS, 50) == all_pairs(REFERENCES, SYSTEMS, 50)


def test_a_system_alone():
    assert all_pairs(REFERENCES, {"bad": SYSTEMS["bad"]}) == []
    assert paired_bootstrap(REFERENCES, ("bad", SYSTEMS["bad"]), {}) == []


def test_refusals():
    with pytest.raises(InputError, match="39 translations for 40 references"):
        paired_bootstrap(REFERENCES, ("bad", SYSTEMS["bad"]), {"good": SYSTEMS["good"][1:]})
    with pytest.raises(InputError, match="at least 1"):
        paired_bootstrap(REFERENCES, ("bad", SYSTEMS["bad"]), {}, samples=0)
