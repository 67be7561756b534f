"""Expected tokens are the output of Moses' `tokenizer.perl -no-escape` for these lines."""

import pytest

from t2t_hint_nart.text.moses_tokens import (
    given_tokens,
    looks_tokenized,
    replace_unicode_punctuation,
    split_compounds,
    tokenize,
)

GERMAN = [
    ("Hallo, Welt. 'Test'-Fall z.B. so...", "Hallo , Welt . ' Test ' -Fall z.B. so ..."),
    (
        "Dr. Müller zahlt am 3. Oktober 1.234,50 € (inkl. 19% MwSt.).",
        "Dr. Müller zahlt am 3. Oktober 1.234,50 € ( inkl . 19 % MwSt. ) .",
    ),
    ("Er sagte: „Das geht's!“, ok?", "Er sagte : „ Das geht ' s ! “ , ok ?"),
    ("A,B,C,5,6 und 7,", "A , B , C , 5,6 und 7 ,"),
    ("Ende usw. und so weiter etc.", "Ende usw. und so weiter etc ."),
    ("Das war 2012.", "Das war 2012 ."),
    ("Er heißt Max M.", "Er heißt Max M ."),
    ("m² x_y Straße/Weg -- Ja.Nein.", "m ² x _ y Straße / Weg -- Ja.Nein ."),
]
ENGLISH = [
    ("It's the dogs' 1990's, isn't it?", "It 's the dogs ' 1990 's , isn 't it ?"),
    ("He said 'no.'", "He said ' no . '"),
    ("No. 5 is alive. No. Not now.", "No. 5 is alive . No . Not now ."),
    ("e.g. the U.S. and Mr. Smith vs. you", "e.g. the U.S. and Mr. Smith vs. you"),
    ("We met at 10 p.m.", "We met at 10 p.m ."),
    ("So will I.", "So will I ."),
    ("Fish'n'chips, I'd've", "Fish 'n'chips , I 'd've"),
    ("'Tis 5'b and a..b....", "'Tis 5'b and a .. b ...."),
]
CZECH = [("Viz č. 5, např. pan Novák aj.", "Viz č. 5 , např. pan Novák aj .")]
FRENCH = [("L'eau n'est pas d'ici 5'b", "L' eau n' est pas d' ici 5 ' b")]


@pytest.mark.parametrize(
    ("language", "line", "expected"),
    [("de", *case) for case in GERMAN]
    + [("en", *case) for case in ENGLISH]
    + [("cs", *case) for case in CZECH]
    + [("fr", *case) for case in FRENCH],
)
def test_moses_tokens(language, line, expected):
    assert tokenize(line, language) == expected.split()


def test_blank_lines_have_no_tokens():
    assert tokenize("") == []
    assert tokenize(" \t ") == []


def test_control_characters_are_dropped():
    assert tokenize("a\x07b c") == ["ab", "c"]


def test_punctuation_becomes_ascii():
    line = "“Ja”，sagte er… 《Ｎ》１２。 Ende’s"
    assert replace_unicode_punctuation(line) == '"Ja",sagte er... "Ｎ"12. Ende\'s'


def test_compounds_are_split_without_overlap():
    tokens = split_compounds(["a-b-c", "-", "x-y"])
    assert " ".join(tokens) == "a ##AT##-##AT## b-c - x ##AT##-##AT## y"


def test_compounds_are_split_once():
    tokens = split_compounds(["x-y", "."])
    assert split_compounds(tokens) == tokens


@pytest.mark.parametrize(
    "lines",
    [
        ["Ja , sagte er ."],
        ["Ja.", "Nein , nie .", "Doch ."],
        ["it &apos;s"],
        ["a &quot; b"],
        ["high @-@ speed"],
        ["high ##AT##-##AT## speed"],
    ],
)
def test_tokens_are_recognised(lines):
    assert looks_tokenized(lines) is True


@pytest.mark.parametrize(
    "lines",
    [
        ["Ja, sagte er."],
        ["Er kam , sah.", "Und ging, am 3. Mai."],
        ["Mail an a@-@b, bitte."],
        # A line each way is no majority.
        ["Ja .", "Ja."],
    ],
)
def test_plain_text_is_recognised(lines):
    assert looks_tokenized(lines) is False


def test_text_without_signs_could_be_either():
    assert looks_tokenized(["Ja", "3,5 Euro ?", ""]) is None
    assert looks_tokenized([]) is None


def test_escapes_are_undone():
    line = "a &amp; b &#91; c &#93; &lt; d &gt; &#124; &quot; e&apos; f @-@ g"
    assert " ".join(given_tokens(line)) == "a & b [ c ] < d > | \" e' f ##AT##-##AT## g"
