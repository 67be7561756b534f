import math
import random

import pytest
import sacrebleu

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.evaluation import bleu
from t2t_hint_nart.text.moses_tokens import split_compounds, tokenize
from tests.oracles.corpus_bleu import corpus_bleu, international_tokens
from tests.oracles.multi_bleu import multi_bleu

REFERENCES = [
    "Ein Mann fährt mit dem E-Bike-Anhänger nach Köln, sagt er.",
    "„Das kostet 1.234,50 € (inkl. 19 %)“, meinte Dr. Weiß.",
    "Am 3. Oktober war's kalt; heute nicht!",
    "Zwei Hunde spielen im Schnee.",
]
WORDS = " ".join(REFERENCES).split()


def noisy(sentence, generator):
    """`sentence` with some words replaced, doubled, dropped or in lower case."""
    out = []
    for word in sentence.split():
        draw = generator.random()
        if draw < 0.1:
            out.append(generator.choice(WORDS))
        elif draw < 0.15:
            out += [word, word]
        elif draw < 0.2:
            out.append(word.lower())
        elif draw > 0.05:
            out.append(word)
    return " ".join(out)


@pytest.fixture(params=range(4))
def corpus(request):
    generator = random.Random(request.param)
    references = REFERENCES * 5
    return [noisy(line, generator) for line in references], references


def test_identical_text_scores_100():
    scores = bleu.corpus_scores(REFERENCES, REFERENCES, "de")
    values = {name: score.value for name, score in scores.items()}
    assert values.pop("ter") == 0.0
    assert values == dict.fromkeys(
        [
            "bleu_13a",
            "bleu_13a_lc",
            "bleu_intl",
            "bleu_intl_uncased",
            "bleu_tokenized",
            "bleu_tokenized_lc",
            "chrf",
            "chrf_pp",
        ],
        100.0,
    )


def test_intl_is_t2t_bleu(corpus):
    hypotheses, references = corpus
    for score, convert in ((bleu.bleu_intl, str), (bleu.bleu_intl_uncased, str.lower)):
        tokens = [[international_tokens(convert(line)) for line in side] for side in corpus]
        expected = corpus_bleu(*tokens, smooth_exponentially=True)
        assert score(hypotheses, references).value == pytest.approx(expected, abs=1e-9)
    assert bleu.bleu_intl(hypotheses, references).value == pytest.approx(
        sacrebleu.corpus_bleu(hypotheses, [references], tokenize="intl").score
    )


def test_13a_is_the_default_of_sacrebleu(corpus):
    hypotheses, references = corpus
    expected = sacrebleu.corpus_bleu(hypotheses, [references])
    assert bleu.bleu_13a(hypotheses, references).value == pytest.approx(expected.score)
    lower = sacrebleu.corpus_bleu(hypotheses, [references], lowercase=True)
    assert bleu.bleu_13a_lc(hypotheses, references).value == pytest.approx(lower.score)
    assert bleu.bleu_13a_lc(hypotheses, references).value > expected.score


def test_tokenized_is_bleu_over_split_moses_tokens(corpus):
    hypotheses, references = corpus
    # Those quotes are the only unicode punctuation of the corpus that is replaced.
    tokens = [
        [split_compounds(tokenize(line.replace("“", '"'), "de")) for line in side]
        for side in corpus
    ]
    expected = corpus_bleu(*tokens, smooth_exponentially=False)
    assert bleu.bleu_tokenized(hypotheses, references, "de").value == pytest.approx(expected)


def test_tokenized_scores_are_those_of_multi_bleu(corpus):
    plain = [[line.replace("“", '"') for line in side] for side in corpus]
    moses = [[" ".join(tokenize(line, "de")) for line in side] for side in corpus]
    split = [[" ".join(split_compounds(tokenize(line, "de"))) for line in side] for side in plain]
    expected, precisions, _ = multi_bleu(*split)
    assert bleu.bleu_tokenized(*corpus, "de").value == pytest.approx(expected)
    assert min(precisions) > 0
    expected, _, _ = multi_bleu(*moses, lowercase=True)
    assert bleu.bleu_tokenized_lc(*corpus, "de").value == pytest.approx(expected)
    assert expected > multi_bleu(*moses)[0]


