from t2t_hint_nart.serving.checkpoint_stream import every_checkpoint


def add(directory, *steps):
    for step in steps:
        (directory / f"model.ckpt-{step}.index").touch()


def names(paths):
    return [path.rsplit("/", 1)[1] for path in paths]


class Clock:
    """Time that passes while one sleeps, and what happens meanwhile."""

    def __init__(self, events=()):
        self.now, self.events = 0.0, dict(events)

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
        for time in [time for time in self.events if time <= self.now]:
            self.events.pop(time)()


def test_all_in_the_order_of_their_steps(tmp_path):
    add(tmp_path, 100, 20, 3)
    (tmp_path / "model.ckpt-7.data-00000-of-00001").touch()
    assert names(every_checkpoint(tmp_path)) == ["model.ckpt-3", "model.ckpt-20", "model.ckpt-100"]
    assert names(every_checkpoint(tmp_path, min_steps=20)) == ["model.ckpt-20", "model.ckpt-100"]


def test_new_ones_as_long_as_they_come_in_time(tmp_path):
    add(tmp_path, 1)
    events = {30: lambda: add(tmp_path, 2), 80: lambda: add(tmp_path, 3)}
    clock = Clock({**events, 500: lambda: add(tmp_path, 4)})
    found = every_checkpoint(tmp_path, 0, 60, sleep=clock.sleep, clock=clock)
    assert names(found) == ["model.ckpt-1", "model.ckpt-2", "model.ckpt-3"]
    assert 140 <= clock.now < 160


def test_one_that_is_removed_meanwhile_is_left_out(tmp_path):
    add(tmp_path, 1, 2, 3)
    found = []
    for path in every_checkpoint(tmp_path):
        found.append(path)
        (tmp_path / "model.ckpt-2.index").unlink(missing_ok=True)
    assert names(found) == ["model.ckpt-1", "model.ckpt-3"]
