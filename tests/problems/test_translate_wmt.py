"""WMT En-De: archives through TFDS's own builders, text files, filters, the vocabulary's text."""

import gzip
import itertools
import shutil
import tempfile
from pathlib import Path
from typing import ClassVar

import pytest
import tensorflow as tf
import tensorflow_datasets as tfds
from tensorflow_datasets.translate.wmt14 import Wmt14Translate
from tensorflow_datasets.translate.wmt_t2t import WmtT2tTranslate

from t2t_hint_nart import registry
from t2t_hint_nart.data import pair_filters
from t2t_hint_nart.problems.translate_wmt import sampled_text
from tests.problems.wmt_miniature import PAIRS, TEXT, unpack_archives, write_archives

BUILDERS = {
    "translate_ende_wmt32k": (WmtT2tTranslate, "v13"),
    "translate_ende_wmt8k": (WmtT2tTranslate, "v13"),
    "translate_ende_wmt14_32k": (Wmt14Translate, "v9"),
}


class WmtT2tTranslateTest(tfds.testing.DatasetBuilderTestCase):
    DATASET_CLASS = WmtT2tTranslate
    BUILDER_CONFIG_NAMES_TO_TEST: ClassVar = ["de-en"]
    SPLITS: ClassVar = {"train": 3 * (PAIRS - 1), "validation": 3, "test": 3}

    @classmethod
    def setUpClass(cls):
        cls.EXAMPLE_DIR = tempfile.mkdtemp()
        unpack_archives(Path(cls.EXAMPLE_DIR))
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        shutil.rmtree(cls.EXAMPLE_DIR)

    def _get_dl_extract_result(self, url):
        # Every archive is unpacked into the one folder.
        tf.nest.map_structure(self._add_url, url)
        return tf.nest.map_structure(lambda _: self.dummy_data, url)


class Wmt14TranslateTest(WmtT2tTranslateTest):
    DATASET_CLASS = Wmt14Translate


def quiet(name):
    problem = registry.problem(name)
    problem.progress = lambda line: None
    return problem


def pairs(problem, tmp_dir, split):
    samples = problem.generate_samples("", tmp_dir, split)
    return [(sample["inputs"], sample["targets"]) for sample in samples]


@pytest.fixture
def archives(tmp_path, monkeypatch):
    """A folder with archives under their official names, whose checksums are right."""
    write_archives(tmp_path)
    for builder in (WmtT2tTranslate, Wmt14Translate):
        infos = {
            url: tfds.download.checksums.compute_url_info(tmp_path / info.filename)
            for url, info in builder.url_infos.items()
            if (tmp_path / info.filename).exists()
        }
        monkeypatch.setattr(builder, "url_infos", infos)
    return tmp_path


@pytest.mark.parametrize("name", ["translate_ende_wmt32k", "translate_ende_wmt14_32k"])
def test_archives_in_tmp_dir_go_through_tfds(name, archives):
    problem = quiet(name)
    train = pairs(problem, archives, "train")
    corpora = ("europarl-v7", "commoncrawl", f"news-commentary-{BUILDERS[name][1]}")
    # Sentence 5 has no translation.
    assert sorted(train) == sorted(
        (TEXT["en"].format(number, f"{corpus}.de-en"), TEXT["de"].format(number, f"{corpus}.de-en"))
        for corpus in corpora
        for number in range(PAIRS)
        if number != 5
    )
    assert pairs(problem, archives, "train") == train
    for split, test_set in (("dev", "newstest2013"), ("test", "newstest2014")):
        assert sorted(pairs(problem, archives, split)) == [
            (TEXT["en"].format(number, test_set), TEXT["de"].format(number, test_set))
            for number in range(3)
        ]


def write_text(folder, train, dev, test=None):
    """Write text files: stem -> lines of both languages."""
    for names in (train, dev, test):
        for name, lines in (names or {}).items():
            (folder / name).write_bytes(
                gzip.compress(lines.encode()) if name.endswith(".gz") else lines.encode()
            )


TRAIN = ("Yes.\n\nNo\x01!\nAnd who?\n", "Ja.\nNichts.\nNein!\nUnd wer?\n")


