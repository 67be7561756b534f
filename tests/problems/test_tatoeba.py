"""Tatoeba: TFDS's checks of the builder, the archive found or downloaded, local files."""

import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import ClassVar

import pytest
import tensorflow_datasets as tfds

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.problems.builders import tatoeba_pairs
from t2t_hint_nart.problems.builders.held_out import normalized
from t2t_hint_nart.problems.builders.tatoeba_pairs import ARCHIVE, TatoebaPairs, read_archive
from tests.problems.local_server import serving

HELD_OUT = {"test": 8, "validation": 4}
LINES = [
    *(f"The dog has {n} legs.\tDer Hund hat {n} Beine.\tCC-BY 2.0 #{n}" for n in range(30)),
    "Go!\tGeh!\tCC-BY",
    "Go.\tLos!\tCC-BY",
    "Run!\tLos!",
    "Run!\tLos!\tthe same again",
]


def write_archive(path, lines=LINES):
    """A made-up archive with the layout of manythings.org's."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("_about.txt", "about")
        archive.writestr("deu.txt", "\n".join(lines) + "\n")


class TatoebaPairsTest(tfds.testing.DatasetBuilderTestCase):
    DATASET_CLASS = TatoebaPairs
    SPLITS: ClassVar = {"train": 33 - 12, "validation": 4, "test": 8}
    # The archive changes from month to month.
    SKIP_CHECKSUMS = True

    @classmethod
    def setUpClass(cls):
        cls.EXAMPLE_DIR = tempfile.mkdtemp()
        cls.sizes, TatoebaPairs.HELD_OUT = TatoebaPairs.HELD_OUT, HELD_OUT
        write_archive(Path(cls.EXAMPLE_DIR) / ARCHIVE)
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        TatoebaPairs.HELD_OUT = cls.sizes
        shutil.rmtree(cls.EXAMPLE_DIR)


@pytest.fixture
def problem(monkeypatch):
    monkeypatch.setattr(TatoebaPairs, "HELD_OUT", HELD_OUT)
    problem = registry.problem("translate_deen_tatoeba")
    problem.progress = lambda line: None
    return problem


def test_archive_found_or_downloaded(problem, tmp_path, monkeypatch):
    write_archive(tmp_path / ARCHIVE)
    pairs = {}
    with serving(tmp_path, monkeypatch) as address:
        monkeypatch.setattr(TatoebaPairs, "URL", f"{address}/{ARCHIVE}")
        for tmp_dir in (tmp_path, tmp_path / "tmp"):
            problem.generate_data(tmp_dir / "data", tmp_dir)
            pairs[tmp_dir] = {
                split: problem.text_pairs(tmp_dir / "data", split)
                for split in ("train", "dev", "test")
            }
    found, downloaded = pairs.values()
    assert found == downloaded
    assert {split: len(part) for split, part in found.items()} == {
        "train": 21,
        "dev": 4,
        "test": 8,
    }
    seven = ("Der Hund hat 7 Beine.", "The dog has 7 legs.")
    assert any(seven in part for part in found.values())
    for side in (0, 1):
        train, dev, test = (
            {normalized(pair[side]) for pair in found[split]} for split in ("train", "dev", "test")
        )
        assert not train & dev and not train & test and not dev & test


def test_local_files_are_read_as_they_are(problem, tmp_path):
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.de").write_text(f"Wer {split}?\nWer da?\n")
        (tmp_path / f"{split}.en").write_text(f"Who {split}?\nWho is there?\n")
    problem.generate_data(tmp_path / "data", tmp_path)
    assert problem.text_pairs(tmp_path / "data", "dev") == [
        ("Wer dev?", "Who dev?"),
        ("Wer da?", "Who is there?"),
    ]


def test_unreadable_archives(tmp_path):
    path = tmp_path / ARCHIVE
    path.write_bytes(b"no zip")
    with pytest.raises(InputError, match=r"cannot read 'deu.txt' of .*not a zip file"):
        list(read_archive(path))
    write_archive(path, ["Go!\tGeh!", "Go!"])
    with pytest.raises(InputError, match=r"'deu.txt' of .* has no pair of sentences: line 2"):
        list(read_archive(path))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("fra.txt", "")
    with pytest.raises(InputError, match="There is no item named 'deu.txt'"):
        list(read_archive(path))


def test_another_archive_than_was_read_first(problem, tmp_path):
    write_archive(tmp_path / ARCHIVE)
    before = list(problem.generate_samples("", tmp_path, "train"))
    write_archive(tmp_path / ARCHIVE, [*LINES, "New!\tNeu!"])
    message = rf"{ARCHIVE}' isn't the archive that was read first.*{ARCHIVE}.sha256' and '\S+tfds"
    with pytest.raises(InputError, match=message):
        list(problem.generate_samples("", tmp_path, "train"))
    shutil.rmtree(tmp_path / "tfds")
    with pytest.raises(InputError, match=message):
        list(problem.generate_samples("", tmp_path, "train"))
    (tmp_path / f"{ARCHIVE}.sha256").unlink()
    assert len(list(problem.generate_samples("", tmp_path, "train"))) == len(before) + 1


def test_a_damaged_archive_is_not_the_one_that_was_read_first(problem, tmp_path):
    """Nor is one whose download was cut off, in whose place the whole one is put then."""
    write_archive(tmp_path / ARCHIVE)
    whole = (tmp_path / ARCHIVE).read_bytes()
    for content in (whole[:200], whole.replace(b"deu.txt", b"fra.txt")):
        (tmp_path / ARCHIVE).write_bytes(content)
        with pytest.raises(InputError, match="cannot read 'deu.txt' of "):
            list(problem.generate_samples("", tmp_path, "train"))
    (tmp_path / ARCHIVE).write_bytes(whole)
    assert len(list(problem.generate_samples("", tmp_path, "train"))) == 21
    assert (tmp_path / f"{ARCHIVE}.sha256").exists()


def test_real_sizes():
    assert tatoeba_pairs.TatoebaPairs.HELD_OUT == {"test": 2000, "validation": 1000}
