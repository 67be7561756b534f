"""Pictures of one sentence of the development set, for TensorBoard."""

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from t2t_hint_nart.data.problem import Problem, TextEncoder
from t2t_hint_nart.data.shards import read_shard
from t2t_hint_nart.evaluation.probes import cosine_matrix
from t2t_hint_nart.inspection import figures
from t2t_hint_nart.inspection.generated import NEEDED, labels
from t2t_hint_nart.models.network import ATTENTION, HIDDEN, Output, forward, probe_sizes

# Long enough to show something, short enough to read.
FITTING_TOKENS = (8, 16)
SENTENCES_LOOKED_AT = 200
Pictures = dict[str, NDArray[np.uint8]]


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
        the mean over heads as t2t-visualize draws it, so that a row's weights sum to 1;
        "cosine_similarity": of the states of these layers}; → {} if the network hasn't got these
        probes.
    """
    if not probe_sizes(network).keys() >= set(NEEDED):
        return dict
    inputs, targets = (tf.constant([ids], tf.int32) for ids in sentence)
    source = labels(encoders["inputs"], sentence[0])

    def pictures() -> Pictures:
        output = forward(network, inputs, targets, probes=NEEDED)
        predicted = np.asarray(output.logits)[0].argmax(-1)
        return _draw(output, source, labels(encoders["targets"], predicted.tolist()))

    return pictures


def _draw(output: Output, source: list[str], target: list[str]) -> Pictures:
    attention, hidden = (np.asarray(output.probes[name])[0] for name in (ATTENTION, HIDDEN))
    last = len(hidden) - 1
    weights, cosines = [], []
    for layer in sorted({0, last // 2, last}):
        mean = attention[layer].mean(axis=0)
        weights.append(figures.HeatmapPanel(f"Mean of layer {layer + 1}", source, target, mean))
        cosine = cosine_matrix(hidden[layer])
        cosines.append(figures.HeatmapPanel(f"Layer {layer + 1}", target, target, cosine))
    return {
        "attention": figures.pixels(figures.attention_figure(weights)),
        "cosine_similarity": figures.pixels(figures.similarity_figure(cosines)),
    }
