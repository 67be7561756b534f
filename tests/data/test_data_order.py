"""The order of training data as a function of seed, epoch and position."""

import itertools
from collections import Counter

import numpy as np
import pytest

from t2t_hint_nart.data.bucket_table import BucketTable, bucket_table
from t2t_hint_nart.data.data_order import DataOrder, Position, permutation

BEGIN = Position(seed=1)
TABLE = BucketTable(boundaries=(4, 8), batch_sizes=(8, 4, 2), max_length=16)


def take(order, count, position=BEGIN):
    return [*itertools.islice(order.batches(position), count)]


def test_a_permutation_is_the_same_everywhere():
    """Philox 4x64-10 of the key (seed, epoch), on any machine and with any NumPy."""
    assert permutation(1, 0, 10).tolist() == [3, 5, 2, 9, 7, 0, 8, 6, 1, 4]
    assert sorted(permutation(-5, 3, 1000).tolist()) == list(range(1000))
    several = {tuple(permutation(seed, epoch, 20).tolist()) for seed in (0, 1) for epoch in (0, 1)}
    assert len(several) == 4


def test_every_pair_comes_once_an_epoch_and_stays_with_its_length():
    lengths = np.arange(60) % 15 + 2
    batches = take(DataOrder(lengths, TABLE), 200)
    for numbers, _ in batches:
        buckets = {TABLE.bucket(int(lengths[number])) for number in numbers}
        assert len(buckets) == 1 and len(numbers) == TABLE.batch_sizes[buckets.pop()]
    taken = np.bincount([n for numbers, _ in batches for n in numbers], minlength=60)
    position = batches[-1][1]
    taken += np.bincount(position.waiting, minlength=60)
    assert position.epoch > 5
    assert set(taken) <= {position.epoch, position.epoch + 1}


def test_a_lonely_pair_is_not_starved():
    batches = take(DataOrder(np.array([3] * 30 + [15]), TABLE), 20)
    assert [30, 30] in [numbers for numbers, _ in batches]


@pytest.mark.parametrize("count", [1, 3, 60])
def test_from_every_position_on_it_is_the_same(count):
    lengths = np.arange(count) % 15 + 2
    order = DataOrder(lengths, TABLE)
    batches = take(order, 120)
    for number, (_, position) in enumerate(batches[:100], start=1):
        assert take(order, 20, position) == batches[number : number + 20]


def test_what_does_not_fit_is_left_out_and_told():
    order = DataOrder(np.array([3] * 8 + [17, 17, 16, 2]), TABLE, min_length=3)
    assert order.kept == 9
    assert {n for numbers, _ in take(order, 30) for n in numbers} == {*range(8), 10}
    assert order.left_out() == [
        "2 of 12 sentence pairs are longer than max_length=16 and left out",
        "1 of 12 sentence pairs are shorter than min_length=3 and left out",
    ]
    assert DataOrder(np.array([3, 16]), TABLE).left_out() == []


def test_what_waits_is_bucketed_anew_with_another_table():
    """As after a change of batch_size or max_length."""
    lengths = np.array([3] * 20 + [6] * 20 + [15] * 20)
    position = Position(1, 0, 30, (*range(7), 20, 21, 22, 40))
    small = BucketTable(boundaries=(8,), batch_sizes=(3, 1), max_length=10)
    batches = take(DataOrder(lengths, small), 4, position)
    assert [numbers for numbers, _ in batches][:3] == [[0, 1, 2], [3, 4, 5], [6, 20, 21]]
    assert all(40 not in numbers for numbers, _ in batches)
    resumed = take(DataOrder(lengths, small), 3, batches[0][1])
    assert resumed == batches[1:]


def test_positions_stay_small():
    """What waits is less than a batch of each bucket."""
    for _, position in take(DataOrder(np.arange(1000) % 15 + 2, TABLE), 300):
        assert len(position.waiting) <= sum(TABLE.batch_sizes) - len(TABLE.batch_sizes)


def test_a_position_is_gone_on_from_with_other_replicas():
    """No sentence is left out or comes twice, where batches get larger and smaller again."""
    lengths = np.array([max(2 + n % 14, 2 + (3 * n) % 14) for n in range(60)])
    position, taken, sizes = Position(seed=3), [], []
    for replicas in (1, 3, 1, 2):
        batches = DataOrder(lengths, bucket_table(32, 16, 4, 2.0, replicas)).batches(position)
        for _ in range(4):
            batch, position = next(batches)
            taken += batch
        sizes.append(len(batch))
        seen = Counter([*taken, *position.waiting])
        assert sum(seen.values()) == 60 * position.epoch + position.index
        assert set(seen.values()) <= {position.epoch, position.epoch + 1}
    assert position.epoch == 1 and len(seen) == 60 and max(sizes) > min(sizes)
