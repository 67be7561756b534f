"""Exports are opened by the runtime that wrote them."""

import dataclasses
import shutil

import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.metadata import digests_of
from t2t_hint_nart.exports.runtime import open_export
from t2t_hint_nart.exports.saved_model import SavedModelRuntime
from tests.exports.table_exports import METADATA, TableTeacher, write_saved_model


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


def test_a_version_that_comes_meanwhile_is_not_opened(tmp_path, monkeypatch):
    """While its runtime is imported, which takes seconds."""
    facts = dataclasses.replace(METADATA, runtime="paper", digests={"model": "ab"})
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "model").write_text("one")
    dataclasses.replace(facts, digests=digests_of(tmp_path / "1")).write(tmp_path / "1")

    def imported(name):
        (tmp_path / "2").mkdir()
        facts.write(tmp_path / "2")
        return Paper()

    monkeypatch.setattr(registry, "runtime", imported)
    assert open_export(tmp_path) == (str(tmp_path / "1"), METADATA.problem)


def test_an_unknown_runtime(tmp_path):
    dataclasses.replace(METADATA, runtime="saved_modle").write(tmp_path)
    words = "^runtime 'saved_modle' is not registered. Did you mean 'saved_model'?"
    with pytest.raises(InputError, match=words):
        open_export(tmp_path)


def test_the_default():
    assert METADATA.runtime == "saved_model"
    assert isinstance(registry.runtime("saved_model"), SavedModelRuntime)


@pytest.fixture(scope="module")
def two_exports(tmp_path_factory):
    """Two models of the same sizes, one of the digests of its files."""
    root = tmp_path_factory.mktemp("two")
    for name, factor in (("this", 1.0), ("other", 2.0)):
        module = TableTeacher()
        module.table.assign(module.table * factor)
        write_saved_model(root / name, module)
        dataclasses.replace(METADATA, digests=digests_of(root / name)).write(root / name)
    return root / "this", root / "other"


@pytest.fixture
def copy(two_exports, tmp_path):
    return shutil.copytree(two_exports[0], tmp_path / "copy")


def test_what_was_exported_is_opened(copy):
    assert open_export(copy).metadata.digests.keys() >= {
        "saved_model.pb",
        "variables/variables.index",
    }


@pytest.mark.parametrize("replaced", ["variables", "variables/variables.index", "saved_model.pb"])
def test_files_of_another_model_are_refused(two_exports, copy, replaced):
    source, target = two_exports[1] / replaced, copy / replaced
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
        replaced += "/variables.index"
    else:
        # What is called twice in a graph may have the same bytes in any process.
        target.write_bytes(source.read_bytes() + b"\0" * (replaced == "saved_model.pb"))
    with pytest.raises(InputError) as caught:
        open_export(copy)
    message = str(caught.value)
    assert message.startswith(f"{copy / replaced} isn't what was written there: its sha256 is ")
    assert message.endswith("damaged or of another model. Export the model again.")


def test_other_values_under_the_index_are_refused(two_exports, copy):
    """TensorFlow's checksums in the index say so."""
    name = "variables/variables.data-00000-of-00001"
    (copy / name).write_bytes((two_exports[1] / name).read_bytes())
    with pytest.raises(InputError, match="can't be loaded: .*TensorBundle at"):
        open_export(copy)


def test_a_file_that_is_missing(copy):
    (copy / "variables/variables.index").unlink()
    with pytest.raises(InputError, match="variables.index is missing. Export the model again.$"):
        open_export(copy)


def test_an_older_export_has_no_digests(two_exports, copy):
    shutil.copytree(two_exports[1] / "variables", copy / "variables", dirs_exist_ok=True)
    METADATA.write(copy)
    assert open_export(copy).metadata.digests == {}
