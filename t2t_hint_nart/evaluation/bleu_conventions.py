"""Which of the BLEU scores a data set's papers report: names and labels, nothing computed."""

from collections.abc import Iterator
from dataclasses import dataclass

from t2t_hint_nart.errors import UnknownNameError, nearest

DEFAULT = "sacrebleu"


@dataclass(frozen=True)
class BleuConvention:
    """One way to compute BLEU.

    Attributes:
        score: name in `bleu.corpus_scores` and in a report's row.
        label: heading of a column.
        printed: what t2t-bleu calls it.
        used_by: whose numbers it can stand beside.
    """

    score: str
    label: str
    printed: str
    used_by: str


CONVENTIONS = {
    "sacrebleu": BleuConvention(
        "bleu_13a", "BLEU 13a", "BLEU_13a", "sacrebleu's own, to compare across papers"
    ),
    "wmt14_compound": BleuConvention(
        "bleu_tokenized",
        "BLEU tokenized",
        "BLEU_tokenized",
        "papers on WMT14: tokenised, compounds split (get_ende_bleu.sh)",
    ),
    "iwslt14_lowercased_tokenized": BleuConvention(
        "bleu_tokenized_lc",
        "BLEU tokenized, lower case",
        "BLEU_tokenized_lc",
        "papers on IWSLT14: tokenised, lower-cased",
    ),
}


def in_order(first: str | None = None) -> Iterator[BleuConvention]:
    """Yield every convention, the one named before the others.

    Args:
        first: a problem's `bleu_convention`; sacrebleu's when None.

    Example:
        >>> [convention.score for convention in in_order("wmt14_compound")]
        ['bleu_tokenized', 'bleu_13a', 'bleu_tokenized_lc']
    """
    name = first or DEFAULT
    if name not in CONVENTIONS:
        raise UnknownNameError(
            f"Unknown BLEU convention {name!r}; there are {', '.join(CONVENTIONS)}."
            f"{nearest(name, CONVENTIONS)}"
        )
    yield CONVENTIONS[name]
    yield from (convention for key, convention in CONVENTIONS.items() if key != name)
