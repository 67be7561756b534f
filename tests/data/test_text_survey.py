"""Counts of the text against plain loops over it."""

import random
from collections import Counter

import pytest

from t2t_hint_nart.data import generation
from t2t_hint_nart.data.text_survey import SplitText, all_counts, survey_text
from t2t_hint_nart.data.workspace import Workspace
from tests.data.lines_problem import LinesProblem

WORDS = ["ja", "nein", "doch", "nie", ""]
FILTERS = {
    "empty side": lambda source, target: bool(source and target),
    "identical": lambda source, target: source != target,
}


def random_pairs(seed, count):
    rng = random.Random(seed)
    return [tuple(" ".join(rng.choices(WORDS, k=2)).strip() for _ in "ab") for _ in range(count)]


PAIRS = {"train": random_pairs(1, 200), "dev": random_pairs(2, 40), "test": random_pairs(3, 30)}


class FilteredProblem(LinesProblem):
    pairs = PAIRS

    def pair_filters(self, split):
        return FILTERS if split == "train" else {}


def surveyed(problem, tmp_path):
    workspace = Workspace(problem, tmp_path, tmp_path)
    return survey_text(workspace, generation._passes(workspace))


def test_counts_of_plain_loops(tmp_path):
    counts = all_counts(surveyed(FilteredProblem(), tmp_path))
    empty = [pair for pair in PAIRS["train"] if not all(pair)]
    identical = [pair for pair in PAIRS["train"] if all(pair) and pair[0] == pair[1]]
    kept = [pair for pair in PAIRS["train"] if pair not in empty + identical]
    assert empty and identical
    assert counts["train"]["pairs_read"] == 200
    assert counts["train"]["pairs_dropped"] == {
        "empty side": len(empty),
        "identical": len(identical),
    }
    assert counts["train"]["duplicate_pairs"] == sum(n - 1 for n in Counter(kept).values()) > 0
    assert "pairs_in_training" not in counts["train"]
    for split in ("dev", "test"):
        pairs = PAIRS[split]
        assert counts[split]["pairs_dropped"] == {}
        assert counts[split]["duplicate_pairs"] == len(pairs) - len(set(pairs))
        assert counts[split]["pairs_in_training"] == sum(pair in kept for pair in pairs) > 0
        sources = [source for source, _ in kept]
        assert counts[split]["sources_in_training"] == sum(s in sources for s, _ in pairs)


class TogetherProblem(FilteredProblem):
    is_generate_per_split = False


def test_samples_of_one_call_are_counted_in_their_splits(tmp_path):
    texts = surveyed(TogetherProblem(), tmp_path)
    # Two training shards, then one of each other split.
    shares = {"train": (0, 1), "dev": (2,), "test": (3,)}
    for split, places in shares.items():
        pairs = [pair for number, pair in enumerate(PAIRS["train"]) if number % 4 in places]
        assert texts[split].read == len(pairs)
        assert texts[split].kept == sum(all(k(*pair) for k in FILTERS.values()) for pair in pairs)


def text_of(pairs, refused=()):
    text = SplitText(["f"])
    for pair in pairs:
        text.add(*pair, refused_by="f" if pair in refused else None)
    return text


@pytest.mark.parametrize(
    "other",
    [
        text_of([("a", "b"), ("c", "e")]),
        text_of([("c", "d"), ("a", "b")]),
        text_of([("a", "b")]),
        text_of([("ab", ""), ("c", "d")]),
        text_of([("a", "b"), ("c", "d")], refused=[("c", "d")]),
    ],
)
def test_fingerprint_tells_texts_apart(other):
    text = text_of([("a", "b"), ("c", "d")])
    assert text.fingerprint() == text_of([("a", "b"), ("c", "d")]).fingerprint()
    assert text.fingerprint() != other.fingerprint()


def test_lone_surrogates_are_text():
    text = text_of([("\ud800", "\udfff")] * 2)
    assert text.counts(None)["duplicate_pairs"] == 1
