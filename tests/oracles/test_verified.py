"""Verified drafts are greedy search, whatever is drafted; passes and accepted ids by hand."""

import numpy as np
import pytest

from tests.oracles import beam_search
from tests.oracles.verified import first_draft, greedy, verified, whole_draft

WORDS = (5, 6, 7, 8, 1)


def teacher_of(words):
    """Says these words; after anything else, and after them, it says 4."""

    def next_logits(prefix):
        begun = prefix == words[: len(prefix)] and prefix != words
        return np.eye(10)[words[len(prefix)] if begun else 4]

    return next_logits


def random_teacher(seed, vocab_size=5, eos_id=1):
    """Logits that depend on the whole prefix; every value twice or so, for ties."""

    def next_logits(prefix):
        generator = np.random.default_rng([seed, *prefix])
        logits = generator.integers(0, vocab_size, vocab_size)
        logits[eos_id] -= 1
        return logits.astype(float)

    return next_logits


@pytest.mark.parametrize(
    "draft, accepted, passes",
    [
        (WORDS, 5, 1),
        (WORDS[:4], 4, 1),  # EOS is the teacher's own, from the same pass
        (WORDS[:3], 3, 2),
        ((), 0, 5),
        ((5, 9, 7, 8, 1), 4, 2),  # the rest of the draft goes on after the teacher's 6
        ((9, 5, 6, 7, 8, 1), 0, 5),  # shifted by one
        ((5, 6, 7, 8, 1, 4, 4), 5, 1),  # what the teacher would say after EOS
        ((9, 9, 9, 9, 9, 9), 0, 5),
    ],
)
def test_counts_by_hand(draft, accepted, passes):
    assert verified(teacher_of(WORDS), whole_draft(draft), 9) == (WORDS, accepted, passes)


def test_a_draft_for_the_first_pass_alone():
    assert verified(teacher_of(WORDS), first_draft((5, 9, 7, 8, 1)), 9) == (WORDS, 1, 4)


@pytest.mark.parametrize("limit, accepted, passes", [(0, 0, 0), (1, 1, 1), (3, 3, 1), (4, 3, 1)])
def test_limit(limit, accepted, passes):
    found = verified(teacher_of(WORDS), whole_draft((5, 6, 7)), limit)
    assert found == (WORDS[:limit], accepted, passes)


@pytest.mark.parametrize("seed", range(20))
def test_any_draft_gives_the_greedy_output(seed):
    generator = np.random.default_rng(seed)
    next_logits, limit = random_teacher(seed), int(generator.integers(1, 9))
    expected = greedy(next_logits, limit)
    assert expected == beam_search.greedy_search(next_logits, limit)[0]
    noise = [int(v) for v in generator.integers(0, 5, 10)]
    half_right = [int(generator.choice([right, 2])) for right in expected]
    for draft in (expected, noise, half_right, expected[1:], expected[:2] + expected):
        for drafter in (whole_draft(draft), first_draft(draft)):
            ids, accepted, passes = verified(next_logits, drafter, limit)
            assert ids == expected
            # Every pass adds one id of the teacher's, but for the last, which may not need it.
            assert len(ids) in (accepted + passes, accepted + passes - 1)


def test_drafts_of_changing_length():
    def block(prefix):
        return WORDS[len(prefix) : len(prefix) + 1]

    assert verified(teacher_of(WORDS), block, 9) == (WORDS, 3, 3)
