"""Exports are opened by the runtime that wrote them."""

import dataclasses

import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.runtime import open_export
from t2t_hint_nart.exports.saved_model import SavedModelRuntime
from tests.exports.table_exports import METADATA


@pytest.fixture(autouse=True)
def own_entries(monkeypatch):
    registry.load_plugins()
    monkeypatch.setattr(registry._runtimes, "_entries", dict(registry._runtimes._entries))


class Paper:
    """Opens an export as what it says of itself."""

    def open(self, directory, metadata):
        return str(directory), metadata.problem


def test_the_newest_version_is_opened_by_its_runtime(tmp_path):
    registry.register_runtime(Paper)
    for version in ("9", "10", "11.incomplete"):
        (tmp_path / version).mkdir()
        facts = dataclasses.replace(METADATA, runtime="paper", problem=f"problem_{version}")
        facts.write(tmp_path / version)
    assert open_export(tmp_path) == (str(tmp_path / "10"), "problem_10")
    assert open_export(str(tmp_path / "9")) == (str(tmp_path / "9"), "problem_9")


def test_an_unknown_runtime(tmp_path):
    dataclasses.replace(METADATA, runtime="saved_modle").write(tmp_path)
    words = "^runtime 'saved_modle' is not registered. Did you mean 'saved_model'?"
    with pytest.raises(InputError, match=words):
        open_export(tmp_path)


def test_the_default():
    assert METADATA.runtime == "saved_model"
    assert isinstance(registry.runtime("saved_model"), SavedModelRuntime)
