"""Text as IWSLT papers have it: through the Moses tokenizer, its escapes kept, and lower-cased.

The rules are those of Moses since November 2018, which split the period off at the end of a line
whatever it follows. Text that was prepared before keeps it in some lines ("usw."), 0.3 % of them in
IWSLT14's test set.
"""

from t2t_hint_nart.text.final_period import split_final_period


class MosesLowercased:
    """`tokenizer.perl -l <language>` and `lowercase.perl` of Moses, by sacremoses.

    Hyphens inside words stay; quotation marks, apostrophes, ampersands and brackets are written
    as entities, such as `&apos;`.

    Args:
        language: code of the language, which decides about abbreviations and apostrophes.

    Example:
        >>> MosesLowercased("en")("It's the Sarasota-Bay dolphins, Dr. Smith, of 2012.")
        'it &apos;s the sarasota-bay dolphins , dr. smith , of 2012 .'
    """

    def __init__(self, language: str) -> None:
        from sacremoses import MosesTokenizer

        self._tokenizer = MosesTokenizer(lang=language)

    def __call__(self, text: str) -> str:
        """Return a sentence tokenised and lower-cased.

        Args:
            text: a raw sentence.
        """
        return " ".join(split_final_period(self._tokenizer.tokenize(text))).lower()
