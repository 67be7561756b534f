"""Evaluation batches: every sentence once."""

import pytest

from t2t_hint_nart.data.eval_batches import eval_batches
from tests.data.numbered_shards import hparams, write


def test_eval_has_every_sentence_once(tmp_path):
    files = write(tmp_path, [(2 + n % 14, 2 + (3 * n) % 14) for n in range(60)])
    batches = list(eval_batches(files, hparams()).as_numpy_iterator())
    numbers = [row[0] - 2 for batch in batches for row in batch["inputs"]]
    assert sorted(numbers) == list(range(60))
    assert {batch["inputs"].shape[1] for batch in batches} == {3, 7, 16}
    again = list(eval_batches(files, hparams()).as_numpy_iterator())
    assert [b["inputs"].tolist() for b in again] == [b["inputs"].tolist() for b in batches]


@pytest.mark.parametrize("drop", [False, True])
def test_eval_keeps_long_sentences_unless_told(tmp_path, drop):
    files = write(tmp_path, [(3, 3), (20, 18)])
    batches = eval_batches(files, hparams(eval_drop_long_sequences=drop)).as_numpy_iterator()
    shapes = [(batch["inputs"].shape, batch["targets"].shape) for batch in batches]
    assert shapes == [((1, 3), (1, 3))] + [((1, 20), (1, 20))] * (not drop)
