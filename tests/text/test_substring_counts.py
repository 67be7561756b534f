"""Substring counts in arrays against a plain loop over tokens."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2t_hint_nart.text import substring_counts
from t2t_hint_nart.text.escape import longest_match
from t2t_hint_nart.text.substring_counts import TokenTable

CHARACTERS = "abc😀"
TOKENS = st.dictionaries(
    st.text(CHARACTERS, max_size=7).map("{}_".format), st.integers(1, 9), min_size=1, max_size=12
)
SUBTOKENS = st.sets(st.text(CHARACTERS, min_size=1, max_size=4), max_size=8)


def plain_counts(token_counts, subtokens, max_length):
    counts = Counter()
    for token, count in token_counts.items():
        start = 0
        for piece in longest_match(token, subtokens, max(map(len, subtokens))):
            end = len(token) if max_length is None else min(len(token), start + max_length - 1)
            for stop in range(start + 1, end + 1):
                counts[token[start:stop]] += count
            start += len(piece)
    return counts


@pytest.mark.parametrize("chunk", [2**20, 5])
@given(TOKENS, SUBTOKENS, st.booleans(), st.integers(1, 12), st.none() | st.integers(1, 5))
def test_counts_of_a_plain_loop(chunk, token_counts, words, ending, min_count, max_length):
    subtokens = words | set(CHARACTERS) | {"_"} | {word + "_" for word in words if ending}
    table = TokenTable(list(token_counts), list(token_counts.values()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(substring_counts, "_CHUNK", chunk)
        found = table.frequent_substrings(subtokens, min_count, max_length)
    expected = plain_counts(token_counts, subtokens, max_length)
    assert found == {
        substring: count
        for substring, count in expected.items()
        if count >= min_count or len(substring) == 1
    }
