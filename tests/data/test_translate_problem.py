"""Swapped files are told, and nothing else is."""

import pytest

from t2t_hint_nart.data.translate_problem import SAMPLE_PAIRS, language_checked, likely_language
from t2t_hint_nart.errors import InputError

GERMAN = "Der Mann und die Frau sind nicht auf dem Weg zu mir."
ENGLISH = "The man and the woman are not on their way to me."
DEEN = ("de", "en")


def test_swapped_and_wrong_languages():
    good = [(GERMAN, ENGLISH)] * 9
    assert list(language_checked(good, DEEN, ["a", "b"])) == good
    swapped = [(ENGLISH, GERMAN)] * 9
    with pytest.raises(InputError, match="'a' and 'b' seem swapped: to be in 'en' and 'de', but"):
        list(language_checked(swapped, DEEN, ["a", "b"]))
    with pytest.raises(InputError, match="'a' and 'b' seem to be in 'de' and 'de', but should be"):
        list(language_checked([(GERMAN, GERMAN)] * 9, DEEN, ["a", "b"]))


def test_only_the_beginning_is_looked_at_and_at_once():
    pairs = iter([(ENGLISH, GERMAN)] * SAMPLE_PAIRS + [None])
    with pytest.raises(InputError, match="swapped"):
        list(language_checked(pairs, DEEN, ["a", "b"]))
    assert next(pairs) is None
    mixed = [(GERMAN, ENGLISH)] * SAMPLE_PAIRS + [(ENGLISH, GERMAN)] * 5000
    assert len(list(language_checked(mixed, DEEN, []))) == SAMPLE_PAIRS + 5000


def test_little_is_no_evidence():
    few = [("and the", "der und")] * 5
    assert list(language_checked(few, DEEN, [])) == few
    assert list(language_checked([], DEEN, [])) == []
    assert likely_language([GERMAN, ENGLISH] * 9, "de") == "de"
    assert likely_language([GERMAN, ENGLISH] * 9, "en") == "en"
    assert likely_language([GERMAN] * 9, "fr") == "fr"
