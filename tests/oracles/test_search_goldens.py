"""The searches, tables, copies and statistics, against T2T's golden values and sums by hand."""

import numpy as np
import pytest

from tests.oracles import beam_search, bucket_table, cosine_statistics, repetition
from tests.oracles.hard_copy import hard_copy, hard_copy_indices
from tests.oracles.length_penalty import length_penalty, normalized_score
from tests.oracles.soft_copy import soft_copy, soft_copy_weights
from tests.oracles.timing_signal import timing_signal


def runs(*pairs):
    return [size for size, count in pairs for _ in range(count)]


BOUNDARIES = [*range(8, 21), 22, 24, 26, 28, 30, 33, 36, 39, 42, 46, 50, 55, 60, 66, 72, 79, 86, 94]
BOUNDARIES += [103, 113, 124, 136, 149, 163, 179, 196, 215, 236]
SIZES_4096 = runs(
    (420, 2),
    (315, 4),
    (252, 3),
    (210, 3),
    (180, 2),
    (140, 3),
    (126, 1),
    (105, 3),
    (90, 1),
    (84, 1),
    (70, 2),
    (63, 1),
    (60, 1),
    (45, 3),
    (42, 1),
    (36, 2),
    (30, 2),
    (21, 3),
    (20, 1),
    (18, 1),
    (15, 2),
)


def test_bucket_table_4096():
    boundaries, sizes = bucket_table.bucket_table(4096, 256)
    assert boundaries == BOUNDARIES and len(boundaries) == 41
    assert sizes == SIZES_4096 and len(sizes) == 42
    # Padded to the longest sentence a bucket can hold (below its upper bound; 256 in the last).
    longest = [upper - 1 for upper in boundaries] + [256]
    assert max(n * length for n, length in zip(sizes, longest, strict=True)) == 4050
    assert bucket_table.bucket_table(4096, 256, num_gpus=4)[1] == [4 * n for n in SIZES_4096]


@pytest.mark.parametrize(
    "batch_size, start, end",
    [
        (1024, runs((120, 1), (90, 3), (72, 3), (60, 3), (45, 4)), [4, 4]),
        (2048, runs((240, 1), (180, 3), (144, 3)), [9, 8, 8]),
    ],
)
def test_bucket_table_of_smaller_batches(batch_size, start, end):
    boundaries, sizes = bucket_table.bucket_table(batch_size, 256)
    assert boundaries == BOUNDARIES
    assert sizes[: len(start)] == start and sizes[-len(end) :] == end
    assert sizes[len(start)] < start[-1]


def test_bucket_index_and_default_length():
    assert [bucket_table.bucket_index(n, BOUNDARIES) for n in (1, 7, 8, 9, 235, 236, 300)] == [
        0,
        0,
        1,
        2,
        40,
        41,
        41,
    ]
    assert bucket_table.bucket_table(64, 0) == bucket_table.bucket_table(64, 64)
    assert [bucket_table.highly_composite_number(n) for n in (1, 5, 100, 384, 1536)] == [
        1,
        4,
        60,
        360,
        1260,
    ]


def test_timing_signal():
    signal = timing_signal(3, 8)
    golden = [0.8415, 0.0464, 0.0022, 0.0001, 0.5403, 0.9989, 1.0, 1.0]
    assert np.round(signal[1], 4).tolist() == golden
    assert signal[0].tolist() == [0.0] * 4 + [1.0] * 4
    assert signal[2, 3] == pytest.approx(np.sin(2e-4))
    odd = timing_signal(3, 9)
    assert np.array_equal(odd[:, :8], signal) and not odd[:, 8].any()


def test_hard_copy():
    # 5/2 = 2.5 and 0.5 go to even; 4 -> 9 tokens would read position 4 without the clip.
    indices = hard_copy_indices([5, 1, 4, 2], [2, 3, 9, 4], 9)
    assert indices[0].tolist() == [0, 2] + [0] * 7
    assert indices[1].tolist() == [0] * 9
    assert indices[2].tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 3]
    assert indices[3, :4].tolist() == [0, 0, 1, 1]
    source = np.arange(24.0).reshape(1, 4, 6)
    copied = hard_copy(source, [4], [2], 3)
    assert np.array_equal(copied[0, :2], source[0, [0, 2]]) and not copied[0, 2].any()


def test_soft_copy():
    weights = soft_copy_weights([2, 3], [2, 2], 4, 3)
    other = np.exp(-1 / 0.3)
    assert weights[0, 0] == pytest.approx([1 / (1 + other), other / (1 + other), 0.0, 0.0])
    assert weights[0, 1] == pytest.approx([other / (1 + other), 1 / (1 + other), 0.0, 0.0])
    assert weights[1, 1, 1] == pytest.approx(weights[1, 1, 2]) and not weights[:, 2].any()
    source = np.array([[[1.0], [10.0], [np.nan], [np.nan]]])
    copied = soft_copy(source, [2], [2], 3)
    assert copied[0, 0, 0] == pytest.approx((1 + 10 * other) / (1 + other))
    assert copied[0, 2, 0] == 0.0


