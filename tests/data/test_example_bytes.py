"""Examples without TensorFlow against TensorFlow's own bytes."""

import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from t2t_hint_nart.data.example_bytes import example_bytes
from t2t_hint_nart.errors import InputError

IDS = st.lists(st.integers(0, 2**31) | st.integers(0, 300), min_size=1, max_size=200)

# No name begins another: protobuf does not always put the shorter one first.
NAMES = st.sampled_from(["inputs", "targets", "größe", "x" * 200])


@given(st.dictionaries(NAMES, IDS, max_size=4))
def test_bytes_of_tensorflow(features):
    lists = {
        name: tf.train.Feature(int64_list=tf.train.Int64List(value=ids))
        for name, ids in features.items()
    }
    example = tf.train.Example(features=tf.train.Features(feature=lists))
    assert example_bytes(features) == example.SerializeToString(deterministic=True)


@pytest.mark.parametrize("number", [0, 127, 128, 2**14, 2**16 - 1, 2**16, 2**62])
def test_every_length_of_a_number(number):
    record = example_bytes({"inputs": [number, 1], "targets": [1]})
    feature = tf.train.Example.FromString(record).features.feature
    assert list(feature["inputs"].int64_list.value) == [number, 1]
    assert list(feature["targets"].int64_list.value) == [1]


def test_refused():
    with pytest.raises(InputError, match="Empty generated field: targets"):
        example_bytes({"inputs": [5, 1], "targets": []})
    with pytest.raises(InputError, match="must not be negative, received -3"):
        example_bytes({"inputs": [5, -3, 1]})
