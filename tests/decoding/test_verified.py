"""Verified drafts are greedy search's output, whatever is drafted."""

import numpy as np
import pytest

from t2t_hint_nart.decoding.verified import Choices, Verified, verified_search
from tests.oracles import verified as oracle

VOCAB, EOS = 6, 1


def fake_model(seed):
    """Logits that depend on the sentence and all tokens before."""

    def next_logits(sentence, prefix):
        rng = np.random.default_rng([seed, sentence, *prefix])
        logits = rng.normal(size=VOCAB)
        logits[0] = -1e3
        # Ends become likely.
        logits[EOS] += 0.4 * len(prefix) - 2
        return logits

    return next_logits


class Teacher:
    """A verifier whose pass is made position by position; `widths` are of its passes."""

    def __init__(self, next_logits):
        self.next_logits = next_logits
        self.widths = []

    def encode(self, inputs):
        return {"sentence": np.arange(len(inputs))}

    def choose(self, source, targets):
        self.widths.append(targets.shape[1])
        ids, log_probs, gaps = (np.zeros(targets.shape, kind) for kind in ("i4", "f4", "f4"))
        for b, row in enumerate(targets):
            for t in range(len(row)):
                prefix = tuple(int(i) for i in row[:t])
                logits = self.next_logits(int(source["sentence"][b]), prefix)
                log_p = logits - np.log(np.exp(logits).sum())
                ids[b, t], log_probs[b, t] = int(np.argmax(log_p)), log_p.max()
                gaps[b, t] = log_p.max() - log_p[row[t]]
        return Choices(ids, log_probs, gaps)


def saying(words):
    """Says these words one after the other, and then EOS, as long as it is given them."""

    def next_logits(sentence, prefix):
        del sentence
        begun = prefix == words[: len(prefix)] and len(prefix) < len(words)
        return np.eye(20)[words[len(prefix)] if begun else 19]

    return next_logits


def search(next_logits, drafts, limits, tolerance=0.0):
    teacher = Teacher(next_logits)
    return verified_search(teacher.choose, teacher.encode(drafts), drafts, limits, tolerance)


def greedy(next_logits, limits):
    return [
        list(oracle.greedy(lambda prefix, b=b: next_logits(b, prefix), limit))
        for b, limit in enumerate(limits)
    ]


LIMITS = [1, 5, 12, 30, 0]


@pytest.mark.parametrize("seed", range(6))
def test_the_output_is_greedy_searchs_whatever_is_drafted(seed):
    rng, next_logits = np.random.default_rng(seed), fake_model(seed)
    wanted = greedy(next_logits, LIMITS)
    drafts = {
        "random": [[*rng.integers(2, VOCAB, 9).tolist(), EOS] for _ in LIMITS],
        "empty": [[] for _ in LIMITS],
        "too long": [[*rng.integers(2, VOCAB, 40).tolist(), EOS] for _ in LIMITS],
        "ending early": [[EOS] for _ in LIMITS],
        "without an end": [[2, 3] for _ in LIMITS],
        "equal": wanted,
    }
    for name, draft in drafts.items():
        found = search(next_logits, draft, LIMITS)
        assert [one.ids for one in found] == wanted, name
        assert all(one.passes <= len(one.ids) for one in found)
        for b, one in enumerate(found):
            by_oracle = oracle.verified(
                lambda prefix, b=b: next_logits(b, prefix), oracle.whole_draft(draft[b]), LIMITS[b]
            )
            assert by_oracle[0] == tuple(one.ids)
            total = 0.0
            for t in range(len(one.ids)):
                logits = next_logits(b, tuple(one.ids[:t]))
                total += logits[one.ids[t]] - np.log(np.exp(logits).sum())
            assert one.log_prob == pytest.approx(total, abs=1e-4)
    assert [one.passes for one in search(next_logits, wanted, LIMITS)] == [1, 1, 1, 1, 0]


