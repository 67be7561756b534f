"""Text as Moses' tokens, on which the papers of 2014 to 2019 train and compute their BLEU.

T2T's `utils/get_ende_bleu.sh` pipes text through three steps before `multi-bleu.perl`: unicode
punctuation becomes ASCII, the Moses tokeniser separates punctuation, and hyphens inside words
become tokens. This module has those steps as three functions, and recognises text that went
through them already: tokenised once more, `&quot;` falls apart into `& quot ;`, and sacrebleu's 13a
of such text is not the one that other people report.

The rules and the abbreviations of each language are sacremoses', but for the end of a line. There
`tokenizer.perl` splits the period off whatever it follows since November 2018 ("Prozent im Jahr
2012."), which sacremoses 0.2 does not know. With that added, the tokens equal those of Moses' own
`tokenizer.perl -no-escape` on 393,000 lines of German and English (Multi30k, Tatoeba,
newstest2014), of which sacremoses alone gets 237 wrong, and on 21,000 lines of made-up characters
in seven languages.
"""

import functools
import html
import os
import re
from collections.abc import Sequence
from pathlib import Path

from sacremoses import MosesPunctNormalizer, MosesTokenizer

from t2t_hint_nart.errors import InputError

HYPHEN = "##AT##-##AT##"

_TWO_LETTERS = """
aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de
dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id
ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu
lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu
rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr
ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""
_ISO_639_1 = frozenset(_TWO_LETTERS.split())
# Languages with three letters whose abbreviations it has.
_MOSES_ONLY = ("mni", "tdt", "yue")
_COMPOUND = re.compile(r"(\S)-(\S)")
_DETACHED = re.compile(r"\s[,.](?=\s|$)|&(?:apos|quot|amp|lt|gt|#\d+);|(?<!\S)@-@(?!\S)|##AT##")
_ATTACHED = re.compile(r"\w[,.](?=\s|$)")
_PIECE = re.compile(r"\w@@(?=\s|$)|(?<!\S)▁\S")
_SGML = re.compile(r"^\s*</?(?:seg|doc|p|hl|refset|srcset|tstset|mteval|dataset|\?xml)\b", re.I)
# A sentence may hold such a thing; text of this form has it nearly everywhere.
_NOT_BY_CHANCE = 0.1
# Moses' aggressive hyphen splitting, and that of get_ende_bleu.sh.
_HYPHENS = {"@-@": HYPHEN}


def named_language(path: str | os.PathLike[str]) -> str | None:
    """Return the ISO 639-1 code that ends a file's name, if one does.

    Example:
        >>> named_language("newstest2014.de"), named_language("test.en.gz")
        ('de', 'en')
        >>> named_language("new.ref"), named_language("out.v2"), named_language("de")
        (None, None, None)
    """
    ending = Path(os.fspath(path).removesuffix(".gz")).suffix[1:].lower()
    return ending if ending in _ISO_639_1 else None


def check_language(code: str) -> None:
    """Refuse what is no code of a language: Moses would take it for one with English rules.

    Raises:
        InputError: it isn't one of ISO 639-1, nor one that Moses knows besides.
    """
    if code not in (*_ISO_639_1, *_MOSES_ONLY):
        raise InputError(f"--language={code} is no code of a language, as en or de are.")


def replace_unicode_punctuation(text: str) -> str:
    """Return `text` with typographic and full-width punctuation as ASCII.

    The table is that of Moses' `replace-unicode-punctuation.perl`. German low quotes („) and
    guillemets are not in it.

    Example:
        >>> replace_unicode_punctuation("Das ist’s …")
        "Das ist's ..."
    """
    return str(_normalizer().replace_unicode_punct(text))


def tokenize(text: str, language: str = "en", escape: bool = False) -> list[str]:
    """Split one line of text into tokens by the rules of Moses' `tokenizer.perl`.

    Args:
        text: one line, without line breaks.
        language: ISO code; one that Moses has no abbreviations for gets the English ones, as there.
        escape: whether quotation marks, apostrophes, ampersands and brackets are written as
            entities, such as `&apos;`, as papers' training text has them; BLEU is the same.

    Example:
        >>> tokenize("Dr. Weiß zahlt 1,50 Euro (z.B. bar).", "de")
        ['Dr.', 'Weiß', 'zahlt', '1,50', 'Euro', '(', 'z.B.', 'bar', ')', '.']
        >>> tokenize("Das war 2012.", "de")
        ['Das', 'war', '2012', '.']
        >>> tokenize("It's Dr. Smith...", escape=True)
        ['It', '&apos;s', 'Dr.', 'Smith', '...']
    """
    tokens = list(_tokenizer(language).tokenize(text, escape=escape))
    if tokens and tokens[-1].endswith(".") and tokens[-1].strip("."):
        tokens[-1:] = [tokens[-1][:-1], "."]
    return tokens


def split_compounds(tokens: list[str]) -> list[str]:
    """Split hyphenated words as `get_ende_bleu.sh` does.

    "rich-text" becomes "rich ##AT##-##AT## text". The substitution is the script's
    own, left to right without overlap, so the second hyphen of "a-b-c" stays. A hyphen that is
    such a token already is left alone.

    Example:
        >>> split_compounds(["rich-text", "format", "-"])
        ['rich', '##AT##-##AT##', 'text', 'format', '-']
    """
    pieces: list[str] = []
    for token in tokens:
        pieces += [token] if token == HYPHEN else _COMPOUND.sub(rf"\1 {HYPHEN} \2", token).split()
    return pieces


def looks_tokenized(lines: Sequence[str]) -> bool | None:
    """Say whether text is tokenised already, None if it could be either.

    It is if more lines have a comma or period that stands alone, or a mark of Moses (`&apos;`,
    `@-@`, `##AT##`), than have a comma or period behind a word.

    Example:
        >>> looks_tokenized(["Ja , sagte er ."]), looks_tokenized(["Ja, sagte er."])
        (True, False)
    """
    detached = sum(_DETACHED.search(line) is not None for line in lines)
    attached = sum(_ATTACHED.search(line) is not None for line in lines)
    return detached > attached if detached or attached else None


def pieces_of_words(lines: Sequence[str]) -> bool:
    """Say whether words are in pieces: those of BPE, which end in `@@`, or of sentencepiece.

    Example:
        >>> pieces_of_words(["das ist gu@@ t"]), pieces_of_words(["▁das ▁ist ▁gut"])
        (True, True)
        >>> pieces_of_words(["das ist gut"])
        False
    """
    return _share(_PIECE, lines) > _NOT_BY_CHANCE


def is_sgml(lines: Sequence[str]) -> bool:
    """Say whether text is in the mark-up of the WMT's references, a `<seg>` a sentence.

    Example:
        >>> is_sgml(['<seg id="1">Das ist gut.</seg>']), is_sgml(["3 < 4"])
        (True, False)
    """
    return _share(_SGML, lines) > _NOT_BY_CHANCE


def _share(pattern: re.Pattern[str], lines: Sequence[str]) -> float:
    return sum(pattern.search(line) is not None for line in lines) / max(len(lines), 1)


def given_tokens(line: str) -> list[str]:
    """Return the tokens of text that is tokenised already, Moses' escapes undone.

    Example:
        >>> given_tokens("it &apos;s high @-@ speed")
        ['it', "'s", 'high', '##AT##-##AT##', 'speed']
    """
    return [_HYPHENS.get(token, html.unescape(token)) for token in line.split()]


@functools.cache
def _normalizer() -> MosesPunctNormalizer:
    return MosesPunctNormalizer()


@functools.cache
def _tokenizer(language: str) -> MosesTokenizer:
    return MosesTokenizer(language)
