import csv
import functools

import pytest

from tests.bin.conftest import SIZES
from tests.commands import refusal, succeed

pytestmark = [
    pytest.mark.usefixtures("eager_functions"),
    # Run eagerly, a sentence of one token has a softmax over one value.
    pytest.mark.filterwarnings("ignore:You are using a softmax"),
]
FILES = ["attention.csv", "attention.png", "attention_layer1.png", "attention_layer2.png",
         "cosine.csv", "cosine_normed.png", "cosine_raw.png", "decoder_attention.csv",
         "decoder_attention.png", "encoder_attention.csv", "encoder_attention.png",
         "index.html"]  # fmt: skip
POSITIONAL = ["positional_attention.csv", "positional_attention.png"]


@pytest.fixture(scope="module")
def page_of(workshop, tmp_path_factory):
    """From a model to what is told of a sentence, and the directory of its page."""

    @functools.cache
    def show(model):
        out = tmp_path_factory.mktemp(model) / "out"
        told = succeed(
            "t2t-visualize",
            *workshop.flags(model),
            "--decode_hparams=extra_length=2",
            sentence="der Hund bellt .",
            visualization_dir=out,
        )
        return told, out

    return show


@pytest.mark.parametrize("model", ["transformer", "transformer_nat"])
def test_a_checkpoint(page_of, model):
    told, out = page_of(model)
    assert told.startswith("der Hund bellt .\n") and told.endswith("in a browser.\n")
    expected = FILES + (POSITIONAL if model == "transformer_nat" else [])
    assert sorted(path.name for path in out.iterdir()) == expected
    with (out / "attention.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    source = {int(row["source_position"]): row["source"] for row in rows}
    assert source[max(source)] == "<EOS>"
    assert "".join(source.values()) == "der_Hund_bellt_ ._<EOS>"
    assert not {"<pad>", "<pad>_", ""} & {row["target"] for row in rows}
    sums = {}
    for row in rows:
        place = row["layer"], row["head"], row["target_position"]
        sums[place] = sums.get(place, 0.0) + float(row["weight"])
    assert len({place[:2] for place in sums}) == SIZES["num_hidden_layers"] * SIZES["num_heads"]
    assert all(total == pytest.approx(1.0, abs=1e-4) for total in sums.values())


@pytest.mark.parametrize("model", ["transformer", "transformer_nat"])
def test_self_attention(page_of, model):
    """T2T's visualizer shows encoder, decoder and encoder-decoder attention."""
    _, out = page_of(model)
    with (out / "decoder_attention.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    later = [row for row in rows if int(row["other_position"]) > int(row["position"])]
    itself = [row for row in rows if row["other_position"] == row["position"]]
    assert later and itself
    # A teacher doesn't look ahead, a student not at itself.
    unseen = later if model == "transformer" else itself
    assert {float(row["weight"]) for row in unseen} == {0.0}
    data = (out / "index.html").read_text("utf-8")
    for kind in ("Self-attention, encoder", "Self-attention, decoder"):
        assert f'"name":"{kind}"' in data
    assert ('"name":"Positional attention, decoder"' in data) == (model == "transformer_nat")


def test_an_export(workshop, teacher_export, tmp_path):
    flags = {"export_dir": teacher_export, "data_dir": workshop.data_dir, "sentence": "die Katze ."}
    told = succeed("t2t-visualize", **flags, visualization_dir=tmp_path)
    once = succeed("t2t-query-server", export_dir=teacher_export, inputs_once="die Katze .")
    assert told.splitlines()[:2] == ["die Katze .", once.rstrip("\n")]
    # An export gives no self-attention.
    expected = [name for name in FILES if not name.startswith(("decoder_", "encoder_"))]
    assert sorted(path.name for path in tmp_path.iterdir()) == expected
    with (tmp_path / "cosine.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["states"] for row in rows} == {"raw", "normed"}
    for row in rows:
        assert -1 <= float(row["cosine"]) <= 1
        if row["position"] == row["other_position"]:
            assert float(row["cosine"]) == pytest.approx(1.0)


def test_an_export_of_another_vocabulary(workshop, teacher_export, tmp_path):
    (vocabulary,) = workshop.data_dir.glob("vocab*s")
    *lines, last, end = vocabulary.read_text("utf-8").split("\n")
    (tmp_path / vocabulary.name).write_text("\n".join([*lines[:2], last, *lines[2:], end]), "utf-8")
    flags = {"export_dir": teacher_export, "data_dir": tmp_path, "sentence": "a"}
    line = refusal("t2t-visualize", **flags, visualization_dir=tmp_path / "out")
    assert line.startswith(f"{teacher_export} doesn't fit text2text_tmpdir: its vocabulary of ")
    assert not (tmp_path / "out").exists()


def test_a_sentence_that_is_not_utf8(workshop, tmp_path):
    told = succeed(
        "t2t-visualize",
        *workshop.flags(),
        "--decode_hparams=extra_length=2",
        sentence=b"der H\xfcnd .".decode("utf-8", "surrogateescape"),
        visualization_dir=tmp_path,
    )
    assert told.startswith("der H\ufffdnd .\n")
    assert "der H\ufffdnd ." in (tmp_path / "index.html").read_text("utf-8")


def test_an_older_page_is_kept(workshop, tmp_path):
    page = tmp_path / "index.html"
    page.write_text("precious")
    flags = {"sentence": "x", "visualization_dir": tmp_path}
    line = refusal("t2t-visualize", *workshop.flags(), **flags)
    assert line == f"{page} exists; give another --visualization_dir."
    assert [path.read_text() for path in tmp_path.iterdir()] == ["precious"]


def test_refusals(workshop, tmp_path):
    out = tmp_path / "out"
    assert refusal("t2t-visualize") == (
        "Missing --sentence, --visualization_dir, --data_dir. See --help."
    )
    flags = {"sentence": "x", "visualization_dir": out, "data_dir": workshop.data_dir}
    assert refusal("t2t-visualize", **flags).startswith("Missing --model, --hparams_set")
    line = refusal("t2t-visualize", **flags, export_dir=tmp_path)
    assert line == f"No export in {tmp_path}; make one with t2t-exporter."
    assert not out.exists()
