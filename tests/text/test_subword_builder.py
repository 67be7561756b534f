import os
import subprocess
import sys

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.text import subword_builder
from t2t_hint_nart.text.subword import SubwordTextEncoder
from t2t_hint_nart.text.subword_builder import Settings
from tests.text.t2t_goldens import CORPUS, GOLDENS


@pytest.mark.parametrize("golden", GOLDENS["vocabularies"])
def test_vocabulary_is_t2ts(golden):
    encoder = SubwordTextEncoder.build_from_generator(
        iter(CORPUS), golden["target_size"], max_subtoken_length=golden["max_subtoken_length"]
    )
    assert encoder.subtokens == golden["subtokens"]


def test_order_of_the_corpus_does_not_matter():
    sizes = [
        SubwordTextEncoder.build_from_generator(corpus, 120).subtokens
        for corpus in (CORPUS, CORPUS[::-1])
    ]
    assert sizes[0] == sizes[1]


def test_higher_minimum_count_gives_fewer_subtokens():
    counts = {"lower": 4, "lowest": 3, "low": 9, "slow": 2}
    sizes = [len(subword_builder.build(counts, n, Settings())) for n in (0, 1, 3, 5, 100)]
    assert sizes[0] == sizes[1]
    assert sizes == sorted(sizes, reverse=True)
    # Nothing but the reserved subtokens and the alphabet is left.
    letters = set("lowerst<pad><EOS>") | set("\\_u;0123456789")
    assert sizes[-1] == 2 + len(letters)


def test_bound_on_the_length_is_exclusive():
    subtokens = subword_builder.build({"abababab": 50}, 1, Settings(max_subtoken_length=4))
    assert max(map(len, subtokens[2:])) == 3


def test_more_reserved_tokens():
    reserved = ("<pad>", "<EOS>", "<2de>")
    encoder = SubwordTextEncoder.build_from_generator(CORPUS, 100, reserved_tokens=list(reserved))
    assert encoder.subtokens[:3] == ["<pad>_", "<EOS>_", "<2de>_"]


def test_reserved_tokens_in_the_corpus_are_not_doubled():
    encoder = SubwordTextEncoder.build_from_token_counts({"<pad>": 9, "a": 1}, 1)
    assert encoder.subtokens.count("<pad>_") == 1


def test_newline_is_not_a_subtoken(tmp_path):
    encoder = SubwordTextEncoder.build_from_generator(["a\nb"] * 9, 30)
    encoder.store(tmp_path / "vocab")
    assert "\n" not in encoder.subtokens
    assert SubwordTextEncoder(tmp_path / "vocab").subtokens == encoder.subtokens


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: SubwordTextEncoder.build_from_generator([], 10),
            "the generator yielded no text",
        ),
        (
            lambda: SubwordTextEncoder.build_from_generator(["a"], 0),
            "target_size must be at least 1, received 0",
        ),
        (
            lambda: SubwordTextEncoder.build_to_target_size(10, {"a": 1}, 5, 4),
            "min_val must not exceed max_val, received 5 and 4",
        ),
        (
            lambda: SubwordTextEncoder.build_from_generator(["a"], 9, reserved_tokens=["<EOS>"]),
            r"must begin with \['<pad>', '<EOS>'\], received \['<EOS>'\]",
        ),
    ],
)
def test_bad_arguments(build, message):
    with pytest.raises(InputError, match=message):
        build()


def test_search_stops_within_one_percent_and_keeps_the_nearest(monkeypatch):
    tried = []

    def build(token_counts, min_count, settings):
        tried.append(min_count)
        return ["x"] * (10000 // min_count)

    monkeypatch.setattr(subword_builder, "build", build)
    # The counts that T2T tries, in its order; none comes within 1 % of 950.
    assert len(subword_builder.search(950, {}, 1, 1000, Settings())) == 909
    assert tried == [500, 250, 125, 62, 31, 15, 7, 11, 9, 10]
    tried.clear()
    assert len(subword_builder.search(20, {}, 1, 1000, Settings())) == 20
    assert tried == [500]


BUILD = """
import random
from t2t_hint_nart.text.subword import SubwordTextEncoder
rng = random.Random(1)
words = ["".join(rng.choices("abcdeäöß-", k=rng.randint(2, 7))) for _ in range(400)]
texts = (" ".join(rng.choices(words, k=9)) for _ in range(500))
print(SubwordTextEncoder.build_from_generator(texts, 300).fingerprint())
"""


def test_same_vocabulary_in_every_process():
    fingerprints = {
        subprocess.run(
            [sys.executable, "-c", BUILD],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(fingerprints) == 1 and len(fingerprints.pop()) == 65
