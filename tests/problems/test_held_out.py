"""No held-out sentence occurs anywhere else."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from t2t_hint_nart.problems.builders.held_out import component_split, held_out_splits, normalized

WORDS = st.sampled_from(["ja", "Ja!", "nein", "gut", "so", "wo", "da", "hier"])
SENTENCES = st.lists(WORDS, min_size=1, max_size=4).map(lambda words: " ".join(words) + ".")
PAIRS = st.lists(st.tuples(SENTENCES, SENTENCES), unique=True, max_size=30)


def test_normalized():
    assert normalized("  »Wie GEHT'S«, Straße?") == "wie geht s strasse"


@given(pairs=PAIRS)
def test_nothing_leaks_and_nothing_is_lost(pairs):
    splits = held_out_splits(pairs, {"test": 3, "dev": 2}, rest="train", min_target_words=2)
    assert sorted(itertools.chain(*splits.values())) == sorted(pairs)
    assert len(splits["test"]) <= 3 and len(splits["dev"]) <= 2
    for part in ("test", "dev"):
        for pair in splits[part]:
            others = [other for other in pairs if other != pair]
            assert len(pair[1].split()) >= 2
            for side in (0, 1):
                assert normalized(pair[side]) not in {normalized(other[side]) for other in others}


def test_sizes_order_and_stability():
    pairs = [(f"Satz Nummer {n}.", f"This is sentence {n}.") for n in range(50)]
    splits = held_out_splits(pairs, {"test": 10, "dev": 5}, rest="train")
    assert [len(splits[part]) for part in ("test", "dev", "train")] == [10, 5, 35]
    assert all(part == sorted(part, key=pairs.index) for part in splits.values())
    again = held_out_splits(pairs[::-1], {"test": 10, "dev": 5}, rest="train")
    assert sorted(again["test"]) == sorted(splits["test"])
    assert sorted(again["dev"]) == sorted(splits["dev"])


def test_only_full_sentences_are_held_out():
    pairs = [
        ("der Bahnhof", "the railway station"),
        ("Ja.", "Oh yes."),
        ("Er ruft: 'Komm mit!'", "He calls: 'Come along!'"),
        ("Wie heißt du?", "What is your name?"),
    ]
    splits = held_out_splits(pairs, {"test": 9}, rest="train")
    assert splits["test"] == pairs[2:]


SIDES = st.sampled_from([f"satz {number}" for number in range(12)])
CONNECTED = st.lists(st.tuples(SIDES, SIDES), unique=True, max_size=20)


@given(pairs=CONNECTED, largest=st.integers(1, 4))
def test_components_leak_nothing_and_lose_nothing(pairs, largest):
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
