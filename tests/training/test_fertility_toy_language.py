"""A language whose words become none, one or two is learnt from pairs alone, and decoded."""

import random

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.decoding.fertilities import Fertilities
from tests.training.toy_training import trained as train

# Half of the ids are the source's words, the others the target's.
WORDS, LONGEST = 32, 10
VOCAB = 2 + 2 * WORDS
STEPS = 450


def translated(word):
    """Two tokens, one or none, by the word."""
    return [word + WORDS, 2 * WORDS + 3 - word][: (1, 2, 1, 1, 1, 2, 1, 0)[word % 8]]


def language(count, seed):
    """Pairs of 3 to 10 words, each at most once."""
    rng = np.random.default_rng(seed)
    sources = [
        (rng.permutation(WORDS)[: rng.integers(3, LONGEST + 1)] + 2).tolist() for _ in range(count)
    ]
    return [([*s, 1], [token for word in s for token in translated(word)] + [1]) for s in sources]


def batches(pairs, rng):
    """64 pairs a step, padded."""
    for _ in range(STEPS):
        chosen = [pairs[index] for index in rng.integers(0, len(pairs), 64)]
        sources, targets = zip(*chosen, strict=True)
        yield padded(sources, LONGEST + 1), padded(targets, 2 * LONGEST + 1)


def padded(rows, size):
    return np.array([row + [0] * (size - len(row)) for row in rows], np.int32)


@pytest.fixture(scope="module")
def trained():
    random.seed(3)
    hparams = registry.hparams("transformer_nat_fertility_multi30k").override_from_dict(
        {
            "hidden_size": 32,
            "filter_size": 64,
            "num_heads": 2,
            "num_hidden_layers": 2,
            "fertility_classes": 4,
            "layer_prepostprocess_dropout": 0.0,
            "attention_dropout": 0.0,
            "relu_dropout": 0.0,
            "learning_rate": 0.15,
            "learning_rate_warmup_steps": 60,
        }
    )
    network = registry.model("transformer_nat_fertility")(hparams, VOCAB)
    pairs = language(2000, seed=4)
    network.prepare(pairs, "")
    told = train(network, hparams, batches(pairs, np.random.default_rng(5)))
    return network, hparams, np.array([(row["nll"], row["fertility"]) for row in told])


def test_both_losses_fall(trained):
    _, _, history = trained
    before, after = history[:20].mean(axis=0), history[-20:].mean(axis=0)
    assert (after < [0.1, 0.3] * before).all(), (before, after)


def test_unseen_sentences_are_translated(trained):
    network, hparams, _ = trained
    unseen = language(100, seed=6)
    strategy = Fertilities(decode_hparams("", "fertilities"), hparams)
    inputs = padded([source for source, _ in unseen], LONGEST + 1)
    found = strategy(network, tf.constant(inputs)).ids[:, 0].numpy()
    right = total = 0
    for row, (_, target) in zip(found.tolist(), unseen, strict=True):
        read = [token for token in row if token]
        right += sum(a == b for a, b in zip(read, target, strict=False))
        total += max(len(read), len(target))
    # One token too many or too few, and all behind it are wrong.
    assert right > 0.9 * total, f"{right} of {total}"
    swapped = sum(
        a == b
        for row, (_, target) in zip(found[1:].tolist(), unseen, strict=False)
        for a, b in zip(row, target, strict=False)
    )
    assert swapped < 0.5 * total
