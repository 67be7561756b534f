"""The index of shards: what it says of records, random access, damage."""

from pathlib import Path

import numpy as np
import pytest

from t2t_hint_nart.data.example_bytes import example_bytes
from t2t_hint_nart.data.shard_index import index_shards
from t2t_hint_nart.data.shards import read_shard, write_records
from t2t_hint_nart.data.training_batches import AS_STORED
from t2t_hint_nart.errors import InputError
from tests.data.numbered_shards import sentence, write

LENGTHS = [(2 + n % 14, 2 + (3 * n) % 140) for n in range(50)]


@pytest.fixture
def files(tmp_path):
    return write(tmp_path, LENGTHS, shards=3)


def test_records_are_read_by_number(files):
    index = index_shards(files, AS_STORED)
    assert index.counts == (17, 17, 16) and len(index) == 50
    # Pair n is in shard n modulo 3.
    order = [n for shard in range(3) for n in range(shard, 50, 3)]
    numbers = [49, 0, 17, 16, 33, 34, 34]
    expected = [
        example_bytes(
            {
                "inputs": sentence(order[number], LENGTHS[order[number]][0]),
                "targets": sentence(order[number], LENGTHS[order[number]][1]),
            }
        )
        for number in numbers
    ]
    assert index.read(numbers) == expected
    assert index.lengths.tolist() == [max(LENGTHS[n]) for n in order]


def test_lengths_are_those_after_cuts_of_the_features_that_are_read(files):
    lengths = np.array([LENGTHS[n] for shard in range(3) for n in range(shard, 50, 3)])
    cut = index_shards(files, AS_STORED, (5, 7)).lengths
    assert cut.tolist() == np.minimum(lengths, (5, 7)).max(axis=1).tolist()
    turned = index_shards(files, ("targets", "inputs"), (5, 0)).lengths
    assert turned.tolist() == np.maximum(np.minimum(lengths[:, 1], 5), lengths[:, 0]).tolist()
    copied = index_shards(files, ("inputs", "inputs")).lengths
    assert copied.tolist() == lengths[:, 0].tolist()


def test_the_digest_is_of_content_and_order(files):
    digest = index_shards(files, AS_STORED).digest
    assert index_shards(files, ("targets", "inputs"), (3, 3)).digest == digest
    assert index_shards(files[::-1], AS_STORED).digest != digest
    records = Path(files[2]).read_bytes()
    pairs = [*read_shard(files[2])]
    pairs[3]["inputs"][0] += 1
    write_records(map(example_bytes, pairs), files[2])
    assert len(records) == Path(files[2]).stat().st_size
    assert index_shards(files, AS_STORED).digest != digest


def test_sixteen_bytes_a_record(files):
    index = index_shards(files, AS_STORED)
    arrays = (index.offsets, index.sizes, index.lengths)
    assert sum(array.itemsize for array in arrays) == 16


def test_an_empty_shard_among_others(tmp_path):
    files = write(tmp_path, [(3, 3), (4, 4)], shards=3)
    index = index_shards([files[2], *files[:2]], AS_STORED)
    assert index.counts == (0, 1, 1)
    assert index.read([1, 0]) == [
        example_bytes(dict.fromkeys(AS_STORED, sentence(n, 3 + n))) for n in (1, 0)
    ]


def not_records(path):
    path.write_bytes(b"not a TFRecord file at all")


def cut_off(path):
    path.write_bytes(path.read_bytes()[:-7])


def flipped_bit(path):
    content = path.read_bytes()
    path.write_bytes(content[:60] + bytes([content[60] ^ 1]) + content[61:])


def other_features(path):
    write_records([example_bytes({"inputs": [5, 1], "outputs": [6, 1]})], str(path))


def no_examples(path):
    write_records([b"\xff\xff not an example"], str(path))


def gone(path):
    path.unlink()


@pytest.mark.parametrize(
    "damage", [not_records, cut_off, flipped_bit, other_features, no_examples, gone]
)
@pytest.mark.parametrize("shard", [0, 2])
def test_a_damaged_shard_is_named(files, shard, damage):
    """The last one as well as the first: before anything is trained."""
    damage(Path(files[shard]))
    with pytest.raises(InputError, match=f"'{files[shard]}'") as raised:
        index_shards(files, AS_STORED)
    assert "\n" not in str(raised.value)
