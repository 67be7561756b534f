"""The self-attention of a model while it is called: what its output doesn't have.

In: a model. Out: attention weights by name. A Transformer's output has encoder-decoder attention
alone, which the hints are about.
"""

import contextlib
from collections.abc import Iterator

import keras
from keras import ops

ENCODER, DECODER, POSITIONAL = "encoder", "decoder", "positional"


@contextlib.contextmanager
def observed_self_attention(model: keras.Model) -> Iterator[dict[str, list]]:
    """Collect attention weights from the calls within, which must not be compiled.

    Args:
        model: a `Transformer` or `TransformerNat`.

    Yields:
        After a call, by name: "encoder" float[B, H, S, S] of each layer, "decoder" and, of a
        student with positional attention, "positional" float[B, H, T, T].
    """
    weights: dict[str, list] = {}
    layers = list(_attention_layers(model))

    def observe(name: str):
        weights[name] = []
        return lambda values: weights[name].append(ops.convert_to_numpy(values))

    observers = {name: observe(name) for name in dict.fromkeys(name for name, _ in layers)}
    for name, layer in layers:
        layer.observer = observers[name]
    try:
        yield weights
    finally:
        for _, layer in layers:
            layer.observer = None


def _attention_layers(model: keras.Model) -> Iterator[tuple[str, keras.layers.Layer]]:
    for index in range(model.encoder.num_layers):
        yield ENCODER, getattr(model.encoder, f"layer_{index}").self_attention
    for index in range(model.num_decoder_layers):
        layer = getattr(model, f"layer_{index}")
        yield DECODER, layer.self_attention
        if hasattr(layer, "pos_attention"):
            yield POSITIONAL, layer.pos_attention
