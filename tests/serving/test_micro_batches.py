"""Which sentences are translated together, and what becomes of each. By events, never by time."""

import asyncio
import itertools
import threading
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.serving.decodes import Hypothesis
from t2t_hint_nart.serving.micro_batches import (
    BatchLimits,
    MicroBatches,
    QueueFullError,
    TranslationError,
    economical_batch,
)

EVER = 3600.0
BAD, TOO_LONG, REFUSED = 13, 99, 77


class Translate:
    """Says the ids of each source; notes the batches; waits for `go` if it is made to."""

    def __init__(self):
        self.batches = []
        self.begun, self.go = threading.Event(), threading.Event()
        self.go.set()

    def __call__(self, sources):
        self.batches.append([list(source) for source in sources])
        self.begun.set()
        assert self.go.wait(30)
        if any(BAD in source for source in sources):
            raise RuntimeError("a bad one")
        if any(REFUSED in source for source in sources):
            raise InputError("Refused for a reason.")
        return [None if TOO_LONG in s else Hypothesis(str(list(s)), -1.0) for s in sources]


def run(scenario, **limits):
    """Run `scenario(batches, translate)` beside a worker; return its result and all batches."""
    translate, observed = Translate(), []

    async def main():
        chosen = BatchLimits(**{"wait_secs": EVER, **limits})
        batches = MicroBatches(translate, chosen, lambda *told: observed.append(told[:2]))
        worker = asyncio.create_task(batches.run())
        try:
            return await asyncio.wait_for(scenario(batches, translate), 30)
        finally:
            translate.go.set()
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)

    result = asyncio.run(main())
    # Those that failed were tried once more, a sentence at a time.
    if not any({BAD, REFUSED} & {*source} for batch in translate.batches for source in batch):
        assert observed == [(len(b), len(b) * max(map(len, b))) for b in translate.batches]
    return result, translate.batches


def texts(found):
    return [hypothesis.text for hypothesis in found]


async def begun(translate):
    await asyncio.to_thread(translate.begun.wait, 30)


def test_requests_share_a_full_batch_and_get_their_own():
    async def scenario(batches, translate):
        return await asyncio.gather(*(batches.translate([[n, 1]]) for n in (5, 6, 7)))

    found, batches = run(scenario, sentences=3)
    assert [texts(one) for one in found] == [["[5, 1]"], ["[6, 1]"], ["[7, 1]"]]
    assert batches == [[[5, 1], [6, 1], [7, 1]]]


def test_a_sentence_alone_waits_no_longer_than_is_said():
    async def scenario(batches, translate):
        return texts(await batches.translate([[5, 1]]))

    assert run(scenario, wait_secs=0.001) == (["[5, 1]"], [[[5, 1]]])
    assert run(scenario, wait_secs=0.0) == (["[5, 1]"], [[[5, 1]]])


def test_what_comes_while_a_batch_is_computed_is_the_next_one():
    async def scenario(batches, translate):
        translate.go.clear()
        first = asyncio.create_task(batches.translate([[5, 1]]))
        await begun(translate)
        others = [asyncio.create_task(batches.translate([[n, 1]])) for n in (6, 7, 8)]
        while len(batches) < 3:
            await asyncio.sleep(0)
        translate.go.set()
        return [texts(found) for found in await asyncio.gather(first, *others)]

    found, batches = run(scenario, wait_secs=0.0)
    assert found == [["[5, 1]"], ["[6, 1]"], ["[7, 1]"], ["[8, 1]"]]
    assert batches == [[[5, 1]], [[6, 1], [7, 1], [8, 1]]]


def test_a_request_of_more_sentences_than_a_batch_keeps_their_order():
    sources = [[n, 1] for n in range(2, 9)]

    async def scenario(batches, translate):
        return texts(await batches.translate(sources))

    found, batches = run(scenario, sentences=3, wait_secs=0.0)
    assert found == [str(source) for source in sources]
    assert list(map(len, batches)) == [3, 3, 1]


