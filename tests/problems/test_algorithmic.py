"""The toy problems."""

import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.data.problem import DatasetSplit

REVERSED = {"algorithmic_reverse_tiny": True, "algorithmic_copy_tiny": False}


def samples(problem, split):
    return [
        (pair["inputs"].split(), pair["targets"].split())
        for pair in problem.generate_samples("", "", split)
    ]


@pytest.mark.parametrize("name", REVERSED)
def test_targets_and_sizes(name):
    problem = registry.problem(name)
    for split, size in ((DatasetSplit.TRAIN, 4000), ("dev", 100), ("test", 100)):
        pairs = samples(problem, split)
        assert len(pairs) == size
        for source, target in pairs:
            assert target == (source[::-1] if REVERSED[name] else source)
            assert 1 <= len(source) <= 8 and all(digit in "0123456789" for digit in source)


def test_held_out_sequences_are_new():
    problem = registry.problem("algorithmic_reverse_tiny")
    train, dev, test = (
        {tuple(source) for source, _ in samples(problem, split)} for split in DatasetSplit.ALL
    )
    assert not train & dev and not train & test and not dev & test


def test_seed():
    problem = registry.problem("algorithmic_copy_tiny")
    first = samples(problem, "dev")
    assert samples(problem, "dev") == first
    problem.random_seed = 1
    assert samples(problem, "dev") != first


def test_shards(tmp_path):
    problem = registry.problem("algorithmic_reverse_tiny")
    problem.generate_data(tmp_path, tmp_path)
    encoder = problem.feature_encoders(tmp_path)["inputs"]
    assert len(encoder.encode("3 1 4 1 5")) == 5
    assert [(s.split(), t.split()) for s, t in problem.text_pairs(tmp_path, "test")] == samples(
        problem, "test"
    )
