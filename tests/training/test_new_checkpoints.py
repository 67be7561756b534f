"""Checkpoints as they appear, on a clock of the test's own."""

from t2t_hint_nart.training.checkpoints import step_of
from t2t_hint_nart.training.new_checkpoints import every_checkpoint, new_checkpoints


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
    assert 130 <= directory.now <= 140


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


def add(directory, *steps):
    for step in steps:
        (directory / f"model.ckpt-{step}.index").touch()


def names(paths):
    return [path.rsplit("/", 1)[1] for path in paths]


def test_all_in_the_order_of_their_steps(tmp_path):
    add(tmp_path, 100, 20, 3)
    (tmp_path / "model.ckpt-7.data-00000-of-00001").touch()
    assert names(every_checkpoint(tmp_path)) == ["model.ckpt-3", "model.ckpt-20", "model.ckpt-100"]
    assert names(every_checkpoint(tmp_path, min_steps=20)) == ["model.ckpt-20", "model.ckpt-100"]


def test_new_ones_as_long_as_they_come_in_time(tmp_path):
    add(tmp_path, 1)
    clock = Directory(tmp_path, {30: [2], 80: [3], 500: [4]})
    found = every_checkpoint(tmp_path, 0, 60, sleep=clock.sleep, clock=lambda: clock.now)
    assert names(found) == ["model.ckpt-1", "model.ckpt-2", "model.ckpt-3"]
    assert 140 <= clock.now < 160


def test_one_that_is_removed_meanwhile_is_left_out(tmp_path):
    add(tmp_path, 1, 2, 3)
    found = []
    for path in every_checkpoint(tmp_path):
        found.append(path)
        (tmp_path / "model.ckpt-2.index").unlink(missing_ok=True)
    assert names(found) == ["model.ckpt-1", "model.ckpt-3"]
