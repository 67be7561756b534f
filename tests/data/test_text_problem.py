"""Generating, encoding and reading back text."""

import itertools

import pytest

from t2t_hint_nart.data import text_problem
from t2t_hint_nart.data.problem import DatasetSplit
from t2t_hint_nart.data.shards import read_shard
from t2t_hint_nart.data.text_problem import Text2TextProblem, VocabType
from t2t_hint_nart.errors import InputError
from tests.data.lines_problem import PAIRS, LinesProblem


@pytest.fixture
def data_dir(tmp_path):
    LinesProblem().generate_data(tmp_path, tmp_path / "tmp")
    return tmp_path


def test_files(data_dir):
    assert sorted(path.name for path in data_dir.iterdir() if path.is_file()) == [
        "lines_problem-data.json",
        "lines_problem-dev-00000-of-00001",
        "lines_problem-test-00000-of-00001",
        "lines_problem-train-00000-of-00002",
        "lines_problem-train-00001-of-00002",
        "vocab.lines_problem.64.subwords",
        "vocab.lines_problem.64.subwords.json",
    ]


@pytest.mark.parametrize("split", DatasetSplit.ALL)
def test_text_comes_back(data_dir, split):
    pairs = LinesProblem().text_pairs(data_dir, split)
    assert sorted(pairs) == sorted(PAIRS[split])
    if split != DatasetSplit.TRAIN:
        assert pairs == PAIRS[split]


def test_reversed_and_copied_text(data_dir):
    assert LinesProblem(was_reversed=True).text_pairs(data_dir, "test") == [
        ("the cat sings .", "die Katze singt .")
    ]
    assert LinesProblem(was_copy=True).text_pairs(data_dir, "test") == [
        ("die Katze singt .", "die Katze singt .")
    ]


def test_both_sides_end_in_eos(data_dir):
    for path in LinesProblem().shard_files(data_dir, "train"):
        for pair in read_shard(path):
            assert pair["inputs"][-1] == pair["targets"][-1] == 1
            assert 1 not in pair["inputs"][:-1] + pair["targets"][:-1]


