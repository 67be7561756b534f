"""Writes the golden files that are derived from the code: `make golden`.

They guard against changes that nobody meant: what is written here is to be read before it is
committed. Files with a `source` by hand or from another program are not written by this.
"""

import json
from pathlib import Path

from t2t_hint_nart import registry

HERE = Path(__file__).parent
BASE = "transformer_base"


def registered_sets():
    """Every set: what differs from transformer_base, which is given in full."""
    base = registry.hparams(BASE).values()
    sets = {BASE: base}
    for name in registry.list_hparams():
        if name != BASE:
            values = registry.hparams(name).values()
            sets[name] = {key: value for key, value in values.items() if base.get(key, {}) != value}
            if missing := sorted(set(base) - set(values)):
                sets[name]["without"] = missing
    return {"source": "tests/golden/write.py", "sets": sets}


WRITERS = {"registered_sets.json": registered_sets}


def text(name):
    """The content of a golden file, as the code has it now."""
    return json.dumps(WRITERS[name](), indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    for file in WRITERS:
        (HERE / file).write_text(text(file), encoding="utf-8")
        print(f"tests/golden/{file}")