def test_length_penalty():
    assert length_penalty(1, 0.6) == 1.0 and length_penalty(7, 1.0) == 2.0
    assert length_penalty(9, 0.0) == 1.0 and normalized_score(-4.0, 7, 1.0) == -2.0


def random_model(seed, vocab_size, eos_logit=0.0):
    """log p of the next id, a fixed random function of the whole prefix."""

    def log_probs(prefix):
        rng = np.random.default_rng([seed, len(prefix), *prefix])
        logits = 2.0 * rng.normal(size=vocab_size)
        logits[1] += eos_logit
        return logits - np.log(np.exp(logits).sum())

    return log_probs


def test_exhaustive_search_by_hand():
    def log_probs(prefix):
        return np.log([0.4, 0.6] if not prefix else [0.1, 0.9])

    found = beam_search.exhaustive_search(log_probs, 2, 3, 2, alpha=0.0)
    assert [ids for ids, _ in found] == [(1,), (0, 1)]
    assert [score for _, score in found] == pytest.approx([np.log(0.6), np.log(0.36)])
    found = beam_search.exhaustive_search(log_probs, 2, 2, 2, alpha=5.0)
    assert found[0] == ((0, 1), pytest.approx(np.log(0.36) / (7 / 6) ** 5))


@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.5])
@pytest.mark.parametrize("seed", range(4))
def test_full_width_search_is_exhaustive(seed, alpha):
    vocab_size, max_steps = 3, 4
    model = random_model(seed, vocab_size)
    best = beam_search.exhaustive_search(model, vocab_size, 5, max_steps, alpha)
    width = vocab_size**max_steps
    found, steps = beam_search.search(
        model, width, max_steps, alpha, stopping=beam_search.run_to_limit
    )
    assert steps == max_steps
    assert [ids for ids, _ in found[:5]] == [ids for ids, _ in best]
    assert [s for _, s in found[:5]] == pytest.approx([s for _, s in best])
    # Both early rules are exact for the first result.
    for stopping in (beam_search.worst_finished, beam_search.best_finished):
        early, _ = beam_search.search(model, width, max_steps, alpha, stopping=stopping)
        assert early[0] == found[0]


def test_stopping_rules_differ_in_steps():
    steps = {}
    for stopping in (
        beam_search.best_finished,
        beam_search.worst_finished,
        beam_search.all_finished,
        beam_search.run_to_limit,
    ):
        made = [
            beam_search.search(random_model(seed, 6, 1.0), 3, 12, 0.6, stopping=stopping)
            for seed in range(20)
        ]
        steps[stopping.__name__] = sum(n for _, n in made)
    assert steps["best_finished"] < steps["worst_finished"] <= steps["all_finished"]
    assert steps["all_finished"] < steps["run_to_limit"] == 240


def test_nothing_finished_gives_unnormalized_alive():
    def log_probs(prefix):
        return [np.log(0.5), -np.inf, np.log(0.3), np.log(0.2)]

    found, steps = beam_search.search(log_probs, 2, 3, alpha=0.6)
    assert steps == 3 and found[0] == ((0, 0, 0), pytest.approx(3 * np.log(0.5)))
    ids, scores = beam_search.batch_search([log_probs, log_probs], 2, [1, 3], alpha=0.6)
    assert ids.tolist() == [[[0, 0, 0], [2, 0, 0]], [[0, 0, 0], [0, 0, 2]]]
    assert scores[0] == pytest.approx([np.log(0.5), np.log(0.3)])


def test_beam_of_one_is_greedy_until_eos_wins():
    ended = 0
    for seed in range(10):
        model = random_model(seed, 5, 0.5)
        ids, total = beam_search.greedy_search(model, 6)
        if ids[-1] != 1:
            continue
        ended += 1
        # Along the greedy path the first hypothesis never leaves the beam.
        found, _ = beam_search.search(model, 1, 6, 0.0)
        assert found[0][1] >= total - 1e-12
    assert ended > 3
    assert beam_search.greedy_search(lambda prefix: [-1.0, -1.0, -1.0], 2)[0] == (0, 0)


def test_cosine_statistics_by_hand():
    states = np.array([[1.0, 0.0], [0.0, 2.0], [0.6, 0.8], [9.0, 9.0]])
    hidden = np.stack([states, states[::-1]])[None]
    mask = [[True, True, True, False]]
    mean, shares, pairs = cosine_statistics.layer_cosine_statistics(hidden, mask)[0]
    assert mean == pytest.approx(1.4 / 3) and shares == pytest.approx((1 / 3, 1 / 3)) and pairs == 3
    assert cosine_statistics.cosine_statistics(hidden, mask)[2] == 6
    assert cosine_statistics.cosine_statistics(hidden, [[True] + [False] * 3])[2] == 0
    matrix = cosine_statistics.cosine_matrix(states[:3])
    assert matrix == pytest.approx(np.array([[1, 0, 0.6], [0, 1, 0.8], [0.6, 0.8, 1]]))


def test_repetition():
    assert repetition.repetition_counts([[5, 5, 5, 6], [6], []]) == (2, 5)
    assert repetition.repetition_percent([[5, 5, 5, 6], [6], []]) == 40.0
    assert repetition.repetition_percent([]) == 0.0
