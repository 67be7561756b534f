"""No held-out sentence occurs anywhere else."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from t2t_hint_nart.problems.builders.held_out import held_out_splits, normalized

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
