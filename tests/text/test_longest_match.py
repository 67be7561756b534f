import pytest

from t2t_hint_nart.text.longest_match import longest_match


def test_longest_first_though_it_costs_more_pieces():
    subtokens = {"a", "b", "c", "abc", "ab", "cd_", "d", "_"}
    assert longest_match("abcd_", subtokens, 3) == ["abc", "d", "_"]


def test_nothing_longer_than_the_bound():
    assert longest_match("ab_", {"a", "b", "ab", "_"}, 1) == ["a", "b", "_"]


def test_no_subtoken_fits():
    with pytest.raises(KeyError, match="x"):
        longest_match("ax_", {"a", "_"}, 1)
