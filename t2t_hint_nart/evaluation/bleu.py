"""Corpus scores of translations, each with the signature that says how it was computed.

BLEU scores that differ in tokenisation and case alone are in use, and they differ by points on the
same output, so all are computed and each carries its label:

* `bleu_13a`: sacrebleu's default, the number to compare across papers (Post 2018);
* `bleu_tokenized`: Moses tokens with compounds split, what T2T's `get_ende_bleu.sh` prints and
  papers report on WMT14;
* `bleu_tokenized_lc`: Moses tokens in lower case, what papers report on IWSLT14 (fairseq's
  `prepare-iwslt14.sh`);
* `bleu_intl`: mteval-v14's international tokenisation, what `t2t-bleu` prints (`BLEU_cased`, and in
  lower case `BLEU_uncased`).

References: Papineni et al. (2002), https://aclanthology.org/P02-1040; Post (2018),
https://aclanthology.org/W18-6319; Popović (2015), https://aclanthology.org/W15-3049; Popović
(2017), https://aclanthology.org/W17-4770; Snover et al. (2006),
https://aclanthology.org/2006.amta-papers.25.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sacrebleu.metrics.base import Metric
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.text import moses_tokens
from t2t_hint_nart.text.moses_tokens import given_tokens, looks_tokenized


@dataclass(frozen=True)
class Score:
    """One corpus score, 0 to 100 but for TER, and the sacrebleu signature of its computation."""

    value: float
    signature: str

    def __str__(self) -> str:
        return f"{self.value:.2f} ({self.signature})"


def bleu_13a(hypotheses: Sequence[str], references: Sequence[str]) -> Score:
    """Return sacrebleu's default BLEU: mteval-v13a tokens, cased, exponential smoothing.

    Takes plain (not tokenised) translations and as many references, in the same order.

    Example:
        >>> bleu_13a(["The cat sat on the mat."], ["The cat sat on the mat."]).value
        100.0
    """
    return _corpus_score(BLEU(tokenize="13a", force=True), hypotheses, references)


def bleu_13a_lc(hypotheses: Sequence[str], references: Sequence[str]) -> Score:
    """Return `bleu_13a` of the lower-cased text."""
    return _corpus_score(BLEU(tokenize="13a", lowercase=True, force=True), hypotheses, references)


def bleu_intl(hypotheses: Sequence[str], references: Sequence[str]) -> Score:
    """Return the `BLEU_cased` of t2t-bleu: mteval-v14 international tokens, exponential smoothing.

    T2T leaves an n-gram order out of the mean when no sentence is long enough for it; here such a
    (toy) corpus scores 0.
    """
    return _corpus_score(BLEU(tokenize="intl", force=True), hypotheses, references)


def bleu_intl_uncased(hypotheses: Sequence[str], references: Sequence[str]) -> Score:
    """Return the `BLEU_uncased` of t2t-bleu: `bleu_intl` of the lower-cased text."""
    return _corpus_score(BLEU(tokenize="intl", lowercase=True, force=True), hypotheses, references)


def bleu_tokenized(
    hypotheses: Sequence[str], references: Sequence[str], language: str | None = "de"
) -> Score:
    """Return the BLEU of T2T's `get_ende_bleu.sh`: Moses tokens, split compounds, no smoothing.

    The same steps are applied to both sides: unicode punctuation replaced, Moses tokens
    (`moses_tokens`), hyphens inside words split off as `##AT##-##AT##`, then plain 4-gram BLEU
    as `multi-bleu.perl`. Where the references look tokenised already (`looks_tokenized`), as those
    of the script are, only their compounds are split, and the translations' if they do, too.

    Args:
        hypotheses: translations, one a sentence.
        references: one reference a sentence, in the same order.
        language: of the text; None takes both sides' tokens as they are, see `needs_language`.

    Returns:
        The score; its signature is sacrebleu's with a field `prep` for the steps before: tokens are
        `moses-<language>` or `given`, translations/references where these differ.

    Example:
        >>> score = bleu_tokenized(["Ein E-Mail-Test ist das."], ["Ein E-Mail-Test ist das."])
        >>> score.signature.rsplit("|", 1)[-1]
        'prep:moses-de+compounds'
    """

    def moses(line: str) -> list[str]:
        plain = moses_tokens.replace_unicode_punctuation(line)
        return moses_tokens.tokenize(plain, language or "")

    sides, steps = _tokenized(hypotheses, references, language, moses)
    split = [[moses_tokens.split_compounds(tokens) for tokens in side] for side in sides]
    return _token_score(split, f"{steps}+compounds", lowercase=False)


def needs_language(hypotheses: Sequence[str], references: Sequence[str]) -> bool:
    """Return whether one side isn't tokenised yet, which takes rules of its language."""
    return not looks_tokenized(references) or looks_tokenized(hypotheses) is False


