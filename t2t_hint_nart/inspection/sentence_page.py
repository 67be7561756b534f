"""One HTML page on a sentence, complete in itself: no script, style or font from elsewhere."""

import html
import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from t2t_hint_nart.evaluation.probes import entropy
from t2t_hint_nart.files.whole_file import write_whole
from t2t_hint_nart.inspection.sentence_view import ENCODER, SentenceView

TEMPLATE = "sentence_page.html"
_TITLES = {
    "encoder": "Self-attention, encoder",
    "decoder": "Self-attention, decoder",
    "positional": "Positional attention, decoder",
    "raw": "Cosine, states",
    "normed": "Cosine, normed states",
}


def page(shown: SentenceView) -> str:
    """Return the page: a map of every layer and head, and one of them large, with its tokens."""
    template = resources.files(__package__).joinpath(TEMPLATE).read_text(encoding="utf-8")
    # Inside a script element only "<" could be taken for the element's end.
    data = json.dumps(_data(shown), ensure_ascii=False, separators=(",", ":"))
    title = f"{shown.model}: {shown.inputs}"
    filled = {"@@TITLE@@": html.escape(title), "@@DATA@@": data.replace("<", "\\u003c")}
    # In one go: a sentence may have a place's name in it.
    return re.sub("|".join(filled), lambda match: filled[match[0]], template)


def write_page(shown: SentenceView, path: Path) -> Path:
    """Write the page, complete or not at all."""
    return write_whole(path, page(shown))


def _data(shown: SentenceView) -> dict[str, Any]:
    """What the page's script reads; matrices are [row][column], rounded to four digits."""
    views = [_attention("Attention", shown.attention, "target", "source")]
    for name, weights in shown.self_attention.items():
        side = "source" if name == ENCODER else "target"
        views.append(_attention(_TITLES[name], weights, side, side))
    for name, matrices in shown.cosines.items():
        views.append(_view(_TITLES[name], "target", "target", "viridis", matrices[:, None]))
    return {
        "model": shown.model,
        "inputs": shown.inputs,
        "outputs": shown.outputs,
        "source": shown.source,
        "target": shown.target,
        "start": [*shown.sharpest_head()],
        "views": views,
    }


def _attention(name: str, weights: NDArray[np.float64], rows: str, columns: str) -> dict[str, Any]:
    """A view of attention weights, float64[layers, H, rows, columns]."""
    means = np.round(entropy(weights).mean(axis=-1), 3).tolist()
    return {**_view(name, rows, columns, "blues", weights), "entropy": means}


def _view(
    name: str, rows: str, columns: str, colours: str, matrices: NDArray[np.float64]
) -> dict[str, Any]:
    return {
        "name": name,
        "rows": rows,
        "columns": columns,
        "colours": colours,
        "matrices": np.round(matrices, 4).tolist(),
    }
