"""The paper's Table 1, every row of it, beside what the same systems do here."""

from t2t_hint_nart.evaluation.bleu_conventions import in_order
from t2t_hint_nart.reproduce.markdown import MISSING, number, table
from t2t_hint_nart.reproduce.paper_results import DATASETS, TABLE_1
from t2t_hint_nart.reproduce.recipe import Recipe
from t2t_hint_nart.reproduce.rows import Rows


def table_1(recipe: Recipe, rows: Rows) -> list[str]:
    """Published numbers, measured ones and what the published really are; [] of other recipes.

    Published BLEU is of other data: rows are to be compared by their order and distances.
    """
    measured = rows.decoded()
    of_paper = [next((key for key in measured if row.is_of(*key)), None) for row in TABLE_1]
    if len(set(of_paper) - {None}) < len(TABLE_1) / 2:
        return []
    pairs = [*zip(TABLE_1, of_paper, strict=True)]
    pairs += [(None, key) for key in measured if key not in of_paper]
    own = next(in_order(rows.get("bleu_convention")))
    columns = (
        (own.score, "{:.2f}"),
        ("chrf", "{:.2f}"),
        ("latency_ms", "{:.1f}"),
        ("speedup", "{:.2f}×"),
    )
    body = []
    for paper, key in pairs:
        bleu = paper.bleu if paper else {}
        names = [recipe.system_label(key[0]), recipe.decoding_label(key[1])] if key else ["", ""]
        body.append(
            [
                paper.model if paper else MISSING,
                *names,
                *(number(key and rows.get(metric, *key), form) for metric, form in columns),
                *(number(bleu.get(dataset)) for dataset in DATASETS),
                number(paper and paper.speedup, "{:.2f}×"),
                paper.note if paper else "",
            ]
        )
    ours = ["system", "decoding", own.label, "chrF", "latency ms", "speed-up"]
    published = [f"published {title}" for title in (*DATASETS.values(), "speed-up")]
    return table(["Table 1", *ours, *published, "what the published are"], body, 3)