@pytest.mark.parametrize(
    ("draft", "passes"),
    [
        ([5, 6, 7, 8, 9, EOS], 1),
        ([5, 6, 7, 8, 9], 1),  # its end is in the same pass
        ([], 6),
    ],
)
def test_passes_by_hand(draft, passes):
    words = (5, 6, 7, 8, 9, EOS)
    (found,) = search(saying(words), [draft], [20])
    assert (tuple(found.ids), found.passes) == (words, passes)


def chain(sentence, prefix):
    """Each token is followed by the next larger, whatever was before, and 9 by the end."""
    del sentence
    return np.eye(20)[(prefix[-1] + 1 if prefix[-1] != 9 else EOS) if prefix else 5]


@pytest.mark.parametrize(
    ("draft", "passes"),
    [
        ([5, 6, 6, 7, 8, 9, EOS], 2),  # one 6 too many
        ([5, 7, 8, 9, EOS], 3),  # 6 is lacking: what follows it isn't known before it is said
        ([9, 5, 6, 7, 8, 9, EOS], 2),
        ([5, 6, 12, 8, 9, EOS], 3),  # nor what follows 7
    ],
)
def test_the_rest_of_a_draft_is_found_again(draft, passes):
    (found,) = search(chain, [draft], [20])
    assert (found.ids, found.passes) == ([5, 6, 7, 8, 9, EOS], passes)


def test_batches_change_nothing():
    drafts = np.random.default_rng(1).integers(2, VOCAB, size=(4, 6)).tolist()
    limits = [9, 3, 20, 6]
    next_logits = fake_model(2)
    together = search(next_logits, drafts, limits)
    for b in range(4):
        (alone,) = search(
            lambda _, prefix, b=b: next_logits(b, prefix), drafts[b : b + 1], limits[b : b + 1]
        )
        assert alone == together[b]


def test_few_widths_a_sentence():
    """For each LiteRT plans its memory anew."""
    teacher = Teacher(lambda _, prefix: np.eye(20)[2 + len(prefix) ** 2 % 7])
    (found,) = verified_search(teacher.choose, {"sentence": np.arange(1)}, [[9] * 6], [30])
    assert len(found.ids) == 30 and 8 < found.passes == len(teacher.widths)
    assert (
        sorted(set(teacher.widths)) == [10, 18, 26, 30] and sorted(teacher.widths) == teacher.widths
    )


def test_a_tolerance_keeps_what_is_nearly_as_good():
    drafts, limits, next_logits = [[2, 3, 4, 2, EOS]], [20], fake_model(5)
    assert search(next_logits, drafts, limits, tolerance=100.0)[0].ids == drafts[0]
    exact = search(next_logits, drafts, limits)[0].ids
    assert search(next_logits, drafts, limits, tolerance=1e-9)[0].ids == exact != drafts[0]
    (some,) = search(next_logits, drafts, limits, tolerance=1.0)
    total = 0.0
    for t, token in enumerate(some.ids):
        logits = next_logits(0, tuple(some.ids[:t]))
        assert logits.max() - logits[token] <= 1.0
        total += logits[token] - np.log(np.exp(logits).sum())
    assert some.log_prob == pytest.approx(total, abs=1e-4)


def test_a_decoding_is_verified():
    """Drafts without an end get one; a source without a word has no translation."""
    inputs = np.array([[5, 6, 1, 0], [1, 0, 0, 0], [4, 4, 4, 1]], np.int32)
    drafted = np.array([[[2, 3, 4, 5]], [[2, 0, 0, 0]], [[3, 1, 7, 7]]], np.int32)
    next_logits = fake_model(7)
    decode = Verified(lambda ids: (drafted[: len(ids)], None), Teacher(next_logits), extra_length=2)
    ids, scores, passes = decode(inputs)
    wanted = greedy(next_logits, [5, 0, 6])
    assert [[int(i) for i in row if i] for row in ids[:, 0]] == [wanted[0], [EOS], wanted[2]]
    assert ids.dtype == passes.dtype == np.int32 and scores.dtype == np.float32
    assert scores[1] == passes[1] == 0 and (passes[[0, 2]] > 0).all()
    assert [part.shape for part in decode(inputs[1:2])] == [(1, 1, 1), (1, 1), (1, 1)]
    assert [len(part) for part in decode(inputs[:0])] == [0, 0, 0]
