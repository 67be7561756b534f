"""The bucket table against tensor2tensor's own values."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2t_hint_nart.data.bucket_table import BucketTable, bucket_table, bucket_table_from_hparams
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams
from tests.oracles import bucket_table as oracle

BOUNDARIES = (
    8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 22, 24, 26, 28, 30, 33, 36, 39, 42, 46, 50,
    55, 60, 66, 72, 79, 86, 94, 103, 113, 124, 136, 149, 163, 179, 196, 215, 236,
)  # fmt: skip
SIZES_4096 = (
    420, 420, 315, 315, 315, 315, 252, 252, 252, 210, 210, 210, 180, 180, 140, 140, 140, 126, 105,
    105, 105, 90, 84, 70, 70, 63, 60, 45, 45, 45, 42, 36, 36, 30, 30, 21, 21, 21, 20, 18, 15, 15,
)  # fmt: skip


def test_golden_table_of_4096_tokens():
    table = bucket_table(4096, max_length=256)
    assert table.boundaries == BOUNDARIES
    assert table.batch_sizes == SIZES_4096
    assert table.peak_tokens == 4050


@pytest.mark.parametrize(
    ("batch_size", "first", "last"),
    [
        (1024, [120, 90, 90, 90, 72, 72, 72, 60, 60, 60, 45, 45, 45, 45], [4, 4]),
        (2048, [240, 180, 180, 180, 144, 144, 144], [9, 8, 8]),
    ],
)
def test_golden_ends_of_other_tables(batch_size, first, last):
    table = bucket_table(batch_size, max_length=256)
    assert table.boundaries == BOUNDARIES
    assert list(table.batch_sizes[: len(first)]) == first
    assert list(table.batch_sizes[-len(last) :]) == last


@settings(max_examples=40, deadline=None)
@given(
    batch_size=st.integers(1, 600),
    max_length=st.integers(0, 300),
    smallest=st.integers(1, 20),
    step=st.floats(1.01, 3.0),
    replicas=st.integers(1, 4),
)
def test_equals_oracle(batch_size, max_length, smallest, step, replicas):
    if (max_length or batch_size) < smallest:
        with pytest.raises(InputError, match="min_length_bucket"):
            bucket_table(batch_size, max_length, smallest, step, replicas)
        return
    table = bucket_table(batch_size, max_length, smallest, step, replicas)
    boundaries, sizes = oracle.bucket_table(batch_size, max_length, smallest, step, replicas)
    assert (list(table.boundaries), list(table.batch_sizes)) == (boundaries, sizes)


@settings(deadline=None)
@given(length=st.integers(1, 64))
def test_padded_length_is_the_longest_of_the_same_bucket(length):
    table = bucket_table(256, max_length=64)
    padded = table.padded_length(length)
    assert (
        table.bucket(padded)
        == table.bucket(length)
        == oracle.bucket_index(length, table.boundaries)
    )
    assert padded == 64 or table.bucket(padded + 1) == table.bucket(length) + 1


def test_longer_than_the_table_keeps_its_length():
    assert BucketTable((8,), (4, 2), 16).padded_length(17) == 17


def test_larger_step_gives_fewer_shapes():
    assert len(bucket_table(4096, 256, length_bucket_step=1.5).shapes) == 10
    assert len(bucket_table(4096, 256, length_bucket_step=2.0).shapes) == 6


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"batch_size": 0}, "batch_size .* got 0"),
        ({"batch_size": 8, "length_bucket_step": 1.0}, "above 1.0, got 1.0"),
        ({"batch_size": 64, "max_length": 5}, r"max_length \(5\) must be at least .*\(8\)"),
        ({"batch_size": 64, "max_length": -1}, "at least 0"),
    ],
)
def test_values_out_of_range(values, message):
    with pytest.raises(InputError, match=message):
        bucket_table(**values)


def test_from_hparams():
    hparams = HParams(
        batch_size=256,
        max_length=32,
        min_length_bucket=8,
        length_bucket_step=2.0,
        use_fixed_batch_size=False,
    )
    assert bucket_table_from_hparams(hparams, replicas=2).shapes == ((60, 7), (30, 15), (12, 32))
    hparams.use_fixed_batch_size = True
    assert bucket_table_from_hparams(hparams).shapes == ((256, 32),)
    hparams.max_length = 0
    with pytest.raises(InputError, match="max_length of at least 1, got 256 and 0"):
        bucket_table_from_hparams(hparams)


def test_shown_in_one_line():
    told = "(sentences x tokens), at most 96 padded tokens a side"
    text = str(BucketTable((8, 16), (12, 6, 4), 24))
    assert text == f"3 batch shapes, from 12x7 to 4x24 {told}"
    assert str(BucketTable((), (4,), 24)) == f"one batch shape, 4x24 {told}"
    # As long for a set with dozens of buckets.
    assert len(str(bucket_table(4096))) < 120
