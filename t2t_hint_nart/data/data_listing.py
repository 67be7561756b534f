"""What is known of the data in a folder: reports, and where distilled targets come from.

In: a folder. Out: lines for people to read, the text of `t2t-datagen --only_list --data_dir=D`. No
TensorFlow.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from t2t_hint_nart.data import data_report
from t2t_hint_nart.data.dataset_split import DatasetSplit
from t2t_hint_nart.data.distill_problem import PROVENANCE_SUFFIX
from t2t_hint_nart.data.shard_files import UNSHUFFLED_SUFFIX
from t2t_hint_nart.errors import InputError

_SHARD = re.compile(rf"(.+)-(?:{'|'.join(DatasetSplit.ALL)})-\d{{5}}-of-\d{{5}}")
_UNFINISHED = "not finished: run t2t-datagen again, it goes on"
_UNKNOWN = "shards without a report"


def lines(data_dir: str | os.PathLike[str]) -> list[str]:
    """Return, for every problem that has data in a folder, its name and what is known of them.

    Args:
        data_dir: folder of shards.

    Raises:
        InputError: no such folder, no data in it, or a report that is not JSON.
    """
    folder = Path(data_dir)
    if not folder.is_dir():
        raise InputError(f"--data_dir={folder} does not exist")
    found = {match[1] for path in folder.iterdir() if (match := _SHARD.fullmatch(path.name))}
    # What a run before its end writes the pairs to is no problem of its own.
    names = {name for name in found if not name.endswith(UNSHUFFLED_SUFFIX)}
    for suffix in (data_report.SUFFIX, data_report.UNFINISHED_SUFFIX):
        names |= {path.name.removesuffix(suffix) for path in folder.glob(f"*{suffix}")}
    if not names:
        raise InputError(f"--data_dir={folder} holds no data of any problem")
    return [line for name in sorted(names) for line in [name, *_about(folder, name)]]


def _about(folder: Path, name: str) -> list[str]:
    provenance = folder / f"{name}{PROVENANCE_SUFFIX}"
    report = folder / f"{name}{data_report.SUFFIX}"
    if provenance.exists():
        known = [f"{key}: {_shown(value)}" for key, value in data_report.read(provenance).items()]
    elif (folder / f"{name}{data_report.UNFINISHED_SUFFIX}").exists():
        known = [_UNFINISHED]
    elif report.exists():
        content = data_report.read(report)
        known = [f"written {content['date']}", *data_report.lines(content)]
    else:
        known = [_UNKNOWN]
    return [f"  {line}" for line in known]


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        # An empty or a line-breaking value could not be seen as it is.
        shown = {key: part if str(part).strip() else repr(part) for key, part in value.items()}
        return ", ".join(f"{key}={part}" for key, part in shown.items())
    return f"{value:,}" if isinstance(value, int) else str(value)
