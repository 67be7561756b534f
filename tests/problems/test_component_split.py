"""No sentence of a held-out pair occurs in training, by whatever way it is connected."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from t2t_hint_nart.problems.builders.component_split import component_split
from t2t_hint_nart.problems.builders.held_out import normalized

SIDES = st.sampled_from([f"satz {number}" for number in range(12)])
PAIRS = st.lists(st.tuples(SIDES, SIDES), unique=True, max_size=20)


@given(pairs=PAIRS, largest=st.integers(1, 4))
def test_nothing_leaks_and_nothing_is_lost(pairs, largest):
    parts = component_split(pairs, {"test": 4, "dev": 2}, rest="train", largest=largest)
    assert sorted(itertools.chain(*parts.values())) == sorted(pairs)
    assert len(parts["test"]) <= 4 and len(parts["dev"]) <= 2
    for first, second in itertools.combinations(parts, 2):
        for side in (0, 1):
            texts = [{normalized(pair[side]) for pair in parts[part]} for part in (first, second)]
            assert not texts[0] & texts[1]


def test_chains_stay_together_and_large_components_are_for_training():
    chain = [("a", "x"), ("b", "x"), ("b", "y"), ("c", "Y!")]
    others = [(f"q {number}", f"z {number}") for number in range(20)]
    parts = component_split(chain + others, {"test": 10}, rest="train", largest=3)
    assert len(parts["test"]) == 10 and parts["train"][:4] == chain
    every = component_split(chain + others, {"test": 24}, rest="train", largest=4)
    assert every["train"] == [] and every["test"] == chain + others


def test_stability():
    pairs = [(f"satz {number}", f"sentence {number}") for number in range(200)]
    parts = component_split(pairs, {"test": 20, "dev": 10}, rest="train")
    again = component_split(pairs[::-1], {"test": 20, "dev": 10}, rest="train")
    assert [sorted(part) for part in parts.values()] == [sorted(part) for part in again.values()]
    more = component_split([*pairs, ("neu", "new")], {"test": 20, "dev": 10}, rest="train")
    assert len(set(more["test"]) & set(parts["test"])) >= 19
