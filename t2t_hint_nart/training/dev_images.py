"""Pictures of one sentence of the development set, for TensorBoard."""

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from t2t_hint_nart.data.problem import Problem, TextEncoder
from t2t_hint_nart.data.shards import read_shard
from t2t_hint_nart.evaluation.probes import cosine_matrix
from t2t_hint_nart.models.network import ATTENTION, HIDDEN, Output, forward, probe_sizes
from t2t_hint_nart.text.reserved import token_labels

# Long enough to show something, short enough to read.
FITTING_TOKENS = (8, 16)
SENTENCES_LOOKED_AT = 200
Pictures = dict[str, np.ndarray]


def fixed_sentence(problem: Problem, data_dir: str, split: str) -> tuple[list[int], list[int]]:
    """Return the first pair of a split that is neither short nor long: source and target ids."""
    source, target = problem.features(split)
    pairs: list[tuple[list[int], list[int]]] = []
    for example in read_shard(problem.shard_files(data_dir, split)[0]):
        pairs.append(([int(i) for i in example[source]], [int(i) for i in example[target]]))
        if all(FITTING_TOKENS[0] <= len(side) <= FITTING_TOKENS[1] for side in pairs[-1]):
            return pairs[-1]
        if len(pairs) == SENTENCES_LOOKED_AT:
            break
    longest = FITTING_TOKENS[1]
    return min(pairs, key=lambda pair: abs(max(map(len, pair)) - longest))


def make_pictures(
    network: keras.Model,
    encoders: dict[str, TextEncoder],
    sentence: tuple[Sequence[int], Sequence[int]],
) -> Callable[[], Pictures]:
    """Return a function that looks into the network as it is while it reads a sentence.

    The network runs eagerly: for one sentence that is quicker than tracing a graph. Rows are named
    by what it predicts at each position under teacher forcing.

    Args:
        network: what is looked into.
        encoders: vocabularies of inputs and targets.
        sentence: ids of source and target, EOS last.

    Returns:
        A function → {"attention": encoder-decoder attention of the first, middle and last layer,
        the largest weight of all heads; "cosine_similarity": of the states of these layers}.
    """
    if not {ATTENTION, HIDDEN} <= probe_sizes(network).keys():
        return dict
    inputs, targets = (tf.constant([ids], tf.int32) for ids in sentence)
    source = _pieces(encoders["inputs"], sentence[0])

    def pictures() -> Pictures:
        output = forward(network, inputs, targets, probes=(ATTENTION, HIDDEN))
        predicted = np.asarray(output.logits)[0].argmax(-1)
        return _draw(output, source, _pieces(encoders["targets"], predicted.tolist()))

    return pictures


def _draw(output: Output, source: list[str], target: list[str]) -> Pictures:
    # Matplotlib takes a second to import, which a run without pictures needn't wait for.
    from t2t_hint_nart.evaluation import heatmaps

    attention, hidden = (np.asarray(output.probes[name])[0] for name in (ATTENTION, HIDDEN))
    last = len(hidden) - 1
    layers = sorted({0, last // 2, last})
    weights = [
        heatmaps.attention_panel(f"Layer {layer + 1}", source, target, attention[layer].max(axis=0))
        for layer in layers
    ]
    cosines = [
        heatmaps.similarity_panel(f"Layer {layer + 1}", target, cosine_matrix(hidden[layer]))
        for layer in layers
    ]
    return {
        "attention": heatmaps.pixels(heatmaps.attention_figure(weights)),
        "cosine_similarity": heatmaps.pixels(heatmaps.similarity_figure(cosines)),
    }


def _pieces(encoder: TextEncoder, ids: Sequence[int]) -> list[str]:
    return token_labels(ids, encoder.decode_list(ids))
