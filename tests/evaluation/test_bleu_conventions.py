import pytest

from t2t_hint_nart.errors import UnknownNameError
from t2t_hint_nart.evaluation.bleu import corpus_scores
from t2t_hint_nart.evaluation.bleu_conventions import CONVENTIONS, in_order


@pytest.mark.parametrize("first", CONVENTIONS)
def test_all_are_there_and_the_problems_own_comes_first(first):
    found = list(in_order(first))
    assert found[0] is CONVENTIONS[first]
    assert sorted(c.score for c in found) == ["bleu_13a", "bleu_tokenized", "bleu_tokenized_lc"]
    assert {c.score for c in found} <= corpus_scores(["a"], ["a"]).keys()


def test_sacrebleus_is_first_where_none_is_named():
    assert next(in_order()).score == "bleu_13a"


def test_an_unknown_one_is_refused():
    with pytest.raises(UnknownNameError, match="Unknown BLEU convention 'wmt14'.*sacrebleu, wmt14"):
        list(in_order("wmt14"))
