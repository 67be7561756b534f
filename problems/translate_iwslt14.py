"""German-English TED talks: IWSLT 2014, prepared in the field's two ways.

Both take the official archive (de-en.tgz in tmp_dir, else downloaded), tokenise with the Moses
tokenizer, drop pairs that are empty, too long or of too unlike lengths, lower-case, and set every
23rd of the pairs that are left aside for development. The test set is dev2010, dev2012, tst2010,
tst2011 and tst2012 joined: 6,750 pairs. They differ in how long a training sentence may be:

- 50 tokens leaves some 153,000 training and 6,969 development pairs: MIXER (Ranzato et al. 2016),
  Wiseman and Rush 2016, Bahdanau et al. 2017, and the papers that compare with them. The sizes
  given for hint-based training are these.
- 175 tokens leaves some 160,000 and 7,283: fairseq's recipe, and with it most papers since 2018
  (mask-predict, Levenshtein Transformer, GLAT and others in their IWSLT tables).

Development and test sentences are never dropped, but the development sentences are drawn from what
the rule leaves. Scores of the two ways are on the same test set, and are near each other, but are
not the same experiment. Text prepared already may be given instead: train.de, valid.de, test.de and
the same with .en are read as they are.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from t2t_hint_nart.data import pair_filters
from t2t_hint_nart.data.pair_filters import PairFilters
from t2t_hint_nart.data.parallel_text import file_names
from t2t_hint_nart.data.problem import DatasetSplit, PathLike, train_dev_test
from t2t_hint_nart.data.tfds_problem import TfdsTranslateProblem
from t2t_hint_nart.registry import register_problem

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

_TEST_SETS = ("dev2010", "dev2012", "tst2010", "tst2011", "tst2012")


class Iwslt14Problem(TfdsTranslateProblem):
    """Base class of the preparations of IWSLT 2014.

    Attributes:
        preparation: configuration of the builder, how the text itself is prepared.
        most_tokens: of a training sentence.
        most_ratio: of the numbers of tokens of a training sentence and its translation.
        every_dev: each so many-th pair of the training text is for development.
    """

    approx_vocab_size = 10_000
    dataset_splits = train_dev_test(10)
    languages = ("de", "en")
    bleu_convention = "iwslt14_lowercased_tokenized"
    local_files = file_names(("de", "en"), train=["train"], dev=["valid", "dev"], test=["test"])
    obtainable = "de-en.tgz of IWSLT 2014"

    preparation: ClassVar[str] = "tokenized_lowercased"
    most_tokens: ClassVar[int] = 175
    most_ratio: ClassVar[float] = 1.5
    every_dev: ClassVar[int] = 23

    def pair_filters(self, split: str) -> PairFilters:
        """Return which training pairs are kept, as Moses' clean-corpus-n.perl keeps them."""
        if split != DatasetSplit.TRAIN:
            return pair_filters.NONE
        return {
            f"not 1 to {self.most_tokens} tokens": pair_filters.token_counts(1, self.most_tokens),
            f"token ratio over {self.most_ratio}": pair_filters.token_ratio(self.most_ratio),
            "token of more than 1000 characters": pair_filters.longest_token(1000),
        }

    def builder(self, tmp_dir: PathLike) -> "tfds.core.DatasetBuilder":
        """Return the builder of the talks."""
        from t2t_hint_nart.problems.builders.iwslt14 import Iwslt14

        return Iwslt14(config=self.preparation, data_dir=self.tfds_dir(tmp_dir))

    def builder_samples(self, tmp_dir: PathLike, dataset_split: str) -> Iterator[dict[str, str]]:
        """Yield the sentence pairs of a split.

        Training pairs that the filters drop are among them, so that they can be counted.
        """
        if dataset_split == DatasetSplit.TEST:
            for test_set in _TEST_SETS:
                yield from self.read_builder(tmp_dir, test_set)
            return
        filters = self.pair_filters(DatasetSplit.TRAIN)
        kept = 0
        for sample in self.read_builder(tmp_dir, "train"):
            keep = pair_filters.keeps(filters, sample["inputs"], sample["targets"])
            kept += keep
            split = DatasetSplit.TRAIN
            if keep and kept % self.every_dev == 0:
                split = DatasetSplit.EVAL
            if split == dataset_split:
                yield sample


@register_problem
class TranslateDeenIwslt14(Iwslt14Problem):
    """German to English TED talks, fairseq's 160k preparation, 10k joint subtokens."""


@register_problem("translate_deen_iwslt14_32k")
class TranslateDeenIwslt1432k(Iwslt14Problem):
    """German to English TED talks, fairseq's 160k preparation, 32k joint subtokens."""

    approx_vocab_size = 2**15


@register_problem("translate_deen_iwslt14_153k")
class TranslateDeenIwslt14153k(Iwslt14Problem):
    """German to English TED talks, MIXER's 153k preparation, 10k joint subtokens."""

    most_tokens = 50


@register_problem("translate_deen_iwslt14_153k_32k")
class TranslateDeenIwslt14153k32k(TranslateDeenIwslt14153k):
    """German to English TED talks, MIXER's 153k preparation, 32k joint subtokens."""

    approx_vocab_size = 2**15
