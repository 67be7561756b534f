"""Conditions on sentence pairs."""

import pytest

from t2t_hint_nart.data import pair_filters


@pytest.mark.parametrize(
    ("keep", "kept", "dropped"),
    [
        (pair_filters.token_counts(1, 3), [("a", "b c d")], [("", "b"), ("a", "b c d e")]),
        (pair_filters.token_ratio(1.5), [("a b", "c d e"), ("c d e", "a b")], [("a", "b c")]),
        (pair_filters.longest_token(3), [("abc", "d efg")], [("abcd", "e"), ("a", "b cdef")]),
    ],
)
def test_filters(keep, kept, dropped):
    assert all(keep(*pair) for pair in kept)
    assert not any(keep(*pair) for pair in dropped)


def test_refusals_as_filters():
    filters = pair_filters.without()
    assert pair_filters.keeps(filters, "ja", "yes")
    refused = {"an empty line": ("ja", " "), "a control character": ("j\x01", "yes")}
    for name, pair in refused.items():
        assert [which for which, keep in filters.items() if not keep(*pair)] == [name]
        assert not pair_filters.keeps(filters, *pair)
