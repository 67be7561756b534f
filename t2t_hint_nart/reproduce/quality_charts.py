"""Charts of quality over speed, of rows: all that translates, and the front to choose from."""

from pathlib import Path

from t2t_hint_nart.evaluation.bleu_conventions import in_order
from t2t_hint_nart.inspection.figures import save
from t2t_hint_nart.inspection.pareto import Point, quality_figure
from t2t_hint_nart.reproduce.recipe import Recipe
from t2t_hint_nart.reproduce.rows import Rows
from t2t_hint_nart.reproduce.tables import decoding_label, system_label

# By metric: file, label of its axis, whether less is better.
CHARTS = {
    "latency_ms": ("quality_latency.png", "milliseconds a sentence at batch 1", True),
    "throughput": ("quality_throughput.png", "sentences a second at the best batch", False),
}


def draw_quality(recipe: Recipe, rows: Rows, output_dir: Path) -> list[dict[str, str]]:
    """Draw BLEU over latency and over throughput, as far as they were measured; means of seeds.

    Returns:
        {"file", "caption"} of each chart.
    """
    score = next(in_order(rows.get("bleu_convention")))
    figures = []
    for metric, (file, speed, less_is_better) in CHARTS.items():
        points = [
            Point(
                system_label(recipe, key[0]),
                decoding_label(recipe, key[1]),
                float(rows.get(metric, *key)),
                float(rows.get(score.score, *key)),
                is_baseline=key == recipe.baseline,
            )
            for key in rows.decoded()
            if rows.by_seed(metric, *key)
        ]
        if points:
            labels = {"quality": score.label, "speed": speed}
            save(quality_figure(points, **labels, less_is_better=less_is_better), output_dir / file)
            caption = f"{score.label} over {speed}; the line joins what nothing else beats."
            figures.append({"file": file, "caption": caption})
    return figures
