"""German-English everyday sentences: Tatoeba, as manythings.org/anki offers them (CC-BY 2.0 FR).

Downloaded, the pairs are divided here: connected components of pairs that share a side stay
together, 2,000 pairs are for testing, 1,000 for development, all others for training. The archive
grows, so numbers depend on its date. Files in tmp_dir (train.de, dev.de, test.de and the same
with .en, plain or with `.gz`) are read as they are: whoever made them divided them.
"""

from typing import TYPE_CHECKING

from t2t_hint_nart.data.parallel_text import file_names
from t2t_hint_nart.data.problem import PathLike, train_dev_test
from t2t_hint_nart.data.tfds_problem import TfdsTranslateProblem
from t2t_hint_nart.registry import register_problem

if TYPE_CHECKING:
    import tensorflow_datasets as tfds


@register_problem
class TranslateDeenTatoeba(TfdsTranslateProblem):
    """German to English, everyday sentences: some 160,000 pairs or more, 8k joint subtokens."""

    approx_vocab_size = 2**13
    dataset_splits = train_dev_test(10)
    languages = ("de", "en")
    local_files = file_names(
        ("de", "en"), train=["train"], dev=["dev", "val", "valid"], test=["test"]
    )
    obtainable = "deu-eng.zip of manythings.org/anki"

    def builder(self, tmp_dir: PathLike) -> "tfds.core.DatasetBuilder":
        """Return the builder of the sentences."""
        from t2t_hint_nart.problems.builders.tatoeba_pairs import TatoebaPairs

        return TatoebaPairs(data_dir=self.tfds_dir(tmp_dir))
