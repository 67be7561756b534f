"""Who may be used on what: languages tell directions apart where names don't."""

from types import SimpleNamespace

import pytest

from t2t_hint_nart.data.problem_identity import ProblemIdentity, identity_of
from t2t_hint_nart.errors import InputError
from tests.data.lines_problem import LinesProblem

ENCODER = SimpleNamespace(vocab_size=6, fingerprint=lambda: "ab")
SHARED = {"inputs": ENCODER, "targets": ENCODER}
VOCABULARY = {"size": 6, "fingerprint": "ab"}


def learnt(problem, source="", target=""):
    named = SimpleNamespace(name=problem, source_language=source, target_language=target)
    return identity_of(named, SHARED)


def test_of_a_problem_as_it_is_read():
    sides = {"inputs": VOCABULARY, "targets": VOCABULARY}
    forward = identity_of(LinesProblem(), SHARED)
    assert forward == ProblemIdentity("lines_problem", sides, {"inputs": "de", "targets": "en"})
    backward = identity_of(LinesProblem(was_reversed=True), SHARED)
    assert backward.problem == "lines_problem_rev"
    assert backward.languages == {"inputs": "en", "targets": "de"}
    # Half of a direction is none.
    assert learnt("letters", "de").languages == {}


def test_problems_of_other_names_may_be_opposite():
    with pytest.raises(InputError) as caught:
        learnt("news_ende", "en", "de").check_fits(learnt("news_deen", "de", "en"), "runs/a")
    assert str(caught.value) == (
        "runs/a translates news_ende, the opposite direction of news_deen; give a model of "
        "news_deen."
    )


@pytest.mark.parametrize("languages", [("de", "en"), ("en", "en"), ("fr", "de"), ("", "")])
def test_what_is_not_known_to_be_opposite_is_told_of(languages):
    found = learnt("talks", *languages).check_fits(learnt("news_deen", "de", "en"), "runs/a")
    assert found == "runs/a was trained on 'talks', not on 'news_deen'"


def test_in_one_language_nothing_is_opposite():
    assert learnt("a", "en", "en").check_fits(learnt("a_distill", "en", "en"), "runs/a") == ""
    assert learnt("a", "en", "en").check_fits(learnt("b", "en", "en"), "runs/a")


def test_why_it_does_not_fit():
    other = ProblemIdentity("news", {"targets": {"size": 7, "fingerprint": "ab"}})
    assert learnt("news").misfit(other, "runs/a", "data") == (
        "runs/a doesn't fit data: its vocabulary of targets has size 6, that of data 7. Use the "
        "vocabulary that it was trained with."
    )
    assert learnt("news").misfit(learnt("talks"), "runs/a") == ""