def test_multi_bleu_by_hand():
    # 4 of 5, 2 of 4, 1 of 3 n-grams and no 4-gram; then 5 of 6, 3 of 5, 2 of 4, 1 of 3.
    assert multi_bleu(["a b c x d"], ["a b c y d"])[0] == 0.0
    expected = 100 * (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25
    score, precisions, penalty = multi_bleu(["a b c d x e"], ["a b c d y e"])
    assert (score, penalty) == (pytest.approx(expected), 1.0)
    assert precisions[3] == pytest.approx(100 / 3)
    assert multi_bleu(["a b c d"], ["a b c d e"])[2] == pytest.approx(math.exp(-1 / 4))
    assert multi_bleu(["A A A A"], ["a b c d"], lowercase=True)[1][0] == 25.0
    assert multi_bleu([""], ["a"])[0] == 0.0


def test_tokens_that_are_given_are_not_tokenised_again():
    given = ["it &apos;s high @-@ speed , isn &apos;t it ?", "&quot; No &quot; , he said ."]
    raw = ["It's high-speed, isn't it?", '"No", he said.']
    scores = bleu.corpus_scores(given, given, "en")
    assert scores["bleu_tokenized"].value == scores["bleu_tokenized_lc"].value == 100.0
    assert scores["bleu_tokenized"].signature.endswith("|prep:given+compounds")
    # As get_ende_bleu.sh: the references are tokenised, the translations are not yet.
    cased = [given[0].replace("it", "It", 1), given[1]]
    mixed = bleu.bleu_tokenized(raw, cased, "en")
    assert (mixed.value, mixed.signature.rpartition("|")[2]) == (
        100.0,
        "prep:moses-en/given+compounds",
    )
    # What says nothing of itself is as the references are.
    bare = bleu.bleu_tokenized(["it is high @-@ speed", "No"], given, "en")
    assert bare.signature.endswith("|prep:given+compounds")


def test_a_system_that_detaches_its_commas_is_tokenised_like_raw_references():
    score = bleu.bleu_tokenized(["Ja , ja , doch ."], ["Ja, ja, doch."], "de")
    assert score.signature.endswith("|prep:moses-de+compounds")


def test_compounds_change_the_tokenized_score():
    references = ["Das ist ein sehr langer Online-Test von gestern ."]
    hypotheses = ["Das ist ein sehr langer Online-Kurs von gestern ."]
    tokens = [[line.split() for line in side] for side in (hypotheses, references)]
    whole = corpus_bleu(*tokens, smooth_exponentially=False)
    split = bleu.bleu_tokenized(hypotheses, references, language=None)
    # 10 of 11, 8 of 10, 6 of 9 and 4 of 8 n-grams match once the compound is split.
    assert split.value == pytest.approx(100 * (10 / 11 * 8 / 10 * 6 / 9 * 4 / 8) ** 0.25)
    assert split.value > whole


def test_unicode_punctuation_is_replaced_before_tokenising():
    typographic, plain = ["Er sagte “ja” … oder nein"], ['Er sagte "ja" ... oder nein']
    assert bleu.bleu_tokenized(typographic, plain, "de").value == 100.0
    assert bleu.bleu_tokenized(typographic, plain, language=None).value < 100.0


def test_tokenized_is_not_smoothed():
    assert bleu.bleu_tokenized(["eins zwei drei vier"], ["eins zwei drei fünf"], "de").value == 0.0
    assert bleu.bleu_13a(["eins zwei drei vier"], ["eins zwei drei fünf"]).value > 0.0


def test_signatures_name_tokens_case_and_version():
    scores = bleu.corpus_scores(REFERENCES, REFERENCES, "de")
    version = f"version:{sacrebleu.__version__}"
    assert scores["bleu_13a"].signature == f"nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|{version}"
    assert "case:lc" in scores["bleu_13a_lc"].signature
    assert "tok:intl" in scores["bleu_intl"].signature
    assert "tok:none|smooth:none" in scores["bleu_tokenized"].signature
    assert scores["bleu_tokenized"].signature.endswith("prep:moses-de+compounds")
    assert "case:lc|eff:no|tok:none|smooth:none" in scores["bleu_tokenized_lc"].signature
    assert scores["bleu_tokenized_lc"].signature.endswith("prep:moses-de")
    assert "chrF2" not in scores["bleu_13a"].signature
    assert scores["chrf"].signature.startswith("nrefs:1|case:mixed|eff:yes|nc:6|nw:0")


def test_edits_in_percent_of_words():
    """One word of four is another, and in the second two change places, which is one shift."""
    assert bleu.ter(["a b x d"], ["a b c d"]).value == pytest.approx(25.0)
    assert bleu.ter(["c d a b e"], ["a b c d e"]).value == pytest.approx(20.0)
    assert bleu.ter(["A b c d"], ["a b c d"]).value == pytest.approx(25.0)
    # Six words for one: a word is right or replaced, and five are too many.
    assert bleu.ter(["b c d e f g"], ["a"]).value == pytest.approx(600.0)
    assert "case:mixed" in bleu.ter(["a"], ["a"]).signature
    assert "nw:2" in bleu.chrf_pp(["a"], ["a"]).signature


def test_printed_with_two_decimals_and_signature():
    assert str(bleu.Score(12.345678, "sig")) == "12.35 (sig)"


def test_an_empty_translation_is_scored():
    assert bleu.bleu_13a(["", *REFERENCES[1:]], REFERENCES).value < 100


@pytest.mark.parametrize(
    ("hypotheses", "references", "message"),
    [
        (["a", "b"], ["a"], "2 translations for 1 references"),
        ([], [], "no sentences to score"),
    ],
)
def test_unmatched_or_no_sentences_are_refused(hypotheses, references, message):
    for score in (bleu.corpus_scores, bleu.bleu_tokenized, bleu.bleu_tokenized_lc, bleu.chrf):
        with pytest.raises(InputError, match=message) as error:
            score(hypotheses, references)
        assert "\n" not in str(error.value)
