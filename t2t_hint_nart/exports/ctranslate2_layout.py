"""The weights of a Transformer as CTranslate2 names and lays them out."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from ctranslate2.specs.transformer_spec import TransformerSpec

from t2t_hint_nart.layers.timing_signal import timing_signal
from t2t_hint_nart.models.variables import named_variables
from t2t_hint_nart.text import PAD_ID


def transformer_spec(network: Any, hparams: Any, positions: int) -> Any:
    """Return a ctranslate2.specs.TransformerSpec with a network's weights, without vocabularies.

    Args:
        network: one whose `is_plain_transformer`.
        hparams: its set.
        positions: tokens of the longest source and target.
    """
    weights = {name: value.numpy() for name, value in named_variables(network).items()}
    pre_norm = hparams.layer_preprocess_sequence == "n"
    encoder_layers, decoder_layers = network.encoder.num_layers, network.num_decoder_layers
    spec = TransformerSpec.from_config(
        (encoder_layers, decoder_layers), hparams.num_heads, pre_norm=pre_norm
    )
    _set_embeddings(spec, weights, network, positions)
    for index in range(encoder_layers):
        _set_layer(spec.encoder.layer[index], weights, f"encoder/layer_{index}", pre_norm)
    for index in range(decoder_layers):
        _set_layer(spec.decoder.layer[index], weights, f"layer_{index}", pre_norm)
    if pre_norm:
        _set_norm(spec.encoder.layer_norm, weights, "encoder/final")
        _set_norm(spec.decoder.layer_norm, weights, "final")
    return spec


def _set_embeddings(
    spec: Any, weights: Mapping[str, np.ndarray], network: Any, positions: int
) -> None:
    softmax = weights["softmax/table"]
    # PAD's embedding is zero, and so is what the decoder reads before its first token.
    source, target = (weights.get(f"{side}_embedding/table", softmax) for side in _SIDES)
    spec.encoder.embeddings[0].weight = _without_pad(source)
    spec.decoder.embeddings.weight = _without_pad(target)
    spec.decoder.projection.weight = softmax
    width = network.hidden_size
    encodings = np.zeros((positions, width), np.float32)
    if network.has_timing:
        encodings += np.array(timing_signal(np.arange(positions), width))
    space = weights["encoder/target_space_embedding"][network.encoder.target_space_id]
    spec.encoder.position_encodings.encodings = encodings + space
    spec.decoder.position_encodings.encodings = encodings


_SIDES = ("input", "target")


def _without_pad(table: np.ndarray) -> np.ndarray:
    table = table.copy()
    table[PAD_ID] = 0.0
    return table


def _set_layer(layer: Any, weights: Mapping[str, np.ndarray], name: str, pre_norm: bool) -> None:
    """One layer: self-attention, perhaps attention to the source, feed forward."""
    where = "pre" if pre_norm else "post"
    parts: list[tuple[Any, str, tuple[str, ...]]] = [
        (layer.self_attention, "self_attention", ("qkv",))
    ]
    if hasattr(layer, "attention"):
        parts.append((layer.attention, "encdec_attention", ("q", "kv")))
    for attention, part, groups in parts:
        _set_norm(attention.layer_norm, weights, f"{name}/{part}_{where}")
        for linear, letters in zip(attention.linear, (*groups, "output"), strict=True):
            _set_linear(linear, weights, f"{name}/{part}", letters)
    _set_norm(layer.ffn.layer_norm, weights, f"{name}/ffn_{where}")
    _set_linear(layer.ffn.linear_0, weights, f"{name}/ffn", "conv1", "")
    _set_linear(layer.ffn.linear_1, weights, f"{name}/ffn", "conv2", "")


def _set_norm(norm: Any, weights: Mapping[str, np.ndarray], name: str) -> None:
    norm.gamma, norm.beta = weights[f"{name}/norm/gamma"], weights[f"{name}/norm/beta"]


def _set_linear(
    linear: Any,
    weights: Mapping[str, np.ndarray],
    where: str,
    name: str,
    suffix: str = "_transform",
) -> None:
    """A projection, of T2T 1.15 one for each letter, side by side here."""
    whole = f"{where}/{name}{suffix}"
    names = [whole]
    if f"{whole}/kernel" not in weights:
        names = [f"{where}/{letter}{suffix}" for letter in name]
    kernels = [weights[f"{one}/kernel"] for one in names]
    linear.weight = np.ascontiguousarray(np.concatenate(kernels, axis=1).T)
    if f"{whole}/bias" in weights:
        linear.bias = weights[f"{whole}/bias"]
