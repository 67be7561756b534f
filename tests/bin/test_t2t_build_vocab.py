import pytest

from t2t_hint_nart.text.subword import SubwordTextEncoder
from tests.bin.conftest import PAIRS, PROBLEM
from tests.commands import refusal, succeed


@pytest.fixture
def text(tmp_path):
    directory = tmp_path / "text"
    directory.mkdir()
    for side, place in (("inputs", 0), ("targets", 1)):
        for split in ("train", "eval"):
            lines = [pair[place] for pair in PAIRS[split]]
            (directory / f"{side}.{split}.txt").write_text("\n".join(lines) + "\n", "utf-8")
    return directory


def test_of_a_problem_it_is_that_of_datagen(workshop, tmp_path, text):
    told = succeed("t2t-build-vocab", problem=f"{PROBLEM}_rev", data_dir=tmp_path / "data",
                   tmp_dir=text)  # fmt: skip
    path, record = sorted((tmp_path / "data").iterdir())
    assert record.name == path.name + ".json"
    assert path.read_bytes() == (workshop.data_dir / path.name).read_bytes()
    size = SubwordTextEncoder(path).vocab_size
    assert told == f"{PROBLEM}: vocabulary of {size} in {tmp_path / 'data'}\n"
    again = succeed("t2t-build-vocab", problem=PROBLEM, data_dir=tmp_path / "data", tmp_dir=text)
    assert again == told
    (text / "targets.train.txt").write_text("other\n" * len(PAIRS["train"]), "utf-8")
    assert refusal(
        "t2t-build-vocab", problem=PROBLEM, data_dir=tmp_path / "data", tmp_dir=text
    ).startswith(f"the vocabulary '{path}' was made of other text than there is now; remove ")


def test_of_text(tmp_path, text):
    out = tmp_path / "made" / "vocab"
    flags = {"corpus_filepattern": f"{text}/*.train.txt", "output_filename": out, "min_count": 3}
    told = succeed("t2t-build-vocab", **flags)
    encoder = SubwordTextEncoder(out)
    assert told == f"{encoder.vocab_size} subtokens written to {out}\n"
    assert {"Hund_", "sleeps_"} <= set(encoder.subtokens) and "Vogel_" in encoder.subtokens
    assert refusal("t2t-build-vocab", **flags) == f"--output_filename {out} exists; give another."
    few = tmp_path / "few"
    succeed("t2t-build-vocab", **{**flags, "output_filename": few}, corpus_max_lines=1)
    assert SubwordTextEncoder(few).vocab_size < encoder.vocab_size


def test_of_counted_tokens(tmp_path):
    (tmp_path / "counts").write_text("low,5\nlower,3\n", "utf-8")
    out = tmp_path / "vocab"
    succeed("t2t-build-vocab", vocab_filepattern=tmp_path / "counts", output_filename=out,
            min_count=3)  # fmt: skip
    expected = SubwordTextEncoder.build_from_token_counts({"low": 5, "lower": 3}, 3)
    assert SubwordTextEncoder(out).subtokens == expected.subtokens


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({}, "Give one of --problem, --corpus_filepattern, --vocab_filepattern. See --help."),
        ({"problem": "p", "corpus_filepattern": "x"}, "Give one of --problem,"),
        ({"corpus_filepattern": "nowhere/*"}, "There is no file nowhere/*."),
        ({"corpus_filepattern": "x", "min_count": 0}, "--min_count must be at least 1, not 0."),
        ({"corpus_filepattern": "x", "corpus_max_lines": -1}, "--corpus_max_lines must be at"),
        ({"problem": "text2text_tmpdri"}, "problem 'text2text_tmpdri' is not registered. Did you"),
        ({"problem": PROBLEM, "tmp_dir": "empty"}, ""),
    ],
)
def test_refusals(tmp_path, monkeypatch, flags, expected):
    monkeypatch.chdir(tmp_path)
    flags = {"output_filename": "out", "data_dir": "data", **flags}
    assert refusal("t2t-build-vocab", **flags).startswith(expected)
    assert not (tmp_path / "out").exists()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
