"""Every set's values against a table written by hand from T2T's source."""

import json
from pathlib import Path

import pytest

from t2t_hint_nart import registry

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "hparams_sets.json").read_text())
SETS = GOLDEN["sets"]


def values_by_hand(name):
    if name is None:
        return {}
    return values_by_hand(SETS[name]["parent"]) | SETS[name]["values"]


@pytest.mark.parametrize("name", SETS)
def test_values(name):
    made = registry.hparams(name).values()
    expected = values_by_hand(name)
    assert {key: made.get(key, "absent") for key in expected} == expected


@pytest.mark.parametrize("name", [name for name in SETS if SETS[name]["parent"]])
def test_nothing_else_differs_from_the_parent(name):
    made, parent = (registry.hparams(n).values() for n in (name, SETS[name]["parent"]))
    # What the parent does not have is in the table, or was never said to be there.
    assert {key for key in made if made[key] != parent.get(key)} <= set(SETS[name]["values"])
    assert set(parent) <= set(made)


def test_every_set_is_made_anew():
    first = registry.hparams("transformer_base")
    first.hidden_size = 1
    assert registry.hparams("transformer_base").hidden_size == 512


def test_every_registered_set_is_described_and_parses_its_own_json():
    for name in registry.list_hparams():
        hparams = registry.hparams(name)
        again = registry.hparams(name).parse_json(hparams.to_json())
        assert again == hparams
    lines = registry.help_string().splitlines()
    bare = [lines[i] for i in range(len(lines) - 1) if "* " in lines[i] and "* " in lines[i + 1]]
    assert not bare
