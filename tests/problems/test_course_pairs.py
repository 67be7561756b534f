"""From the course's content files to clean sentence pairs."""

import pytest

from t2t_hint_nart.problems.builders.course_pairs import (
    clean_pair,
    course_pairs,
    raw_pairs,
    sentence_pairs,
    sentences,
)


def test_raw_pairs_are_found_at_any_depth():
    content = {
        "de": "a",
        "en": "A",
        "lines": [{"de": "b", "en": "B", "examples": [{"de": "c", "en": "C"}]}, "de"],
        "quiz": {"question_de": "d?", "question_en": "D?"},
        "half": {"de": "e"},
        "number": {"de": 1, "en": 2},
    }
    assert list(raw_pairs(content)) == [("a", "A"), ("b", "B"), ("c", "C"), ("d?", "D?")]


@pytest.mark.parametrize(
    ("german", "english", "expected"),
    [
        ("Das  ist\tfalsch.", "That's wrong. (more direct)", ("Das ist falsch.", "That's wrong.")),
        ("Bahnhof (Hbf)", "station [main]", ("Bahnhof", "station")),
        ("Wie geht's?", "How are you? / How's it going?", ("Wie geht's?", "How are you?")),
        ("tragen", "to wear / carry", ("tragen", "to wear")),
        ("Fertig.", "That's done/finished.", ("Fertig.", "That's done.")),
        ("Cafe\u0301", "café", ("Café", "café")),
        ("Ich bin frei.", "I'm free / spontaneous tonight.", None),
        ("Am Samstag / Am Sonntag", "On Saturday / On Sunday", None),
        ("warten auf + Akkusativ", "to wait for", None),
        ("machen -> gemacht", "did", None),
        ("Mittagessen = lunch", "das Mittagessen", None),
        ("Müller.", "(just the surname)", None),
        ("...", "1 / 2 / 3", ("...", "1")),
    ],
)
def test_clean_pair(german, english, expected):
    assert clean_pair(german, english) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ja. Nein! Wie? So", ["Ja.", "Nein!", "Wie?", "So"]),
        ("Er sagt: 'Komm! Jetzt.' Ich gehe.", ["Er sagt: 'Komm! Jetzt.'", "Ich gehe."]),
        ("It's Tom's. He isn't in.", ["It's Tom's.", "He isn't in."]),
        ("„Wo? Da.“ sagt sie.", ["„Wo? Da.“ sagt sie."]),
        ("Was? — Nichts.", ["Was?", "Nichts."]),
        ("Es ist 3.5 km weit.", ["Es ist 3.5 km weit."]),
        ("nur Worte", ["nur Worte"]),
    ],
)
def test_sentences(text, expected):
    assert sentences(text) == expected


def test_sentences_that_do_not_match_are_left_out():
    assert sentence_pairs("Gut. Danke?", "Good. Thanks?") == [
        ("Gut.", "Good."),
        ("Danke?", "Thanks?"),
    ]
    assert sentence_pairs("Gut. Danke.", "Good and thanks.") == []
    assert sentence_pairs("Gut. Danke?", "Good? Thanks.") == []


def test_course_pairs_are_distinct_and_in_order():
    first = [{"de": "Gut. Danke.", "en": "Good. Thanks."}, {"de": "Ja.", "en": "Yes."}]
    second = {"de": "Danke.", "en": "Thanks. (short)"}
    assert course_pairs([first, second]) == [
        ("Gut.", "Good."),
        ("Danke.", "Thanks."),
        ("Ja.", "Yes."),
    ]