def test_padding_counts():
    lengths = (2, 2, 4, 4, 9, 2)

    async def scenario(batches, translate):
        return await batches.translate([[7] * length for length in lengths])

    _, batches = run(scenario, tokens=8, wait_secs=0.0)
    assert [list(map(len, batch)) for batch in batches] == [[2, 2, 2], [4, 4], [9]]


@given(st.lists(st.integers(1, 60), min_size=1, max_size=7), st.integers(1, 7), st.integers(1, 200))
def test_a_batch_holds_the_oldest_and_most_tokens_for_its_cost(lengths, sentences, tokens):
    def worth(places):
        own = [lengths[place] for place in places]
        return Fraction(sum(own), 40 + len(own) * max(own))

    def fits(places):
        padded = len(places) * max(lengths[place] for place in places)
        return len(places) <= sentences and (padded <= tokens or len(places) == 1)

    order = sorted(range(len(lengths)), key=lambda place: lengths[place])
    cuts = itertools.combinations(range(len(lengths) + 1), 2)
    runs = [order[start:end] for start, end in cuts]
    best = max(worth(places) for places in runs if 0 in places and fits(places))
    found = economical_batch(lengths, sentences, tokens)
    assert found[0] == 0 and found == sorted(set(found)) and fits(found)
    assert worth(found) == best


def test_one_of_unlike_length_waits_for_no_more_batches_than_sentences_came_before():
    async def scenario(batches, translate):
        translate.go.clear()
        first = asyncio.create_task(batches.translate([[5] * 9]))
        await begun(translate)
        odd = asyncio.create_task(batches.translate([[6] * 9, [7] * 90]))
        await asyncio.sleep(0)
        later = asyncio.create_task(batches.translate([[8] * 9] * 40))
        await asyncio.sleep(0)
        translate.go.set()
        await asyncio.gather(first, odd, later)

    _, batches = run(scenario, sentences=8, wait_secs=0.0)
    assert [batch[0][0] for batch in batches[:3]] == [5, 6, 7]


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (BAD, "couldn't be translated: RuntimeError$"),
        (TOO_LONG, "too long for this machine's memory"),
        (REFUSED, "couldn't be translated: Refused for a reason."),
    ],
)
def test_a_bad_sentence_fails_its_own_request_alone(bad, told):
    async def scenario(batches, translate):
        requests = ([[5, 1]], [[6, 1], [bad, 1], [7, 1]], [[8, 1]])
        return await asyncio.gather(*map(batches.translate, requests), return_exceptions=True)

    (first, failed, last), _ = run(scenario, sentences=5)
    assert texts(first) == ["[5, 1]"] and texts(last) == ["[8, 1]"]
    assert isinstance(failed, TranslationError)
    with pytest.raises(TranslationError, match=told):
        raise failed


def test_a_full_queue_takes_no_part_of_a_request():
    async def scenario(batches, translate):
        translate.go.clear()
        first = asyncio.create_task(batches.translate([[5, 1]]))
        await begun(translate)
        waiting = asyncio.create_task(batches.translate([[6, 1], [7, 1]]))
        await asyncio.sleep(0)
        with pytest.raises(QueueFullError):
            await batches.translate([[8, 1], [9, 1]])
        assert len(batches) == 2
        third = asyncio.create_task(batches.translate([[8, 1]]))
        await asyncio.sleep(0)
        assert len(batches) == 3
        translate.go.set()
        return [texts(found) for found in await asyncio.gather(first, waiting, third)]

    found, _ = run(scenario, queue=3, wait_secs=0.0)
    assert found == [["[5, 1]"], ["[6, 1]", "[7, 1]"], ["[8, 1]"]]


def test_what_nobody_waits_for_is_not_computed():
    async def scenario(batches, translate):
        translate.go.clear()
        first = asyncio.create_task(batches.translate([[5, 1]]))
        await begun(translate)
        given_up = asyncio.create_task(batches.translate([[6, 1]]))
        other = asyncio.create_task(batches.translate([[7, 1]]))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        translate.go.set()
        await asyncio.gather(first, other)

    _, batches = run(scenario, wait_secs=0.0)
    assert batches == [[[5, 1]], [[7, 1]]]


def test_no_sentence():
    async def scenario(batches, translate):
        return await batches.translate([])

    assert run(scenario) == ([], [])
