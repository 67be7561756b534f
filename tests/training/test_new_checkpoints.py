"""Checkpoints as they appear, on a clock of the test's own."""

from t2t_hint_nart.training.checkpoints import step_of
from t2t_hint_nart.training.new_checkpoints import SECONDS_BETWEEN_LOOKS, new_checkpoints


class Directory:
    """Checkpoints appear (and go) as time passes, which sleeping alone makes it do."""

    def __init__(self, path, events):
        self.path = path
        self.events = dict(events)
        self.now = 0.0
        self.happen()

    def happen(self):
        for second in [s for s in self.events if s <= self.now]:
            for step in self.events.pop(second):
                file = self.path / f"model.ckpt-{abs(step)}.index"
                file.touch() if step > 0 else file.unlink()

    def sleep(self, seconds):
        self.now += seconds
        self.happen()

    def steps(self, minutes=1.0, last_step=None):
        clock = {"sleep": self.sleep, "clock": lambda: self.now}
        return [step_of(p) for p in new_checkpoints(self.path, minutes, last_step, **clock)]


def test_the_newest_and_then_every_newer_one(tmp_path):
    directory = Directory(tmp_path, {0: [1, 2, 10], 20: [11, 12], 70: [20]})
    assert directory.steps() == [10, 11, 12, 20]
    # A minute after the last one.
    assert 130 <= directory.now <= 130 + 2 * SECONDS_BETWEEN_LOOKS


def test_too_late(tmp_path):
    assert Directory(tmp_path, {0: [1], 90: [2]}).steps() == [1]


def test_none(tmp_path):
    directory = Directory(tmp_path, {})
    assert directory.steps(minutes=0.0) == [] and directory.now == 0.0


def test_a_directory_that_is_made_later(tmp_path):
    directory = Directory(tmp_path, {30: [5]})
    directory.path = tmp_path
    assert directory.steps() == [5]


def test_nothing_comes_after_the_last_step(tmp_path):
    directory = Directory(tmp_path, {0: [5], 10: [7], 20: [9]})
    assert directory.steps(minutes=240, last_step=7) == [5, 7]
    assert directory.now == 10


def test_removed_by_training_meanwhile(tmp_path):
    directory = Directory(tmp_path, {0: [1], 10: [2, 3]})
    clock = {"sleep": directory.sleep, "clock": lambda: directory.now}
    found = new_checkpoints(tmp_path, 1.0, **clock)
    assert step_of(next(found)) == 1 and step_of(next(found)) == 2
    directory.events[directory.now] = [-3, 4]
    directory.happen()
    assert [step_of(path) for path in found] == [4]
