import dataclasses
import html.parser
import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from t2t_hint_nart.inspection.sentence_page import page, write_page
from tests.inspection.sentence_views import SOURCE, TARGET, example


class Elements(html.parser.HTMLParser):
    """Every element with its attributes, and the text of scripts."""

    def __init__(self, text):
        super().__init__()
        self.found, self.scripts, self.title = [], {}, ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data):
        tag, attributes = self.found[-1] if self.found else ("", {})
        if tag == "script" and data.strip():
            self.scripts.setdefault(attributes.get("id", "code"), data)
        elif tag == "title":
            self.title += data.strip()


def test_it_needs_nothing_from_elsewhere():
    text = page(example())
    parsed = Elements(text)
    assert {tag for tag, _ in parsed.found}.isdisjoint({"link", "img", "iframe", "object"})
    assert not any({"src", "href"} & set(attributes) for _, attributes in parsed.found)
    assert set(re.findall(r"https?://[^\"' ]+", text)) <= {"http://www.w3.org/2000/svg"}
    assert "@import" not in text and "url(" not in text and "fetch(" not in text
    assert "@@" not in text


def test_its_data():
    shown = example()
    parsed = Elements(page(shown))
    data = json.loads(parsed.scripts["data"])
    assert (data["source"], data["target"]) == (SOURCE, TARGET)
    assert data["start"] == [1, 2]
    attention, encoder, decoder, raw, normed = data["views"]
    assert (encoder["rows"], encoder["columns"]) == ("source", "source")
    assert np.shape(encoder["matrices"]) == (1, 3, 3, 3)
    assert (decoder["rows"], decoder["columns"]) == ("target", "target")
    assert np.array(decoder["matrices"]) == pytest.approx(shown.self_attention["decoder"], abs=6e-5)
    assert np.array(attention["matrices"]) == pytest.approx(shown.attention, abs=6e-5)
    assert np.array(raw["matrices"])[:, 0] == pytest.approx(shown.cosines["raw"], abs=6e-5)
    assert np.array(normed["matrices"])[:, 0] == pytest.approx(shown.cosines["normed"], abs=6e-5)
    assert np.shape(attention["entropy"]) == shown.attention.shape[:2]


def test_tokens_cannot_break_out_of_it():
    text = page(example())
    assert text.count("</script>") == 2
    assert "model <b>" not in text
    assert Elements(text).title == "model <b>: Hallo"


def test_a_sentence_of_the_templates_own_words():
    shown = dataclasses.replace(example(), inputs="@@DATA@@ @@TITLE@@ \\1")
    parsed = Elements(page(shown))
    assert parsed.title == f"{shown.model}: {shown.inputs}"
    assert json.loads(parsed.scripts["data"])["inputs"] == shown.inputs


def test_every_element_that_the_script_asks_for_is_there():
    parsed = Elements(page(example()))
    ids = {attributes["id"] for _, attributes in parsed.found if "id" in attributes}
    assert set(re.findall(r'\$\("([^"]+)"\)', parsed.scripts["code"])) <= ids


@pytest.mark.skipif(shutil.which("node") is None, reason="no node to parse the script with")
def test_the_script_is_javascript(tmp_path):
    script = tmp_path / "script.js"
    script.write_text(Elements(page(example())).scripts["code"], "utf-8")
    subprocess.run(["node", "--check", script], check=True, capture_output=True)


def test_it_is_written_whole(tmp_path):
    path = write_page(example(), tmp_path / "index.html")
    assert path.read_text("utf-8") == page(example())
    assert list(tmp_path.iterdir()) == [path]
