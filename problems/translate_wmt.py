"""English-German news: the WMT training data, newstest2013 for development, newstest2014 to test.

`translate_ende_wmt32k` and `translate_ende_wmt8k` are tensor2tensor's: Europarl v7, Common Crawl
and News Commentary v13, prepared by TFDS as `wmt_t2t_translate/de-en`. `translate_ende_wmt14_32k`
has the data of the workshop of 2014 itself, with News Commentary v9, TFDS's
`wmt14_translate/de-en`; papers on WMT14 use either and seldom say which. The stored inputs are
English: `<name>_rev` translates German.

TFDS's own builders download and prepare the text, some 1.7 GB; archives that tmp_dir has under
their official names (training-parallel-europarl-v7.tgz and so on) are not downloaded. TFDS keeps
the sentences of each split in an order of its own, the same each time. Or give text files in
tmp_dir: what tensor2tensor compiled there (`<name>-compiled-train.lang1` and `.lang2`, `-dev`), or
train.en and train.de, with newstest2013.en, newstest2014.en and so on.
"""

from collections.abc import Iterator

from t2t_hint_nart.data import pair_filters
from t2t_hint_nart.data.pair_filters import PairFilters
from t2t_hint_nart.data.parallel_text import FileNames, Refusals, file_names
from t2t_hint_nart.data.problem import DatasetSplit, PathLike, train_dev_test
from t2t_hint_nart.data.subword_vocabulary import sampled_text
from t2t_hint_nart.data.tfds_problem import TfdsTranslateProblem
from t2t_hint_nart.registry import register_problem

_NO_REFUSALS: Refusals = {}
_STEMS = {
    DatasetSplit.TRAIN: ["train"],
    DatasetSplit.EVAL: ["newstest2013", "dev", "valid"],
    DatasetSplit.TEST: ["newstest2014", "test"],
}


def wmt_file_names(name: str) -> FileNames:
    """Return the names of tensor2tensor's compiled text, and plain ones.

    Args:
        name: of the problem.

    Example:
        >>> wmt_file_names("translate_ende_wmt32k")["train"][0][0]
        'translate_ende_wmt32k-compiled-train.lang1'
    """
    plain = file_names(("en", "de"), **_STEMS)

    def compiled(split: str) -> tuple[str, str]:
        stem = f"{name}-compiled-{split}"
        return f"{stem}.lang1", f"{stem}.lang2"

    return {split: [compiled(split), *names] for split, names in plain.items()}


class TranslateEndeWmt(TfdsTranslateProblem):
    """Base class of English to German news."""

    approx_vocab_size = 2**15
    dataset_splits = train_dev_test(100)
    languages = ("en", "de")
    bleu_convention = "wmt14_compound"
    # What is wrong with single lines of crawled text is no error: see pair_filters.
    refused_lines = _NO_REFUSALS
    obtainable = "the archives of statmt.org or train.en.gz, train.de.gz, newstest2013.en, ..."

    # tensor2tensor's: a million characters of each file, which are three for each language.
    vocabulary_characters = 3_000_000

    def pair_filters(self, split: str) -> PairFilters:
        """Return what training pairs must not have: an empty side, control characters, no ends."""
        return pair_filters.without() if split == DatasetSplit.TRAIN else pair_filters.NONE

    def generate_text_for_vocab(self, data_dir: PathLike, tmp_dir: PathLike) -> Iterator[str]:
        """Yield the text that the vocabulary is made of, a sample as tensor2tensor's.

        Tensor2tensor takes as much of each corpus; here the corpora come mixed, and each has its
        share.
        """
        return sampled_text(
            lambda: super(TranslateEndeWmt, self).generate_text_for_vocab(data_dir, tmp_dir),
            sides=2,
            characters=self.vocabulary_characters,
        )


@register_problem("translate_ende_wmt32k")
class TranslateEndeWmt32k(TranslateEndeWmt):
    """English to German news, tensor2tensor's 4.5 million pairs, 32k joint subtokens."""

    tfds_name = "wmt_t2t_translate/de-en"
    local_files = wmt_file_names("translate_ende_wmt32k")


@register_problem("translate_ende_wmt8k")
class TranslateEndeWmt8k(TranslateEndeWmt):
    """English to German news, tensor2tensor's 4.5 million pairs, 8k joint subtokens."""

    approx_vocab_size = 2**13
    tfds_name = "wmt_t2t_translate/de-en"
    local_files = wmt_file_names("translate_ende_wmt8k")


@register_problem("translate_ende_wmt14_32k")
class TranslateEndeWmt1432k(TranslateEndeWmt):
    """English to German news, WMT14's own 4.5 million pairs, 32k joint subtokens."""

    tfds_name = "wmt14_translate/de-en"
    local_files = wmt_file_names("translate_ende_wmt14_32k")
