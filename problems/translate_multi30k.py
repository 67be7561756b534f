"""German-English captions: Multi30k, task 1 (Elliott et al. 2016).

29,000 training, 1,014 development and 1,000 test pairs (test_2016_flickr), raw text, from the
official repository. Or from files in tmp_dir under the official names, plain or with `.gz`:
train.de, val.de, test_2016_flickr.de and the same with .en.
"""

from typing import TYPE_CHECKING

from t2t_hint_nart.data.parallel_text import file_names
from t2t_hint_nart.data.problem import PathLike, train_dev_test
from t2t_hint_nart.data.tfds_problem import TfdsTranslateProblem
from t2t_hint_nart.registry import register_problem

if TYPE_CHECKING:
    import tensorflow_datasets as tfds


@register_problem
class TranslateDeenMulti30k(TfdsTranslateProblem):
    """German to English, captions of photographs: 29,000 pairs, 4k joint subtokens."""

    approx_vocab_size = 2**12
    dataset_splits = train_dev_test(10)
    languages = ("de", "en")
    local_files = file_names(
        ("de", "en"),
        train=["train"],
        dev=["val", "dev", "valid"],
        test=["test_2016_flickr", "test2016", "test"],
    )
    obtainable = "train.de.gz, val.de.gz, test_2016_flickr.de.gz and the same with .en"

    def builder(self, tmp_dir: PathLike) -> "tfds.core.DatasetBuilder":
        """Return the builder of the captions."""
        from t2t_hint_nart.problems.builders.multi30k import Multi30k

        return Multi30k(data_dir=self.tfds_dir(tmp_dir))


@register_problem("translate_deen_multi30k_10k")
class TranslateDeenMulti30k10k(TranslateDeenMulti30k):
    """German to English, captions of photographs: 29,000 pairs, 10k joint subtokens."""

    approx_vocab_size = 10_000
