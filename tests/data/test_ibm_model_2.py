"""IBM model 2: equal to its loops, never less likely, and a dictionary is found again."""

import itertools

import numpy as np
import pytest

from t2t_hint_nart.data import ibm_model_2
from t2t_hint_nart.data.ibm_model_2 import IbmModel2, digamma, measure_word_alignment
from t2t_hint_nart.data.word_alignment import FLOOR, WordAlignment
from t2t_hint_nart.errors import InputError
from tests.oracles import ibm_model_2 as oracle

VOCAB = 9


def random_pairs(count=12, seed=1):
    rng = np.random.default_rng(seed)
    return [
        tuple(rng.integers(2, VOCAB, rng.integers(1, 6)).tolist() for _ in range(2))
        for _ in range(count)
    ]


PAIRS = random_pairs()


def planted_pairs(count=200, words=30, seed=2):
    """Word w becomes w + 100, once, twice or never; neighbours are swapped now and then."""
    rng = np.random.default_rng(seed)
    pairs = []
    for _ in range(count):
        source = rng.permutation(words)[: rng.integers(3, 9)] + 2
        target = [int(x) + 100 for x in source for _ in range((1, 1, 2, 0)[x % 4])]
        if len(target) > 1 and rng.random() < 0.5:
            target[:2] = target[1::-1]
        pairs.append(([*source.tolist(), 1], [*target, 1]))
    return pairs


@pytest.mark.parametrize("x", [0.01, 0.5, 1.0, 3.7, 250.0])
def test_digamma(x):
    assert float(digamma(np.array(x))) == pytest.approx(oracle.digamma(x), abs=1e-8)


@pytest.mark.parametrize("variational", [True, False])
@pytest.mark.parametrize("block", [4_000_000, 20])
def test_passes_equal_the_loops(variational, block, monkeypatch):
    monkeypatch.setattr(ibm_model_2, "_BLOCK_CELLS", block)
    table, tension, likelihoods = oracle.run(PAIRS, VOCAB, 3, variational)
    model = IbmModel2(PAIRS, VOCAB, variational=variational)
    np.testing.assert_allclose([model.step() for _ in range(3)], likelihoods, 1e-9)
    assert model.tension == pytest.approx(tension, rel=1e-7) and tension != 4.0
    expected = [table[key // VOCAB, key % VOCAB] for key in model.keys.tolist()]
    assert len(table) == len(expected)
    np.testing.assert_allclose(model.probs, expected, 1e-6)


def test_the_tension_stays_within_its_bounds():
    diagonal = [([2, 3, 4], [2, 3, 4])] * 2 + [([4, 2, 3], [4, 2, 3])] * 2
    model = IbmModel2(diagonal, VOCAB)
    for _ in range(6):
        model.step()
    assert model.tension == 14.0


def test_the_likelihood_never_falls():
    """Without the variational prior; with it, it isn't the likelihood that rises."""
    model = IbmModel2(planted_pairs(60), 140, variational=False, fits_tension=False)
    likelihoods = [model.step() for _ in range(8)]
    assert all(after >= before - 1e-9 for before, after in itertools.pairwise(likelihoods))
    assert likelihoods[-1] > likelihoods[0]


def test_a_planted_dictionary_is_found():
    found = measure_word_alignment(planted_pairs(), 140)
    best = {}
    for key, log_prob in zip(found.keys.tolist(), found.log_probs.tolist(), strict=True):
        source, target = divmod(key, 140)
        best[target] = max(best.get(target, (-np.inf, 0)), (log_prob, source))
    assert {target: source for target, (_, source) in best.items()} == {
        word + 100: word for word in range(2, 32) if word % 4 != 3
    }


def test_what_is_kept_is_what_the_last_pass_aligns_with():
    found = measure_word_alignment(PAIRS, VOCAB)
    table, tension, _ = oracle.run(PAIRS, VOCAB, 4)
    kept = {x * VOCAB + y: np.log(t) for (x, y), t in table.items() if t > FLOOR}
    assert found.keys.tolist() == sorted(kept) and len(kept) < len(table)
    np.testing.assert_allclose(found.log_probs, [kept[key] for key in sorted(kept)], 1e-5)
    assert found.tension == pytest.approx(tension, rel=1e-7)


def test_it_is_written_and_read(tmp_path):
    path = tmp_path / "run" / "word_alignment.npz"
    measured = measure_word_alignment(PAIRS, VOCAB)
    measured.write(path)
    read = WordAlignment.read(path)
    assert (read.vocab_size, read.tension) == (VOCAB, measured.tension)
    np.testing.assert_array_equal(read.keys, measured.keys)
    np.testing.assert_array_equal(read.log_probs, measured.log_probs)
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(InputError, match="isn't an alignment of words"):
        WordAlignment.read(path)


@pytest.mark.parametrize("pairs", [[], [([1], [5, 1])], [([5, 1], [1])]])
def test_there_must_be_words(pairs):
    with pytest.raises(InputError, match="at least one pair"):
        measure_word_alignment(pairs, VOCAB)