def test_same_data_again(data_dir, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    LinesProblem().generate_data(other, other)
    for split in DatasetSplit.ALL:
        assert LinesProblem().text_pairs(other, split) == LinesProblem().text_pairs(data_dir, split)


ZEBRAS = {**PAIRS, DatasetSplit.TEST: [("das Zebra .", "the zebra .")] * 50}
WITHOUT_DEV = {**PAIRS, DatasetSplit.EVAL: []}


class ZebraProblem(LinesProblem):
    pairs = ZEBRAS


def test_vocabulary_is_of_the_training_text(tmp_path):
    ZebraProblem().generate_data(tmp_path, tmp_path)
    content = (tmp_path / ZebraProblem().vocab_filename).read_text()
    assert "the_" in content and "ebra" not in content


def test_vocabulary_is_not_built_twice(data_dir):
    path = data_dir / LinesProblem().vocab_filename
    content = path.read_text()
    encoder = LinesProblem().feature_encoders(data_dir)["targets"]
    edited = content.replace("'the_'", "'THE_'")
    assert edited != content
    path.write_text(edited)
    assert LinesProblem().get_or_create_vocab(data_dir, data_dir).vocab_size == encoder.vocab_size
    assert path.read_text() == edited


def test_missing_vocabulary_names_the_command(tmp_path):
    with pytest.raises(InputError, match="t2t-datagen --problem=lines_problem --data_dir="):
        LinesProblem().feature_encoders(tmp_path)


class TogetherProblem(LinesProblem):
    is_generate_per_split = False


def test_one_pool_of_samples_for_all_splits(tmp_path):
    problem = TogetherProblem()
    problem.generate_data(tmp_path, tmp_path)
    pairs = [problem.text_pairs(tmp_path, split) for split in DatasetSplit.ALL]
    assert [len(part) for part in pairs] == [3, 1, 1]
    assert sorted(itertools.chain(*pairs)) == sorted(PAIRS["train"])


class PrefixedProblem(LinesProblem):
    inputs_prefix = "de "
    targets_prefix = "en "


def test_prefixes(tmp_path):
    PrefixedProblem().generate_data(tmp_path, tmp_path)
    assert PrefixedProblem().text_pairs(tmp_path, "test") == [
        ("de die Katze singt .", "en the cat sings .")
    ]


class CharacterProblem(LinesProblem):
    vocab_type = VocabType.CHARACTER


class TokenProblem(LinesProblem):
    vocab_type = VocabType.TOKEN
    oov_token = "UNK"


class BorrowingProblem(LinesProblem):
    use_vocab_from_other_problem = LinesProblem()


def test_characters(tmp_path):
    CharacterProblem().generate_data(tmp_path, tmp_path)
    assert CharacterProblem().text_pairs(tmp_path, "test") == PAIRS["test"]
    (pair,) = read_shard(CharacterProblem().shard_files(tmp_path, "test")[0])
    assert pair["targets"] == [byte + 2 for byte in b"the cat sings ."] + [1]


def test_tokens(tmp_path):
    class BorrowingTokens(LinesProblem):
        use_vocab_from_other_problem = TokenProblem()

    for problem in (TokenProblem(), BorrowingTokens()):
        with pytest.raises(InputError) as told:
            problem.generate_data(tmp_path, tmp_path)
        assert str(told.value) == (
            f"no vocabulary '{tmp_path}/vocab.token_problem.tokens' of problem 'token_problem'; it "
            "isn't built: write it, a token a line, of which <pad> and <EOS> are the first"
        )
    with pytest.raises(InputError, match="it isn't built: write it, a token a line"):
        TokenProblem().feature_encoders(tmp_path)
    words = "<pad> <EOS> UNK the cat die Katze ."
    (tmp_path / "vocab.token_problem.tokens").write_text(words.replace(" ", "\n") + "\n")
    TokenProblem().generate_data(tmp_path, tmp_path)
    assert TokenProblem().text_pairs(tmp_path, "test") == [("die Katze UNK .", "the cat UNK .")]


def test_another_problems_vocabulary(tmp_path):
    BorrowingProblem().generate_data(tmp_path, tmp_path)
    assert (tmp_path / "vocab.lines_problem.64.subwords").exists()
    assert BorrowingProblem().text_pairs(tmp_path, "test") == PAIRS["test"]


class EmptyProblem(LinesProblem):
    pairs = WITHOUT_DEV


def test_a_split_without_text(tmp_path):
    with pytest.raises(InputError, match=r"no sentence pair .*empty_problem-dev-00000-of-00001"):
        EmptyProblem().generate_data(tmp_path, tmp_path)


def test_languages_as_read():
    problem = LinesProblem(was_reversed=True)
    assert (problem.source_language, problem.target_language) == ("en", "de")
    assert LinesProblem(was_copy=True).target_language == "de"


def test_progress_is_told(tmp_path):
    told = []
    problem = LinesProblem()
    problem.progress = told.append
    problem.generate_data(tmp_path, tmp_path)
    written, report = told[:4], told[4:]
    assert [line.split(":")[0] for line in written] == ["vocabulary", "train", "dev", "test"]
    assert "train: 5 sentence pairs written to 2 shard(s)" in written[1]
    assert report[0].startswith("vocabulary vocab.lines_problem.64.subwords: ")
    assert report[1] == "train: 5 of 5 pairs written; tokens 28 in, 29 out; 0 duplicate pairs"
    assert report[2].startswith("dev: 2 of 2 pairs written; tokens ")
    assert report[3].endswith("; 0 duplicate pairs; 0 pairs and 0 sources also in training")


class FirstSamplesProblem(LinesProblem):
    max_samples_for_vocab = 2


def test_vocabulary_of_the_first_samples(tmp_path):
    problem = FirstSamplesProblem()
    texts = list(problem.generate_text_for_vocab(tmp_path, tmp_path))
    assert texts == [*PAIRS["train"][0], *PAIRS["train"][1]]


class PortedProblem(Text2TextProblem):
    """As tensor2tensor's are written: everything is a property."""

    @property
    def vocab_type(self):
        return VocabType.CHARACTER

    @property
    def approx_vocab_size(self):
        return super().approx_vocab_size // 2

    @property
    def is_generate_per_split(self):
        return True

    @property
    def inputs_prefix(self):
        return "translate: "

    @property
    def use_vocab_from_other_problem(self):
        return LinesProblem()

    @property
    def dataset_splits(self):
        return LinesProblem.dataset_splits

    def generate_samples(self, data_dir, tmp_dir, dataset_split):
        return LinesProblem().generate_samples(data_dir, tmp_dir, dataset_split)


def test_properties_may_be_properties(tmp_path):
    problem = PortedProblem()
    assert problem.approx_vocab_size == 2**14
    assert problem.vocab_filename == "vocab.lines_problem.64.subwords"
    problem.generate_data(tmp_path, tmp_path)
    expected = [(f"translate: {source}", target) for source, target in PAIRS["dev"]]
    assert problem.text_pairs(tmp_path, "dev") == expected


def test_t2t_iterators(tmp_path):
    for name, text in (("a", "eins\nzwei\n"), ("b", "one\ntwo\n"), ("c", "eins\tone\nzwei\ttwo\n")):
        (tmp_path / name).write_text(text, "utf-8")
    samples = [{"inputs": "eins", "targets": "one"}, {"inputs": "zwei", "targets": "two"}]
    assert list(text_problem.txt_line_iterator(tmp_path / "a")) == ["eins", "zwei"]
    pairs = text_problem.text2text_txt_iterator(str(tmp_path / "a"), str(tmp_path / "b"))
    assert list(pairs) == samples
    assert list(text_problem.text2text_txt_tab_iterator(tmp_path / "c")) == samples
