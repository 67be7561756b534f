"""A sentence with numbers that a test can foresee."""

import numpy as np

from t2t_hint_nart.models.decoder_output import DecoderOutput
from t2t_hint_nart.reproduce.generated import Generated
from t2t_hint_nart.reproduce.sentence_view import view

LAYERS, HEADS = 2, 3
SOURCE = ["Hal", "lo_", "<EOS>"]
TARGET = ["</script>_", "<EOS>"]


def decoder_output(length, source_length, seed=0):
    """Random states and weights of one sentence; head 2 of layer 1 is the sharpest."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(1, LAYERS, HEADS, length, source_length))
    logits[0, 1, 2] *= 50
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    hidden = rng.normal(size=(2, 1, LAYERS, length, 4))
    return DecoderOutput(
        rng.normal(size=(1, length, 9)), *hidden, weights / weights.sum(axis=-1, keepdims=True)
    )


def example(length=2, source_length=3):
    """A view of an output that may have padding behind its tokens."""
    made = Generated(
        [5, 1],
        decoder_output(length, source_length),
        {
            "encoder": decoder_output(source_length, source_length, 1).attention[:, :1],
            "decoder": decoder_output(length, length, 2).attention,
        },
    )
    return view("model <b>", ("Hallo", "</script>"), (SOURCE, TARGET), made)
