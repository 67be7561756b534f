"""Who gets which batch, and what happens when workers end; they are objects of this process."""

import collections

import numpy as np
import pytest

from t2t_hint_nart.data.sentence_batches import SentenceBatch, sentence_batches
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.serving.teacher_workers import (
    TRIES,
    Failed,
    Gone,
    Opened,
    OpenTeacher,
    WorkerSettings,
    decode_batch,
    decoded_by_workers,
)

SENTENCES = [[7] * size + [1] for size in range(1, 8)]
GONE = Gone("was ended by SIGKILL")


class Worker:
    """One of the `Scripted`."""

    def __init__(self, name, events):
        self.name, self._events = name, events

    def give(self, batch):
        self._events.append((self, batch))


class Scripted:
    """Workers that answer at once, the one that was asked last first, unless a script says more.

    Args:
        scripts: by the number of the worker, from 0, the events that come instead of its answers.
    """

    def __init__(self, scripts=None):
        self.scripts = collections.defaultdict(list, scripts or {})
        self.started, self.closed, self.batches = [], False, []
        self._events = []

    def start(self):
        worker = Worker(f"worker {len(self.started)}", self._events)
        self.started.append(worker)
        self._events.append((worker, Opened("a")))

    def wait(self):
        worker, event = self._events.pop()
        script = self.scripts[self.started.index(worker)]
        if isinstance(event, SentenceBatch):
            self.batches.append(event)
            event = [(event.indices.tolist(), event.inputs)]
        return [(worker, script.pop(0) if script else event)]

    def close(self):
        self.closed = True


def decoded(workers, number=2, tell=print):
    """Places of the sentences in the order in which they were decoded."""
    batches = sentence_batches(SENTENCES, 2)
    results = decoded_by_workers(workers, number, "a", batches, tell)
    return [place for result in results for places, _ in result for place in places]


@pytest.mark.parametrize("number", [1, 2, 9])
def test_every_sentence_once(number):
    workers = Scripted()
    assert sorted(decoded(workers, number)) == list(range(len(SENTENCES)))
    assert len(workers.started) == number and workers.closed


def test_nothing_to_do_starts_nobody():
    workers = Scripted()
    assert list(decoded_by_workers(workers, 3, "a", iter([]), print)) == []
    assert not workers.started and workers.closed


def test_a_batch_of_one_that_is_gone_is_given_to_another():
    told = []
    workers = Scripted({1: [Opened("a"), GONE]})
    assert sorted(decoded(workers, tell=told.append)) == list(range(len(SENTENCES)))
    assert told == ["worker 1 was ended by SIGKILL; another takes its place"]
    assert len(workers.started) == 3
    first, second = (batch.inputs for batch in workers.batches[:2])
    np.testing.assert_array_equal(first, second)


def test_a_batch_that_ends_every_worker_is_given_up():
    told = []
    workers = Scripted({number: [Opened("a"), GONE] for number in range(9)})
    with pytest.raises(InputError) as caught:
        decoded(workers, 1, told.append)
    assert str(caught.value) == (
        "worker 2 was ended by SIGKILL; 3 workers have ended on the same batch of 2 sentences of "
        "up to 8 tokens, perhaps for want of memory; with fewer workers or a smaller --batch_size "
        "run it again, it goes on from there"
    )
    assert len(told) == TRIES - 1 and workers.closed


def test_workers_that_never_start_are_given_up():
    workers = Scripted({number: [GONE] for number in range(99)})
    with pytest.raises(InputError, match="^worker 6, like others before, was ended by SIGKILL at"):
        decoded(workers, 2)
    assert len(workers.started) == TRIES * 2 + 1 and workers.closed


def test_one_that_ends_while_it_has_nothing_to_do():
    """The first has the only batch when the second, which waits for another, ends."""

    class InTurn(Scripted):
        turn = 0

        def wait(self):
            busy, idle = self.started[:2]
            self.turn += 1
            if self.turn == 3:
                return [(idle, GONE)]
            if self.turn == 4:
                batch = self._events[-2][1]
                return [(busy, [(batch.indices.tolist(), batch.inputs)])]
            return [({1: busy, 2: idle}[self.turn], Opened("a"))]

    workers, told = InTurn(), []
    (result,) = decoded_by_workers(workers, 2, "a", sentence_batches(SENTENCES, 9), told.append)
    assert sorted(result[0][0]) == list(range(len(SENTENCES)))
    assert told == ["worker 1 was ended by SIGKILL; another takes its place"]


def test_another_teacher_at_the_same_path():
    workers = Scripted({0: [Opened("b")], 1: [Opened("b")]})
    with pytest.raises(InputError, match="^worker 1 has another teacher at the same path: --teach"):
        decoded(workers)
    assert workers.closed


def test_what_no_worker_could_do_is_told():
    workers = Scripted({1: [Opened("a"), Failed("bad letter")]})
    with pytest.raises(InputError, match="^worker 1: bad letter$"):
        decoded(workers)
    assert workers.closed


def test_who_stops_listening_ends_the_workers():
    workers = Scripted()
    results = decoded_by_workers(workers, 2, "a", sentence_batches(SENTENCES, 2), print)
    next(results)
    assert not workers.closed
    results.close()
    assert workers.closed


def test_a_batch_that_does_not_fit_is_decoded_by_halves():
    class Small:
        def decode(self, inputs):
            if inputs.size > 6:
                raise MemoryError
            return inputs + 1, None

    (batch,) = sentence_batches([[5, 6, 7, 1], [5, 6, 1], [5, 1], [5, 8, 9, 3, 2, 4, 1]], 4)
    found = {tuple(places): rows for places, rows in decode_batch(Small(), batch)}
    assert found.pop((3,)) is None
    assert {places: rows.tolist() for places, rows in found.items()} == {
        (0,): [[6, 7, 8, 2]],
        (1, 2): [[6, 7, 2], [6, 2, 1]],
    }


def test_what_goes_wrong_is_an_answer(tmp_path):
    teacher = OpenTeacher(WorkerSettings(str(tmp_path), has_gpu=True))
    assert teacher.open() == Failed(f"No export in {tmp_path}; make one with t2t-exporter.")
    batch = SentenceBatch(np.array([0]), np.array([[5, 1]]))
    assert isinstance(teacher.decode(batch), Failed)
