"""IWSLT14: TFDS's checks of the builder, both preparations, their filters and divisions."""

import shutil
import tempfile
from pathlib import Path
from typing import ClassVar

import pytest
import tensorflow_datasets as tfds

from t2t_hint_nart import registry
from t2t_hint_nart.data import pair_filters
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.problems.builders.iwslt14 import ARCHIVE, HELD_OUT, Iwslt14, sentence_pairs
from tests.problems.iwslt14_miniature import SENTENCES, TALKS, write_archive
from tests.problems.local_server import serving

READ = TALKS * (SENTENCES + 2)  # two more sentences a talk: its title and its description
TITLE = ("wir sahen den delphin 0", "we saw the dolphin 0")


class Iwslt14Test(tfds.testing.DatasetBuilderTestCase):
    DATASET_CLASS = Iwslt14
    SPLITS: ClassVar = {"train": READ, **dict.fromkeys(HELD_OUT, 2)}
    # Who offers the archive publishes no checksum.
    SKIP_CHECKSUMS = True

    @classmethod
    def setUpClass(cls):
        cls.EXAMPLE_DIR = tempfile.mkdtemp()
        write_archive(Path(cls.EXAMPLE_DIR) / ARCHIVE)
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        shutil.rmtree(cls.EXAMPLE_DIR)


@pytest.fixture(scope="module")
def tmp_dir(tmp_path_factory):
    """A folder with the archive, in which the builder's work is shared by the tests."""
    folder = tmp_path_factory.mktemp("iwslt14")
    write_archive(folder / ARCHIVE)
    return folder


def samples(name, tmp_dir, split):
    problem = registry.problem(name)
    pairs = [
        (sample["inputs"], sample["targets"])
        for sample in problem.generate_samples("", tmp_dir, split)
    ]
    filters = problem.pair_filters(split)
    return [pair for pair in pairs if pair_filters.keeps(filters, *pair)], len(pairs)


def test_the_160k_rule(tmp_dir):
    train, read = samples("translate_deen_iwslt14", tmp_dir, "train")
    dev, _ = samples("translate_deen_iwslt14", tmp_dir, "dev")
    # Of each talk, the sentence without German and the one of too unlike lengths are dropped.
    assert len(train) + len(dev) == READ - 2 * TALKS
    assert len(dev) == len(train + dev) // 23 and read == READ - len(dev)
    assert train[0] == TITLE
    assert train[2] == (
        "wir sahen den delphin nr. 0-0 im golf . er sagte : „ gut “ &amp; ging .",
        "we saw the dolphin nr. 0-0 im golf . he &apos;s said : “ good ” &amp; left .",
    )
    every = [
        pair
        for pair in sentence_pairs(tmp_dir / ARCHIVE, "train", ("de", "en"))
        if all(pair) and " Ja" not in pair[0]
    ]
    assert len(every) == len(train + dev)
    # The 23rd that is left, in the order of the archive.
    assert dev[0][0].split()[:4] == every[22][0].lower().split()[:4]
    assert not set(dev) & set(train)


def test_the_153k_rule_drops_longer_sentences(tmp_dir):
    longer, _ = samples("translate_deen_iwslt14", tmp_dir, "train")
    train, _ = samples("translate_deen_iwslt14_153k", tmp_dir, "train")
    dev, _ = samples("translate_deen_iwslt14_153k", tmp_dir, "dev")
    # The long sentence of each talk has sixty tokens.
    assert len(train) + len(dev) == READ - 3 * TALKS and len(dev) == (READ - 3 * TALKS) // 23
    assert max(len(side.split()) for pair in train for side in pair) <= 50
    assert max(len(side.split()) for pair in longer for side in pair) > 50


def test_test_sets_are_joined_in_the_fields_order(tmp_dir):
    for name in ("translate_deen_iwslt14", "translate_deen_iwslt14_153k_32k"):
        test, _ = samples(name, tmp_dir, "test")
        assert test == [
            (f"das war &apos; s , sagt {split} {n} .", f"that &apos;s it , says {split} {n} .")
            for split in ("dev2010", "dev2012", "tst2010", "tst2011", "tst2012")
            for n in (1, 2)
        ]


def test_raw_text(tmp_dir):
    builder = Iwslt14(config="raw", data_dir=str(tmp_dir / "raw"))
    config = tfds.download.DownloadConfig(manual_dir=tmp_dir)
    builder.download_and_prepare(download_config=config)
    first = next(iter(tfds.as_numpy(builder.as_dataset(split="tst2012"))))
    assert first["de"].decode() == "Das war's, sagt tst2012 1."


def test_downloaded_and_generated(tmp_dir, tmp_path, monkeypatch):
    problem = registry.problem("translate_deen_iwslt14")
    problem.progress = lambda line: None
    with serving(tmp_dir, monkeypatch) as address:
        monkeypatch.setattr(Iwslt14, "URL", f"{address}/{ARCHIVE}")
        problem.generate_data(tmp_path / "data", tmp_path / "tmp")
    assert (
        problem.text_pairs(tmp_path / "data", "test") == samples(problem.name, tmp_dir, "test")[0]
    )
    dev = samples(problem.name, tmp_dir, "dev")[0]
    assert problem.text_pairs(tmp_path / "data", "dev") == dev


def test_prepared_text(tmp_path):
    for split in ("train", "valid", "test"):
        (tmp_path / f"{split}.de").write_text(f"das ist {split} .\n")
        (tmp_path / f"{split}.en").write_text(f"this is {split} .\n")
    dev = samples("translate_deen_iwslt14", tmp_path, "dev")
    assert dev == ([("das ist valid .", "this is valid .")], 1)


def test_names():
    for name, size, most in (
        ("translate_deen_iwslt14", 10_000, 175),
        ("translate_deen_iwslt14_32k", 2**15, 175),
        ("translate_deen_iwslt14_153k", 10_000, 50),
        ("translate_deen_iwslt14_153k_32k", 2**15, 50),
    ):
        problem = registry.problem(f"{name}_distill")
        assert problem.bleu_convention == "iwslt14_lowercased_tokenized"
        assert (problem.base.approx_vocab_size, problem.base.most_tokens) == (size, most)


def test_unreadable_archives(tmp_path):
    path = tmp_path / ARCHIVE
    path.write_bytes(b"no archive")
    with pytest.raises(InputError, match=r"cannot read 'train.tags.de-en.de' of '\S+de-en.tgz'"):
        list(sentence_pairs(path, "train", ("de", "en")))
    write_archive(path, without=["IWSLT14.TED.tst2011.de-en.en.xml"])
    with pytest.raises(InputError, match=r"tst2011.de-en.en.xml' of '\S+': the archive has no suc"):
        list(sentence_pairs(path, "tst2011", ("de", "en")))