def bleu_tokenized_lc(
    hypotheses: Sequence[str], references: Sequence[str], language: str | None = "en"
) -> Score:
    """Return the BLEU of papers on IWSLT14: lower-cased Moses tokens, no smoothing.

    As fairseq's `prepare-iwslt14.sh` makes the text: `tokenizer.perl`, then `lowercase.perl`; no
    punctuation is replaced and no compound split. Arguments, result and errors are those of
    `bleu_tokenized`.

    Example:
        >>> score = bleu_tokenized_lc(["So it is, I say."], ["so it is , i say ."])
        >>> score.value, score.signature.rsplit("|", 1)[-1]
        (100.0, 'prep:moses-en/given')
    """

    def moses(line: str) -> list[str]:
        return moses_tokens.tokenize(line, language or "")

    sides, steps = _tokenized(hypotheses, references, language, moses)
    return _token_score(sides, steps, lowercase=True)


def chrf(hypotheses: Sequence[str], references: Sequence[str]) -> Score:
    """Return chrF2, the character n-gram F-score, which needs no tokenisation."""
    return _corpus_score(CHRF(), hypotheses, references)


def chrf_pp(hypotheses: Sequence[str], references: Sequence[str]) -> Score:
    """Return chrF2++, `chrf` with one and two words beside the characters."""
    return _corpus_score(CHRF(word_order=2), hypotheses, references)


def ter(hypotheses: Sequence[str], references: Sequence[str]) -> Score:
    """Return the edits, shifts of words among them, in percent of the reference's words.

    Lower is better, and it may pass 100. Cased, words as they stand between spaces.
    """
    return _corpus_score(TER(case_sensitive=True), hypotheses, references, most=math.inf)


def corpus_scores(
    hypotheses: Sequence[str], references: Sequence[str], language: str | None = "de"
) -> dict[str, Score]:
    """Return every corpus score of one system's output, by the name of its function."""
    of_plain_text = (bleu_13a, bleu_13a_lc, bleu_intl, bleu_intl_uncased, chrf, chrf_pp, ter)
    of_tokens = (bleu_tokenized, bleu_tokenized_lc)
    return {
        **{score.__name__: score(hypotheses, references) for score in of_plain_text},
        **{score.__name__: score(hypotheses, references, language) for score in of_tokens},
    }


def text_warnings(texts: Mapping[str, Sequence[str]]) -> list[str]:
    """Return what keeps scores of texts from standing beside others', a line for each form.

    Args:
        texts: lines by the name of the text.

    Example:
        >>> text_warnings({"out": ["das ist gu@@ t"], "ref": ["Das ist gut."]})
        ["out is of pieces of words, which are scored as words: join them, as sed 's/@@ //g' does"]
    """
    forms = {
        "is of pieces of words, which are scored as words: join them, as sed 's/@@ //g' does": (
            moses_tokens.pieces_of_words
        ),
        "is SGML, whose tags are scored as words: score the text of its segments alone": (
            moses_tokens.is_sgml
        ),
        "looks tokenised already: BLEU_13a, BLEU_cased and BLEU_uncased of tokens are not "
        "comparable with those of plain text": looks_tokenized,
    }
    return [
        f"{name} {told}"
        for told, has_form in forms.items()
        for name, lines in texts.items()
        if has_form(lines)
    ]


def check_aligned(hypotheses: Sequence[str], references: Sequence[str]) -> None:
    """Refuse an empty corpus, and hypotheses and references that do not match line by line."""
    if len(hypotheses) != len(references):
        raise InputError(
            f"{len(hypotheses)} translations for {len(references)} references: "
            "each translation needs one reference, in the same order"
        )
    if not hypotheses:
        raise InputError(
            "no sentences to score: 0 translations and 0 references, at least 1 of each is needed"
        )


def _corpus_score(
    metric: Metric, hypotheses: Sequence[str], references: Sequence[str], *, most: float = 100.0
) -> Score:
    check_aligned(hypotheses, references)
    score = metric.corpus_score(hypotheses, [references]).score
    # sacrebleu forms 100.00000000000004 for a perfect translation.
    return Score(min(float(score), most), str(metric.get_signature()))


def _tokenized(
    hypotheses: Sequence[str],
    references: Sequence[str],
    language: str | None,
    moses: Callable[[str], list[str]],
) -> tuple[list[list[list[str]]], str]:
    """Return the tokens of both sides and the name of the step that made them."""
    check_aligned(hypotheses, references)
    reference_given = language is None or bool(looks_tokenized(references))
    # References say what the text is; a bad system may leave its punctuation anywhere.
    hypothesis_given = reference_given and (
        language is None or looks_tokenized(hypotheses) is not False
    )
    given = [hypothesis_given, reference_given]
    sides = [
        [(given_tokens if is_given else moses)(line) for line in side]
        for side, is_given in zip((hypotheses, references), given, strict=True)
    ]
    steps = ["given" if is_given else f"moses-{language}" for is_given in given]
    return sides, "/".join(dict.fromkeys(steps))


def _token_score(sides: Sequence[list[list[str]]], steps: str, lowercase: bool) -> Score:
    lines = [[" ".join(tokens) for tokens in side] for side in sides]
    metric = BLEU(tokenize="none", smooth_method="none", lowercase=lowercase, force=True)
    score = _corpus_score(metric, *lines)
    return Score(score.value, f"{score.signature}|prep:{steps}")
