"""REPRODUCTION.md is for people: its tables are the rows', and so is every number in a sentence."""

import re
from pathlib import Path

import pytest

from t2t_hint_nart.reproduce.recipe import find_recipe
from t2t_hint_nart.reproduce.report import summary, with_tables
from t2t_hint_nart.reproduce.tables import results
from tests.contracts.claims import CLAIMS, EXEMPT, ROWS

ROOT = Path(__file__).parents[2]
MOST_LINES = 240
NUMERAL = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)*(?!\w)")
# The README's sections of results.
SECTIONS = ("## Try it: one command\n", "## What was found\n")


def document(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    if name == "README.md":
        text = "".join(title + text.split(title)[1].split("\n## ")[0] for title in SECTIONS)
    return text


def written(name):
    """What is no table that is written from rows."""
    return re.sub(r"<!-- table:.*?<!-- end -->", "", document(name), flags=re.DOTALL)


def prose(name):
    """What is neither code nor such a table, on one line."""
    text = written(name)
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"`([^`]*)`", lambda code: _name(code[1]), text)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    return " ".join(text.split())


def _name(code):
    """Code has no claims, but a name may be needed to know what a number beside it is of."""
    return f"`{re.sub(r'[0-9]', '#', code)}`"


def spans(pattern, text):
    return {place for match in re.finditer(pattern, text) for place in range(*match.span())}


def rendered(claim):
    template, *values = claim
    assert not NUMERAL.search(re.sub(r"\{[^}]*\}", "", template)), f"{template}: a number by hand"
    return template.format(*values)


def test_the_document_is_short():
    """What one has to read; a table is looked at."""
    assert len(written("REPRODUCTION.md").splitlines()) <= MOST_LINES


def test_its_tables_are_what_the_rows_give():
    text = document("REPRODUCTION.md")
    assert text.count("<!-- table:") > 5
    assert with_tables(text, ROOT / "reports") == text


@pytest.mark.parametrize("name", CLAIMS)
def test_every_claim_is_told_as_the_rows_have_it(name):
    text = prose(name)
    missing = [told for told in map(rendered, CLAIMS[name]) if told not in text]
    assert missing == [], "the rows say so, the document doesn't"


@pytest.mark.parametrize("name", CLAIMS)
def test_every_number_in_a_sentence_is_backed(name):
    text = prose(name)
    backed = set()
    for told in map(rendered, CLAIMS[name]):
        backed |= spans(re.escape(told), text)
    for pattern, _ in EXEMPT[name]:
        assert re.search(pattern, text), f"{pattern} is exempt, and isn't there"
        backed |= spans(pattern, text)
    unbacked = [
        text[max(match.start() - 40, 0) : match.end() + 20]
        for match in NUMERAL.finditer(text)
        if not backed.issuperset(range(*match.span()))
    ]
    assert unbacked == []


def test_a_number_that_no_row_has_would_be_seen():
    """The test above, tried."""
    assert [
        m[0] for m in NUMERAL.finditer("Multi30k: +0.95 ± 0.13 BLEU 13a, 1,200 steps (22 %).")
    ] == [
        "0.95",
        "0.13",
        "1,200",
        "22",
    ]
    with pytest.raises(AssertionError, match="a number by hand"):
        rendered(("{} steps, 22 %", 600))


def test_what_the_readme_prints_is_what_the_rows_say():
    assert summary(ROWS["quickstart"]) in document("README.md")


def test_verified_drafts_are_greedy_searchs_translations():
    rows, metric = ROWS["quickstart"], "translations.sha256"
    greedy = rows.get(metric, "teacher", "greedy")
    verified = [key for key in rows.decoded() if key[1].startswith("verified")]
    assert len(verified) == 2
    assert all(rows.get(metric, *key) == greedy for key in verified)


def test_the_stored_report_for_people_is_of_the_rows():
    report = (ROOT / "reports" / "quickstart" / "report.md").read_text(encoding="utf-8")
    assert "\n".join(results(find_recipe("quickstart"), ROWS["quickstart"])) in report


def test_the_rerun_measured_the_same_but_for_times():
    def measured(recipe):
        times = ("latency", "speedup", "wall_seconds", "interrupted", "command")
        return {
            (row.system, row.decoding, row.metric): row.value
            for row in ROWS[recipe].rows
            if row.seed == 1 and not row.metric.startswith(times)
        }

    again = measured("multi30k_rerun")
    assert measured("multi30k") == again
    assert any(metric == "training.sha256" for _, _, metric in again)
