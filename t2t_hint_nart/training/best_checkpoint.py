"""output_dir/best/: the checkpoint with the best evaluation so far (no TensorFlow)."""

import json
import os
import shutil
from pathlib import Path
from typing import NamedTuple

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.output_dir import HPARAMS_FILE

BEST_DIR = "best"
BEST_FILE = "best.json"


class Best(NamedTuple):
    """The best evaluation so far: its checkpoint's step, the metric and its value."""

    step: int
    metric: str
    value: float


def best_so_far(output_dir: str | Path, metric: str) -> Best | None:
    """Return what best/ holds, None if it holds nothing or the best by another metric.

    Raises:
        InputError: best.json is damaged.
    """
    path = Path(output_dir) / BEST_DIR / BEST_FILE
    if not path.exists():
        return None
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        best = Best(int(stored["step"]), str(stored["metric"]), float(stored["value"]))
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is damaged: {error}. Delete {path.parent} to go on.") from error
    return best if best.metric == metric else None


def keep_as_best(output_dir: str | Path, checkpoint: str, metric: str, value: float) -> None:
    """Put a checkpoint into best/ in place of the one that is there.

    The new directory is complete before it takes the old one's place. Its files are hard links
    where the file system has them: they outlive the checkpoint's turn in output_dir.

    Args:
        output_dir: of the run; its hparams.json goes along.
        checkpoint: path of model.ckpt-<step>.
        metric: by which it is the best.
        value: of the metric.
    """
    directory, source = Path(output_dir), Path(checkpoint)
    target = directory / BEST_DIR
    incomplete, old = (directory / f"{BEST_DIR}{end}" for end in (".incomplete", ".old"))
    for leftover in (incomplete, old):
        shutil.rmtree(leftover, ignore_errors=True)
    incomplete.mkdir(parents=True)
    for file in source.parent.glob(f"{source.name}.*"):
        _link(file, incomplete / file.name)
    if (directory / HPARAMS_FILE).exists():
        shutil.copy2(directory / HPARAMS_FILE, incomplete / HPARAMS_FILE)
    # What tf.train.latest_checkpoint reads.
    (incomplete / "checkpoint").write_text(f'model_checkpoint_path: "{source.name}"\n')
    step = int(source.name.rsplit("-", 1)[1])
    facts = json.dumps({"step": step, "metric": metric, "value": value}, indent=1)
    (incomplete / BEST_FILE).write_text(facts + "\n", encoding="utf-8")
    if target.exists():
        target.replace(old)
    incomplete.replace(target)
    shutil.rmtree(old, ignore_errors=True)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
