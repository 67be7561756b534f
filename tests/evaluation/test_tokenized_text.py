import pytest

from t2t_hint_nart.evaluation.tokenized_text import given_tokens, looks_tokenized


@pytest.mark.parametrize(
    "lines",
    [
        ["Ja , sagte er ."],
        ["Ja.", "Nein , nie .", "Doch ."],
        ["it &apos;s"],
        ["a &quot; b"],
        ["high @-@ speed"],
        ["high ##AT##-##AT## speed"],
    ],
)
def test_tokens_are_recognised(lines):
    assert looks_tokenized(lines) is True


@pytest.mark.parametrize(
    "lines",
    [
        ["Ja, sagte er."],
        ["Er kam , sah.", "Und ging, am 3. Mai."],
        ["Mail an a@-@b, bitte."],
        # A line each way is no majority.
        ["Ja .", "Ja."],
    ],
)
def test_plain_text_is_recognised(lines):
    assert looks_tokenized(lines) is False


def test_text_without_signs_could_be_either():
    assert looks_tokenized(["Ja", "3,5 Euro ?", ""]) is None
    assert looks_tokenized([]) is None


def test_escapes_are_undone():
    line = "a &amp; b &#91; c &#93; &lt; d &gt; &#124; &quot; e&apos; f @-@ g"
    assert " ".join(given_tokens(line)) == "a & b [ c ] < d > | \" e' f ##AT##-##AT## g"
