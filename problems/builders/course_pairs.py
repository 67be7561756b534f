"""Sentence pairs out of the content files of a language course.

In: parsed JSON whose dicts hold a text as `de` and `en` (or `question_de` and `question_en`).
Out: cleaned pairs, one sentence a side where the sides agree on where sentences end. Knows
nothing of wheels, TFDS or TensorFlow.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

Pair = tuple[str, str]

_KEYS = (("de", "en"), ("question_de", "question_en"))

# Notes to the learner, not text: "to wait for + accusative", "machen -> gemacht", "check = ...".
_NOTATION = re.compile(r"[+=]|->|→")
_BRACKETS = re.compile(r"\s*(\([^()]*\)|\[[^\[\]]*\])")
_OTHER_WORD = re.compile(r"(?<=\w)/\w+")
_DASHES = " —–"
_OPENS_QUOTE = re.compile(r"""(?:^|(?<=[\s(]))["'„“‘](?=\S)""")
_CLOSES_QUOTE = re.compile(r"""(?<=[\w.,?!…])["'“”’](?=$|[\s.,?!;:)])""")
_SENTENCE_END = re.compile(r"""[.?!…]["'“”’]?\s+(?=\S)""")


def raw_pairs(content: Any) -> Iterator[Pair]:
    """Yield the (German, English) texts anywhere in parsed JSON, in its order."""
    if isinstance(content, dict):
        for german_key, english_key in _KEYS:
            german, english = content.get(german_key), content.get(english_key)
            if isinstance(german, str) and isinstance(english, str):
                yield german, english
        content = list(content.values())
    if isinstance(content, list):
        for part in content:
            yield from raw_pairs(part)


def clean_pair(german: str, english: str) -> Pair | None:
    """Return a pair without notes and alternatives, or None if it is no text and translation.

    Notes in brackets go. Of several English wordings ("How are you? / How's it going?", "to
    wear / carry", "done/finished") the first stays, because a target with slashes is one that
    nobody would want. Dropped are pairs in grammar notation, and those where it cannot be told
    which part of the sentence a slash stands for.

    Example:
        >>> clean_pair("Wie  geht's?", "How are you? / How's it going? (casual)")
        ("Wie geht's?", 'How are you?')
        >>> clean_pair("warten auf + Akkusativ", "to wait for") is None
        True
    """
    german, english = (
        " ".join(_BRACKETS.sub("", unicodedata.normalize("NFC", side)).split()).strip(_DASHES)
        for side in (german, english)
    )
    if _NOTATION.search(german + english) or "/" in german:
        return None
    first, *others = english.split(" / ")
    if others and first[-1:] not in ".?!" and english[-1] in ".?!":
        return None
    english = _OTHER_WORD.sub("", first).strip()
    if not german or not english or "/" in english:
        return None
    return german, english


def sentences(text: str) -> list[str]:
    """Split a text at `.`, `?` and `!` outside quotation marks, unless a small letter follows.

    Example:
        >>> sentences("Er fragt: 'Wo? Wann?' Ich schweige. — Heute!")
        ["Er fragt: 'Wo? Wann?'", 'Ich schweige.', 'Heute!']
    """
    opened = [match.start() for match in _OPENS_QUOTE.finditer(text)]
    closed = [match.start() for match in _CLOSES_QUOTE.finditer(text)]
    parts, start = [], 0
    for match in _SENTENCE_END.finditer(text):
        inside = sum(place < match.end() for place in opened) - sum(
            place < match.end() for place in closed
        )
        if inside <= 0 and not text[match.end()].islower():
            parts.append(text[start : match.end()])
            start = match.end()
    parts.append(text[start:])
    return [part.strip(_DASHES) for part in parts]


def sentence_pairs(german: str, english: str) -> list[Pair]:
    """Return a text and its translation sentence by sentence, nothing if they do not match.

    They match if both have as many sentences and each German question is an English question.
    A text kept whole could hold a sentence that is held out elsewhere.

    Example:
        >>> sentence_pairs("Ja. Wer ist da?", "Yes. Who is there?")
        [('Ja.', 'Yes.'), ('Wer ist da?', 'Who is there?')]
        >>> sentence_pairs("Heute ist der 1. März.", "Today is 1st March.")
        []
    """
    sources, targets = sentences(german), sentences(english)
    if list(map(_is_question, sources)) != list(map(_is_question, targets)):
        return []
    return list(zip(sources, targets, strict=True))


def _is_question(sentence: str) -> bool:
    return sentence.rstrip("\"'“”’").endswith("?")


def course_pairs(contents: Iterable[Any]) -> list[Pair]:
    """Return the distinct sentence pairs of all parsed content files, in order of appearance."""
    pairs: dict[Pair, None] = {}
    for content in contents:
        for raw in raw_pairs(content):
            cleaned = clean_pair(*raw)
            if cleaned:
                pairs.update(dict.fromkeys(sentence_pairs(*cleaned)))
    return list(pairs)
