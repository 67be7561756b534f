"""One HTML page on a sentence, complete in itself: no script, style or font from elsewhere."""

import html
import json
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from t2t_hint_nart.evaluation.attention import entropy
from t2t_hint_nart.reproduce.sentence_view import SentenceView

TEMPLATE = "sentence_page.html"
_TITLES = {"raw": "Cosine, states", "normed": "Cosine, normed states"}


def page(shown: SentenceView) -> str:
    """Return the page: a map of every layer and head, and one of them large, with its tokens."""
    template = resources.files(__package__).joinpath(TEMPLATE).read_text(encoding="utf-8")
    # Inside a script element only "<" could be taken for the element's end.
    data = json.dumps(_data(shown), ensure_ascii=False, separators=(",", ":"))
    title = f"{shown.model}: {shown.inputs}"
    return template.replace("@@TITLE@@", html.escape(title)).replace(
        "@@DATA@@", data.replace("<", "\\u003c")
    )


def write_page(shown: SentenceView, path: Path) -> Path:
    """Write the page, complete or not at all."""
    incomplete = path.with_name(path.name + ".incomplete")
    incomplete.write_text(page(shown), encoding="utf-8")
    incomplete.replace(path)
    return path


def _data(shown: SentenceView) -> dict[str, Any]:
    """What the page's script reads; matrices are [row][column], rounded to four digits."""
    layer, head = shown.sharpest_head()
    return {
        "model": shown.model,
        "inputs": shown.inputs,
        "outputs": shown.outputs,
        "source": shown.source,
        "target": shown.target,
        "start": [layer, head],
        "views": [
            {
                "name": "Attention",
                "rows": "target",
                "columns": "source",
                "colours": "blues",
                "entropy": np.round(entropy(shown.attention).mean(axis=-1), 3).tolist(),
                "matrices": np.round(shown.attention, 4).tolist(),
            },
            *(
                {
                    "name": _TITLES[name],
                    "rows": "target",
                    "columns": "target",
                    "colours": "viridis",
                    "matrices": [[matrix] for matrix in np.round(matrices, 4).tolist()],
                }
                for name, matrices in shown.cosines.items()
            ),
        ],
    }
