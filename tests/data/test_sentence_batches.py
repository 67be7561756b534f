"""Batches to decode."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from t2t_hint_nart.data.bucket_table import bucket_table
from t2t_hint_nart.data.sentence_batches import in_original_order, sentence_batches


@settings(deadline=None)
@given(lengths=st.lists(st.integers(1, 40), max_size=30), batch_size=st.integers(1, 8))
def test_every_sentence_once_and_back_in_order(lengths, batch_size):
    sentences = [[index + 2] * (length - 1) + [1] for index, length in enumerate(lengths)]
    batches = list(sentence_batches(sentences, batch_size))
    rows = [row[row != 0].tolist() for batch in batches for row in batch.inputs]
    assert in_original_order(rows, [batch.indices for batch in batches]) == sentences
    assert [len(row) for row in rows] == sorted(lengths, reverse=True)
    assert all(len(batch.indices) == batch_size for batch in batches[:-1])


def test_padded_to_the_bucket():
    table = bucket_table(64, max_length=16, min_length_bucket=4, length_bucket_step=2.0)
    (batch,) = sentence_batches([[5, 1], [6, 7, 8, 9, 1]], batch_size=4, table=table)
    assert batch.inputs.shape == (2, 7)
    assert batch.inputs.dtype == np.int32
    (batch,) = sentence_batches([[5] * 30 + [1]], batch_size=4, table=table)
    assert batch.inputs.shape == (1, 31)
