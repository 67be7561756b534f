"""Text as IWSLT papers have it: through the Moses tokenizer, its escapes kept, and lower-cased."""


class MosesLowercased:
    """`tokenizer.perl -l <language>` and `lowercase.perl` of Moses, by sacremoses.

    Hyphens inside words stay; quotation marks, apostrophes, ampersands and brackets are written
    as entities, such as `&apos;`.

    Args:
        language: code of the language, which decides about abbreviations and apostrophes.

    Example:
        >>> MosesLowercased("en")("It's the Sarasota-Bay dolphins, Dr. Smith.")
        'it &apos;s the sarasota-bay dolphins , dr. smith .'
    """

    def __init__(self, language: str) -> None:
        from sacremoses import MosesTokenizer

        self._tokenizer = MosesTokenizer(lang=language)

    def __call__(self, text: str) -> str:
        """Return a sentence tokenised and lower-cased.

        Args:
            text: a raw sentence.
        """
        return str(self._tokenizer.tokenize(text, return_str=True)).lower()
