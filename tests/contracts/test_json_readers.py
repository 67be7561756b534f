"""Every reader of a JSON file names it in one line, whatever it holds."""

import json
import zipfile

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.metadata import METADATA_FILE, read_metadata
from t2t_hint_nart.files.directory_lock import directory_lock
from t2t_hint_nart.output_dir import HPARAMS_FILE, stored_hparams
from t2t_hint_nart.problems.builders.auf_deutsch import read_contents
from t2t_hint_nart.reproduce.rows import Row, read_rows
from t2t_hint_nart.reproduce.stages import Stages
from t2t_hint_nart.training.early_stopping import (
    BEST_DIR,
    BEST_FILE,
    HISTORY_FILE,
    EvaluationHistory,
    StoppingRule,
    best_so_far,
)

DEPTH = 100_000
DAMAGED = {
    "empty": b"",
    "cut": b'{"step": 3, "recipe": ',
    "no object": b"[1]",
    "null": b"null",
    "binary": bytes(range(128, 256)),
    "deep list": b"[" * DEPTH + b"]" * DEPTH,
    "deep object": b'{"settings": ' * DEPTH + b"1" + b"}" * DEPTH,
    "of other names": b'{"x": {"y": 1}}',
}
BEST = {"step": 3, "metric": "loss", "value": 1.0}
ROW = json.loads(Row("r", 1, "s", "d", "m", 1.0).to_json())
STAMP = {"settings": {}, "interrupted": False, "result": {}, "seconds": 1.0}


def read_stage(directory):
    return Stages(directory, 1).run("data", {}, dict)


def read_best(directory):
    return best_so_far(directory, "loss")


def read_history(directory):
    return EvaluationHistory(directory, StoppingRule())


# What reads, the file below a directory, and content whose types alone are wrong, if it has some.
READERS = {
    "hparams.json": (stored_hparams, HPARAMS_FILE, ()),
    "metadata": (read_metadata, METADATA_FILE, ()),
    "rows": (
        read_rows,
        "results.jsonl",
        [{**ROW, "seed": "1"}, {**ROW, "value": [1]}, {**ROW, "system": None}],
    ),
    "best": (
        read_best,
        f"{BEST_DIR}/{BEST_FILE}",
        [{**BEST, "step": "3"}, {**BEST, "value": "1"}, {**BEST, "metric": 1}],
    ),
    "evaluations": (
        read_history,
        HISTORY_FILE,
        [{"x": {}}, {"1": 2}, {"1": {"loss": "1"}}, {"1": {"loss": True}}],
    ),
    "stage": (
        read_stage,
        "stages/data.json",
        [{**STAMP, "seconds": "1"}, {**STAMP, "result": []}, {**STAMP, "interrupted": 1}],
    ),
}
CASES = [
    *((reader, content) for reader in READERS for content in DAMAGED.values()),
    *((reader, json.dumps(x).encode()) for reader, (*_, bad) in READERS.items() for x in bad),
]


@pytest.mark.parametrize(("reader", "content"), CASES, ids=[f"{r}-{c[:20]}" for r, c in CASES])
def test_damaged(tmp_path, reader, content):
    read, name, _ = READERS[reader]
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    if reader == "hparams.json" and content == DAMAGED["of other names"]:
        return  # Names that a set doesn't have are another one's.
    if reader == "rows" and not content:
        return  # No line, no row.
    with pytest.raises(InputError) as caught:
        read(tmp_path)
    message = str(caught.value)
    assert str(path) in message and "damaged" in message
    assert "\n" not in message and len(message) < 500


@pytest.mark.parametrize("content", [DAMAGED[name] for name in ("cut", "binary", "deep list")])
def test_a_damaged_file_in_an_archive(tmp_path, content):
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as archive:
        archive.writestr("auf_deutsch/content/a/b.json", content)
    with pytest.raises(InputError, match="a.whl's auf_deutsch/content/a/b.json is damaged: "):
        read_contents(tmp_path / "a.whl")


@pytest.mark.parametrize("content", DAMAGED.values())
def test_a_damaged_lock_is_no_lock(tmp_path, content):
    (tmp_path / ".lock").write_bytes(content)
    with directory_lock(tmp_path):
        pass
