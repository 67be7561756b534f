import random

import pytest

from t2t_hint_nart.evaluation.repetition import repetition, text_repetition
from tests.oracles.repetition import repetition_percent


def test_counts_by_hand():
    result = repetition([["the", "the", "the", "cat"], ["a", "b", "a"], ["x"], []])
    assert result.adjacent_percent == 25.0
    assert result.repeated_percent == 37.5
    assert result.sentences_percent == 25.0
    assert (result.tokens, result.sentences) == (8, 4)


def test_ids_equal_the_loops():
    generator = random.Random(1)
    for _ in range(20):
        sentences = [
            [generator.randrange(4) for _ in range(generator.randrange(8))] for _ in range(6)
        ]
        assert repetition(sentences).adjacent_percent == pytest.approx(
            repetition_percent(sentences)
        )


def test_sentences_do_not_touch():
    assert repetition([["a"], ["a"]]).adjacent_percent == 0.0


def test_nothing_at_all():
    assert repetition([]).adjacent_percent == 0.0
    assert repetition([[]]).sentences_percent == 0.0


def test_punctuation_does_not_hide_a_repeated_word():
    assert text_repetition(["Das ist ist."], "de").adjacent_percent == 25.0
    assert text_repetition(["Na ja ..."], "de").adjacent_percent == 0.0
    assert text_repetition(["Wer , , da?"], "de").adjacent_percent == 20.0
    # Tokens that are given stay whole: it, 's, 's.
    assert text_repetition(["it &apos;s &apos;s"], None).tokens == 3
