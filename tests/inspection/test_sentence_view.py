import csv

import numpy as np
import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.evaluation.probes import cosine_matrix
from t2t_hint_nart.inspection import sentence_view
from t2t_hint_nart.inspection.sentence_view import draw, look, write_csv
from tests.inspection.sentence_views import (
    ENCODERS,
    HEADS,
    LAYERS,
    SOURCE,
    TARGET,
    example,
    inside,
    probes,
)


def test_padding_is_cut():
    shown, seen = example(length=4), {name: probe[0] for name, probe in probes(4).items()}
    assert (shown.model, shown.inputs, shown.outputs) == ("model <b>", "Hallo", "</script>")
    assert (shown.source, shown.target) == (SOURCE, TARGET)
    assert shown.attention.shape == (LAYERS, HEADS, len(TARGET), len(SOURCE))
    assert shown.attention == pytest.approx(seen["attention"][:, :, :2])
    assert {name: m.shape for name, m in shown.cosines.items()} == dict.fromkeys(
        ("raw", "normed"), (LAYERS, 2, 2)
    )
    sizes = {name: weights.shape[-2:] for name, weights in shown.self_attention.items()}
    assert sizes == {"encoder": (3, 3), "decoder": (2, 2)}
    assert shown.cosines["raw"][1] == pytest.approx(cosine_matrix(seen["hidden"][1, :2]))
    assert shown.cosines["normed"][0] == pytest.approx(cosine_matrix(seen["hidden_normed"][0, :2]))


def test_no_token_is_refused():
    with pytest.raises(InputError, match="^model <b> translates 'Hallo' with nothing: no token"):
        look(inside([0, 0], 1), ENCODERS, "Hallo")


def test_only_what_the_model_has(tmp_path):
    shown = example(without=("hidden_normed", "encoder_attention", "decoder_attention"))
    assert (list(shown.cosines), shown.self_attention) == (["raw"], {})
    assert [path.name for path in write_csv(shown, tmp_path)] == ["attention.csv", "cosine.csv"]


def test_the_sharpest_head():
    assert example().sharpest_head() == (1, 2)


def test_the_numbers(tmp_path):
    shown = example()
    names = ["attention.csv", "encoder_attention.csv", "decoder_attention.csv", "cosine.csv"]
    assert [path.name for path in write_csv(shown, tmp_path)] == names
    with (tmp_path / "encoder_attention.csv").open(encoding="utf-8", newline="") as file:
        last = list(csv.DictReader(file))[-1]
    assert (last["layer"], last["head"], last["token"], last["other_token"]) == (
        "1", "3", "<EOS>", "<EOS>"
    )  # fmt: skip
    weight = shown.self_attention["encoder"][0, 2, 2, 2]
    assert float(last["weight"]) == pytest.approx(weight, abs=5e-7)
    with (tmp_path / "attention.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == shown.attention.size
    weights = np.zeros_like(shown.attention)
    for row in rows:
        place = tuple(
            int(row[name]) - 1 for name in ("layer", "head", "target_position", "source_position")
        )
        weights[place] = float(row["weight"])
        assert (row["target"], row["source"]) == (TARGET[place[2]], SOURCE[place[3]])
    assert weights == pytest.approx(shown.attention, abs=5e-7)
    with (tmp_path / "cosine.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * LAYERS * 4
    last = rows[-2]
    assert (last["states"], last["layer"], last["token"]) == ("normed", "2", "<EOS>")
    assert float(last["cosine"]) == pytest.approx(shown.cosines["normed"][1, 1, 0], abs=5e-7)


def test_the_pictures(tmp_path):
    names = ["attention", "attention_layer1", "attention_layer2", "encoder_attention"]
    names += ["decoder_attention", "cosine_raw", "cosine_normed"]
    assert [path.name for path in draw(example(), tmp_path)] == [f"{name}.png" for name in names]
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(f"{name}.png" for name in names)
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in tmp_path.iterdir())


def test_what_is_drawn_as_attention_is_attention():
    """A token's weights sum to 1, be they of a head or the mean over heads."""
    drawn = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sentence_view, "attention_figure", drawn.extend)
        list(sentence_view._figures(example()))
    assert len(drawn) > LAYERS
    for panel in drawn:
        np.testing.assert_allclose(np.sum(panel.values, axis=1), 1.0, rtol=1e-6)
