"""Multi30k: TFDS's checks of the builder, a download, local files."""

import gzip
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
import tensorflow_datasets as tfds

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.problems.builders import multi30k
from tests.problems.local_server import serving

NUMBERS = {"train": 9, "val": 3, "test_2016_flickr": 2}


def write_text(folder, packed=True):
    """Made-up captions under the official names."""
    for stem, count in NUMBERS.items():
        for language, pattern in (("de", "Ein Hund, {} {}."), ("en", "A dog,  {} {}.")):
            lines = "".join(pattern.format(stem, number) + " \n" for number in range(count))
            path = folder / f"{stem}.{language}{'.gz' * packed}"
            path.write_bytes(gzip.compress(lines.encode()) if packed else lines.encode())


class Multi30kTest(tfds.testing.DatasetBuilderTestCase):
    DATASET_CLASS = multi30k.Multi30k
    SPLITS: ClassVar = {"train": 9, "validation": 3, "test": 2}
    DL_DOWNLOAD_RESULT: ClassVar = {
        split: {language: f"{stem}.{language}.gz" for language in ("de", "en")}
        for split, stem in multi30k.Multi30k.STEMS.items()
    }

    @classmethod
    def setUpClass(cls):
        cls.EXAMPLE_DIR = tempfile.mkdtemp()
        write_text(Path(cls.EXAMPLE_DIR))
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        shutil.rmtree(cls.EXAMPLE_DIR)


@pytest.fixture
def problem():
    problem = registry.problem("translate_deen_multi30k")
    problem.progress = lambda line: None
    return problem


def generated(problem, data_dir, tmp_dir):
    problem.generate_data(data_dir, tmp_dir)
    return {split: problem.text_pairs(data_dir, split) for split in ("train", "dev", "test")}


def test_download_and_local_files_give_the_same(problem, tmp_path, monkeypatch):
    folders = {packed: tmp_path / str(packed) for packed in (True, False)}
    for packed, folder in folders.items():
        folder.mkdir()
        write_text(folder, packed)
    with serving(folders[True], monkeypatch) as address:
        monkeypatch.setattr(multi30k, "_RAW", address)
        downloaded = generated(problem, tmp_path / "data", tmp_path / "tmp")
    assert downloaded["test"] == [
        (f"Ein Hund, test_2016_flickr {number}.", f"A dog,  test_2016_flickr {number}.")
        for number in range(2)
    ]
    for packed, folder in folders.items():
        local = generated(problem, tmp_path / f"data{packed}", folder)
        assert local["dev"] == downloaded["dev"] and local["test"] == downloaded["test"]
        assert sorted(local["train"]) == sorted(downloaded["train"])
        assert not (folder / "tfds").exists()


@pytest.mark.parametrize("right", [True, False])
def test_checksums_and_files_that_are_there(problem, tmp_path, monkeypatch, right):
    served, tmp_dir = tmp_path / "served", tmp_path / "tmp"
    served.mkdir()
    tmp_dir.mkdir()
    write_text(served)
    # Not on the server, but in tmp_dir under its official name: it needs no download.
    there = shutil.move(served / "val.de.gz", tmp_dir)
    info = tfds.download.checksums.compute_url_info(there)
    if not right:
        info = replace(info, checksum="0" * 64)
    with serving(served, monkeypatch) as address:
        monkeypatch.setattr(multi30k, "_RAW", address)
        monkeypatch.setattr(multi30k.Multi30k, "url_infos", {f"{address}/val.de.gz": info})
        if right:
            assert len(generated(problem, tmp_path / "data", tmp_dir)["dev"]) == 3
            return
        with pytest.raises(InputError, match="multi30k' is not what it should be: ") as told:
            problem.generate_data(tmp_path / "data", tmp_dir)
    assert "\n" not in str(told.value)


def test_no_network(problem, tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(multi30k, "_RAW", "http://127.0.0.1:9")
    monkeypatch.setattr("t2t_hint_nart.data.tfds_problem._ATTEMPTS", 0)
    message = r"could not download the text of 'translate_deen_multi30k' \(no connection to 127"
    with pytest.raises(InputError, match=message):
        problem.generate_data(tmp_path / "data", tmp_path / "tmp")
    assert not list((tmp_path / "data").glob("*-of-*"))


@pytest.mark.parametrize("kind", ["ExtractError", "UnsafeArchiveError"])
def test_archives_that_tfds_cannot_unpack(kind):
    from tensorflow_datasets.core.download import extractor

    from t2t_hint_nart.data.tfds_problem import _downloading

    with pytest.raises(InputError) as told, _downloading("the text", "put it there"):
        raise getattr(extractor, kind)("a link\nto outside")
    assert str(told.value) == (
        "an archive of the text is damaged or unsafe: a link to outside; remove it to download it "
        "again, or put it there"
    )


def test_swapped_files(problem, tmp_path):
    for stem in NUMBERS:
        (tmp_path / f"{stem}.de").write_text("The man and the woman are here with us.\n" * 9)
        (tmp_path / f"{stem}.en").write_text("Der Mann und die Frau sind bei uns.\n" * 9)
    with pytest.raises(InputError, match=r"train.de' and '\S+train.en' seem swapped"):
        problem.generate_data(tmp_path / "data", tmp_path)


def test_vocabulary_sizes(problem):
    assert problem.approx_vocab_size == 4096
    larger = registry.problem("translate_deen_multi30k_10k")
    assert larger.vocab_filename == "vocab.translate_deen_multi30k_10k.10000.subwords"
    assert larger.local_files == problem.local_files
