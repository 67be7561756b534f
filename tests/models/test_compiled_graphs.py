"""A compiled graph computes what the layers say.

TensorFlow rewrites graphs for the CPU. One such rewrite fused the product of queries and keys with
the addition of a mask, and gave every sentence of a batch the first one's mask where the product
was broadcast over the batch (positional attention): no eager test could see it.
"""

import numpy as np
import pytest
import tensorflow as tf

from tests.models.same_output import assert_same_output
from tests.models.tiny_networks import COMPARED, run, tiny_network, to_numpy

_IDS = tf.TensorSpec([None, None], tf.int32)
# Long and short sentences in one batch, so that another sentence's mask would be noticed.
INPUTS = np.array([[5, 6, 7, 8, 9, 4, 1], [3, 1, 0, 0, 0, 0, 0], [4, 5, 6, 1, 0, 0, 0]], np.int32)
TARGETS = np.array([[2, 1, 0, 0, 0, 0], [5, 6, 7, 8, 9, 1], [1, 0, 0, 0, 0, 0]], np.int32)
RELATIVE = {"self_attention_type": "dot_product_relative", "max_relative_position": 3}


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        ("transformer", {}),
        ("transformer_nat", {}),
        ("transformer", RELATIVE),
        ("transformer_nat", RELATIVE),
        (
            "transformer_nat",
            {"attention_coverage": "soft_bias_log", "attention_coverage_alpha": 1.0},
        ),
    ],
)
def test_graph_equals_eager_on_sentences_of_different_lengths(model, changes):
    hparams_set = {"transformer": "transformer_base", "transformer_nat": "transformer_nat_base_v2"}
    # The rewrite is for float32 alone, and for widths that its kernels take.
    network = tiny_network(
        model, hparams_set[model], dtype="float32", hidden_size=32, num_decoder_layers=1, **changes
    )
    graph = tf.function(
        lambda inputs, targets: network(inputs, targets, probes=COMPARED),
        input_signature=[_IDS] * 2,
    )
    got = to_numpy(graph(tf.constant(INPUTS), tf.constant(TARGETS)))
    assert_same_output(got, run(network, INPUTS, TARGETS), TARGETS != 0, rtol=1e-4)
