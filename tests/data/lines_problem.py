"""A problem on sentences that a test writes down."""

from t2t_hint_nart.data.problem import DatasetSplit
from t2t_hint_nart.data.translate_problem import TranslateProblem

PAIRS = {
    DatasetSplit.TRAIN: [
        ("der Hund bellt laut .", "the dog barks loudly ."),
        ("die Katze schläft .", "the cat sleeps ."),
        ("der Hund schläft .", "the dog sleeps ."),
        ("die Katze bellt nicht .", "the cat does not bark ."),
        ("der Vogel singt laut .", "the bird sings loudly ."),
    ],
    DatasetSplit.EVAL: [("der Vogel schläft .", "the bird sleeps ."), ("die Katze .", "the cat .")],
    DatasetSplit.TEST: [("die Katze singt .", "the cat sings .")],
}
SPLITS = [
    {"split": DatasetSplit.TRAIN, "shards": 2},
    {"split": DatasetSplit.EVAL, "shards": 1},
    {"split": DatasetSplit.TEST, "shards": 1},
]


class LinesProblem(TranslateProblem):
    """A few sentences, two training shards."""

    languages = ("de", "en")
    approx_vocab_size = 64
    pairs = PAIRS
    dataset_splits = SPLITS

    def generate_samples(self, data_dir, tmp_dir, dataset_split):
        for source, target in self.pairs[dataset_split]:
            yield {"inputs": source, "targets": target}
