import io
import json
import shutil

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.reproduce.stages import Stages


class Clock:
    """Seconds that pass only when a stage works."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Run:
    """One run of an experiment: its stages, what it did and what it printed."""

    def __init__(self, directory, total=2):
        self.stream, self.clock, self.worked = io.StringIO(), Clock(), []
        self.stages = Stages(directory, total, self.stream, self.clock)

    def do(self, name, settings=None, result=None, seconds=3.0, grows=False):
        def action(*known):
            self.worked.append(name)
            self.known = known
            self.clock.now += seconds
            return {} if result is None else result

        settings = {"steps": 1} if settings is None else settings
        method = self.stages.grow if grows else self.stages.run
        return method(name, settings, action)

    @property
    def lines(self):
        return self.stream.getvalue().splitlines()


def test_a_stage_is_done_once(tmp_path):
    first, second = Run(tmp_path), Run(tmp_path)
    assert first.do("data", result={"pairs": 7}) == {"pairs": 7}
    assert second.do("data", result={"pairs": 8}) == {"pairs": 7}
    assert (first.worked, second.worked) == (["data"], [])
    assert first.lines == ["[1/2] data ...", "[1/2] data: done in 3 s"]
    assert second.lines == ["[1/2] data: already done (3 s)"]
    assert first.stages.seconds == second.stages.seconds == {"data": 3.0}


def test_stages_are_numbered_in_the_order_they_are_run(tmp_path):
    Run(tmp_path).do("data")
    run = Run(tmp_path)
    run.do("data")
    run.do("teacher", seconds=61.0)
    assert run.lines[1:] == ["[2/2] teacher ...", "[2/2] teacher: done in 61 s"]
    assert run.stages.seconds == {"data": 3.0, "teacher": 61.0}


def test_of_nested_settings_only_what_differs_is_named(tmp_path):
    Run(tmp_path).do("teacher", {"hparams": {"batch_size": 2, "hidden_size": 4}, "steps": 1})
    now = {"hparams": {"batch_size": 2, "hidden_size": 8}, "steps": 1}
    with pytest.raises(InputError, match=r"made with hparams\.hidden_size=4, now it is 8; give"):
        Run(tmp_path).do("teacher", now)


@pytest.mark.parametrize(
    ("old", "new", "again"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"systems": [1, 2]}, {"systems": [1, 3, 2]}, True),
        ({"systems": [1], "drawn": [1]}, {"systems": [1, 2], "drawn": [2]}, True),
        ({"a": 1}, {"a": 1}, False),
        ({"a": [1]}, {"a": [1]}, False),
    ],
)
def test_a_stage_that_grows_is_done_again_for_more(tmp_path, old, new, again):
    Run(tmp_path).do("decode", old, {"first": True})
    run = Run(tmp_path)
    assert run.do("decode", new, {"first": False}, grows=True) == {"first": not again}
    assert bool(run.worked) == again
    if again:
        assert run.known[0] == {"first": True}
        assert run.stages.seconds == {"decode": 6.0}
    assert Run(tmp_path).do("decode", new, grows=True) == {"first": not again}


@pytest.mark.parametrize(
    ("old", "new", "grows"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": 1}, {"a": 2, "b": 2}, True),
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"systems": [1, 2]}, {"systems": [1]}, True),
        # As a decoding's settings: places have meanings.
        ({"a": ["", ""]}, {"a": ["dedup=True", ""]}, True),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, True),
    ],
)
def test_what_contradicts_what_was_done_is_refused(tmp_path, old, new, grows):
    Run(tmp_path).do("decode", old)
    with pytest.raises(InputError, match="holds stage 'decode' made with"):
        Run(tmp_path).do("decode", new, grows=grows)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_a_stage_that_fails_is_done_again(tmp_path, error):
    def fails():
        raise error

    with pytest.raises(error):
        Stages(tmp_path, 1, io.StringIO()).run("data", {}, fails)
    run = Run(tmp_path)
    run.do("data", settings={})
    assert run.worked == ["data"]
    # Also told by later runs, which only read of it.
    later = Run(tmp_path)
    later.do("data", settings={})
    later.do("teacher")
    assert run.stages.interrupted == later.stages.interrupted == ["data"]


def test_what_a_killed_stage_has_kept_is_not_lost(tmp_path):
    def dies_late(done, keep):
        run.clock.now += 5.0
        keep({**done, "first": 1})
        run.clock.now += 60.0
        raise SystemExit

    Run(tmp_path).do("decode", {"a": 1}, {"zeroth": 0})
    settings = {"a": 1, "b": 2}
    run = Run(tmp_path)
    with pytest.raises(SystemExit):
        run.stages.grow("decode", settings, dies_late)
    # Of other settings it means nothing.
    other = Run(tmp_path / "other")
    (tmp_path / "other").mkdir()
    shutil.copytree(tmp_path / "stages", tmp_path / "other" / "stages")
    other.do("decode", {"a": 1, "c": 3}, grows=True)
    assert other.known[0] == {"zeroth": 0}
    # Of more it is a part.
    more = Run(tmp_path / "more")
    (tmp_path / "more").mkdir()
    shutil.copytree(tmp_path / "stages", tmp_path / "more" / "stages")
    more.do("decode", {**settings, "c": 3}, grows=True)
    assert more.known[0] == {"zeroth": 0, "first": 1}
    run = Run(tmp_path)
    run.do("decode", settings, {"all": 2}, grows=True)
    assert run.known[0] == {"zeroth": 0, "first": 1}
    # 3 of the part, 5 that were kept, 3 now.
    assert (run.stages.seconds, run.stages.interrupted) == ({"decode": 11.0}, ["decode"])


def dies(*_):
    raise SystemExit


def test_an_unfinished_stage_goes_on_with_its_own_settings_only(tmp_path):
    """What it has made by then may be used, such as the checkpoints of a run."""
    settings = {"hparams": {"batch_size": 2}, "seed": 1}
    with pytest.raises(SystemExit):
        Stages(tmp_path, 1, io.StringIO()).run("teacher", settings, dies)
    begun = tmp_path / "stages" / "teacher.begun"
    for now, words in (
        ({**settings, "seed": 2}, "seed=1, now it is 2"),
        ({**settings, "hparams": {"batch_size": 4}}, "hparams.batch_size=2, now it is 4"),
    ):
        run = Run(tmp_path)
        with pytest.raises(InputError) as caught:
            run.do("teacher", now)
        assert str(caught.value) == (
            f"{tmp_path} holds stage 'teacher' begun with {words}; go on with that, delete {begun} "
            "and what the stage has made, or give another --output_dir."
        )
        assert run.worked == [] and run.lines == []
    # Of one that an earlier version began nothing is known.
    for known in (begun.read_text(), ""):
        begun.write_text(known)
        run = Run(tmp_path)
        with pytest.raises(SystemExit):
            run.stages.run("teacher", settings, dies)
    run = Run(tmp_path)
    run.do("teacher", settings)
    assert run.worked == run.stages.interrupted == ["teacher"] and not begun.exists()
    assert run.stages.seconds == {"teacher": 3.0}


def test_a_kill_while_the_stage_is_noted_leaves_nothing_that_looks_done(tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        Run(tmp_path).stages.run(
            "data", {"steps": 1}, lambda: patch.setattr("pathlib.Path.replace", dies) or {}
        )
    assert [path.name for path in (tmp_path / "stages").iterdir()] == ["data.begun"]
    # What is killed without a chance to tidy up leaves the note, too.
    (tmp_path / "stages" / "data.json.incomplete").write_text('{"settings": {"steps": 1}}')
    run = Run(tmp_path)
    run.do("data")
    assert run.worked == ["data"]
    assert [path.name for path in (tmp_path / "stages").iterdir()] == ["data.json"]


def test_what_a_killed_stage_kept_is_less_than_its_note(tmp_path, monkeypatch):
    """Where a kill comes between writing the note and removing what was kept."""
    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr("pathlib.Path.unlink", dies)
        Run(tmp_path).do("decode", {"a": 1}, {"all": 1}, grows=True)
    run = Run(tmp_path)
    run.do("decode", {"a": 1, "b": 2}, grows=True)
    assert run.known[0] == {"all": 1}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ({"steps": 1}, {"steps": 2}, "made with steps=1, now it is 2"),
        ({"steps": 1}, {"steps": 1, "seed": 3}, "made with seed=None, now it is 3"),
        ({"steps": 1, "alpha": 0.6}, {"steps": 1}, "made with alpha=0.6, now it is None"),
    ],
)
def test_a_stage_made_with_other_settings_is_refused(tmp_path, old, new, words):
    Run(tmp_path).do("data", old, {"kept": True})
    stamp = (tmp_path / "stages" / "data.json").read_bytes()
    run = Run(tmp_path)
    with pytest.raises(InputError) as caught:
        run.do("data", new)
    message = str(caught.value)
    assert message == f"{tmp_path} holds stage 'data' {words}; give another --output_dir."
    assert run.worked == []
    assert (tmp_path / "stages" / "data.json").read_bytes() == stamp


def test_settings_are_compared_as_json_stores_them(tmp_path):
    Run(tmp_path).do("data", {"sizes": (1, 2), "set": {"a": None}})
    run = Run(tmp_path)
    run.do("data", {"set": {"a": None}, "sizes": [1, 2]})
    assert run.worked == [] and run.stages.interrupted == []


def test_a_first_run_gives_the_result_that_later_ones_read(tmp_path):
    assert Run(tmp_path).do("data", result={"pair": (1, 2)}) == {"pair": [1, 2]}


@pytest.mark.parametrize(
    "content", ["{", "[1]", "null", json.dumps({"settings": {}, "seconds": 1.0})]
)
def test_a_damaged_note_is_refused(tmp_path, content):
    path = tmp_path / "stages" / "data.json"
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(InputError, match=r"data\.json is damaged: .* Delete it to do it again"):
        Run(tmp_path)
    assert path.read_text() == content


def test_progress_goes_to_stdout_by_default(tmp_path, capsys):
    Stages(tmp_path, 1).run("data", {}, dict)
    assert capsys.readouterr().out == "[1/1] data ...\n[1/1] data: done in 0 s\n"


@pytest.mark.parametrize("file", ["latency.json", "decode.begun"])
def test_what_is_damaged_is_found_before_anything_is_done(tmp_path, file):
    run = Run(tmp_path)
    run.do("data")
    run.do("latency")
    (tmp_path / "stages" / file).write_text("{")
    with pytest.raises(InputError, match=rf"{file} is damaged: .*Delete it to do it again"):
        Run(tmp_path)