def test_what_tensor2tensor_compiled_comes_first(tmp_path):
    name = "translate_ende_wmt32k"
    compiled = {f"{name}-compiled-train.lang1": TRAIN[0], f"{name}-compiled-train.lang2": TRAIN[1]}
    dev = {f"{name}-compiled-dev.lang1": "One.\n", f"{name}-compiled-dev.lang2": "Eins.\n"}
    write_text(tmp_path, compiled, dev)
    problem = quiet(name)
    assert [part["split"] for part in problem.splits_in(tmp_path)] == ["train", "dev"]
    assert pairs(problem, tmp_path, "dev") == [("One.", "Eins.")]
    # Bad lines are no error: they are counted under what is wrong with them.
    train = pairs(problem, tmp_path, "train")
    assert train == [
        ("Yes.", "Ja."),
        ("", "Nichts."),
        ("No\x01!", "Nein!"),
        ("And who?", "Und wer?"),
    ]
    filters = problem.pair_filters("train")
    dropped = [[name for name, keep in filters.items() if not keep(*pair)] for pair in train]
    assert dropped == [[], ["an empty line"], ["a control character"], []]
    assert problem.pair_filters("test") == pair_filters.NONE


def test_plain_text_and_reading_in_reverse(tmp_path):
    train = {"train.en.gz": "A dog.\nA cat.\n", "train.de.gz": "Ein Hund.\nEine Katze.\n"}
    dev = {"newstest2013.en": "One.\n", "newstest2013.de": "Eins.\n"}
    test = {"newstest2014.en": "Two.\n", "newstest2014.de": "Zwei.\n"}
    write_text(tmp_path, train, dev, test)
    problem = quiet("translate_ende_wmt8k_rev")
    problem.generate_data(tmp_path / "data", tmp_path)
    assert problem.text_pairs(tmp_path / "data", "test") == [("Zwei.", "Two.")]
    assert problem.source_language == "de"
    assert sorted(problem.text_pairs(tmp_path / "data", "train")) == [
        ("Ein Hund.", "A dog."),
        ("Eine Katze.", "A cat."),
    ]


def test_the_vocabulary_is_made_of_a_sample(tmp_path):
    lines = {
        language: "".join(f"{language}{n:04}\n" for n in range(400)) for language in ("en", "de")
    }
    train = {f"train.{language}": text for language, text in lines.items()}
    dev = {"dev.en": "One.\n", "dev.de": "Eins.\n"}
    write_text(tmp_path, train, dev)
    problem = quiet("translate_ende_wmt32k")
    problem.vocabulary_characters = 300
    taken = list(problem.generate_text_for_vocab("", tmp_path))
    # 2400 characters a side are four times the budget's double: four lines are passed over.
    assert taken == [f"{language}{n:04}" for n in range(4, 254, 5) for language in ("en", "de")]


@pytest.mark.parametrize("name", BUILDERS)
def test_names(name):
    problem = registry.problem(f"{name}_rev_distill")
    assert problem.bleu_convention == "wmt14_compound"
    assert problem.vocab_filename == f"vocab.{name}.{problem.base.approx_vocab_size}.subwords"
    assert (problem.source_language, problem.target_language) == ("de", "en")
    assert [part["shards"] for part in problem.dataset_splits] == [100, 1, 1]


def t2t_sample(lines, budget):
    """What T2T's generate_lines_for_vocab takes of one file."""
    every = int(sum(map(len, lines)) / budget / 2)
    counter, taken = 0, []
    for line in lines:
        if counter < every:
            counter += 1
        elif budget <= 0:
            break
        else:
            budget -= len(line)
            counter = 0
            taken.append(line)
    return taken


def test_each_side_as_a_file_of_its_own():
    sources = [f"s{number}" * (1 + number % 3) for number in range(500)]
    targets = [f"t{number}" * (1 + number % 7) for number in range(500)]

    def text():
        return itertools.chain.from_iterable(zip(sources, targets, strict=True))

    for budget in (40, 200, 3000, 10**6):
        taken = list(sampled_text(text, sides=2, characters=budget))
        for side, lines in (("s", sources), ("t", targets)):
            assert [line for line in taken if line[0] == side] == t2t_sample(lines, budget)
