"""docs/HPARAMS.md lists every hyperparameter that T2T's transformer_base doesn't have."""

import re
from pathlib import Path

from t2t_hint_nart import registry

PAGE = (Path(__file__).parents[2] / "docs" / "HPARAMS.md").read_text(encoding="utf-8")


def sections():
    """By the sets that a section's first line names: name -> default of its table."""
    found = {}
    for part in PAGE.split("\n## ")[1:]:
        _, named, rest = part.split("\n\n", 2)
        sets = tuple(re.findall(r"`(\w+)`", named.partition(";")[0]))
        found.setdefault(sets, {}).update(re.findall(r"^\| `(\w+)` \| (.*?) ?\|", rest, re.M))
    return found


def test_all_are_there_and_no_others():
    listed = {name for table in sections().values() for name in table}
    known = registry.hparams("transformer_base")
    there = {
        name
        for set_name in registry.list_hparams()
        for hparams in [registry.hparams(set_name)]
        for name in hparams
        if name not in known
        # Of two values at least.
        and not (isinstance(allowed := hparams.allowed(name), tuple) and len(allowed) < 2)
    }
    assert listed == there


def test_their_defaults():
    for sets, table in sections().items():
        registered = [registry.hparams(name) for name in sets]
        for name, default in table.items():
            value = next(hparams.get(name) for hparams in registered if name in hparams)
            assert str(value) == default, name
