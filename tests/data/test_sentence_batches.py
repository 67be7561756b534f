"""Batches to decode."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from t2t_hint_nart.data.sentence_batches import LENGTH_OF_FULL_BATCHES, sentence_batches


@settings(deadline=None)
@given(lengths=st.lists(st.integers(1, 40), max_size=30), batch_size=st.integers(1, 8))
def test_every_sentence_once(lengths, batch_size):
    sentences = [[index + 2] * (length - 1) + [1] for index, length in enumerate(lengths)]
    batches = list(sentence_batches(sentences, batch_size))
    rows = [row[row != 0].tolist() for batch in batches for row in batch.inputs]
    places = [int(place) for batch in batches for place in batch.indices]
    assert [sentences[place] for place in places] == rows
    assert sorted(places) == list(range(len(sentences)))
    assert [len(row) for row in rows] == sorted(lengths, reverse=True)
    assert all(len(batch.indices) == batch_size for batch in batches[:-1])


def test_padded_to_the_longest_sentence():
    (batch,) = sentence_batches([[5, 1], [6, 7, 8, 9, 1]], batch_size=4)
    assert batch.inputs.shape == (2, 5)
    assert batch.inputs.dtype == np.int32


@settings(deadline=None)
@given(lengths=st.lists(st.integers(1, 2000), max_size=30), batch_size=st.integers(1, 8))
def test_a_batch_has_a_bound_of_tokens_or_one_sentence(lengths, batch_size):
    shapes = [
        batch.inputs.shape for batch in sentence_batches([[1] * n for n in lengths], batch_size)
    ]
    bound = batch_size * LENGTH_OF_FULL_BATCHES
    assert all(
        rows == 1 or (rows <= batch_size and rows * width <= bound) for rows, width in shapes
    )
    # As many as the bound allows.
    ends = np.cumsum([rows for rows, _ in shapes])
    for end, (rows, width) in zip(ends[:-1], shapes, strict=False):
        assert rows == batch_size or (rows + 1) * width > bound, (end, rows, width)


def test_what_goes_along_counts_too():
    batches = list(sentence_batches([[5, 1], [6, 1], [7, 8, 1]], 2, lengths=[2, 256, 3]))
    assert [batch.indices.tolist() for batch in batches] == [[1], [2, 0]]
    assert [batch.inputs.tolist() for batch in batches] == [[[6, 1]], [[7, 8, 1], [5, 1, 0]]]
