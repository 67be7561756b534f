"""Charts of an experiment: quality over speed, and how its systems were trained."""

from pathlib import Path

from t2t_hint_nart import registry
from t2t_hint_nart.evaluation.bleu_conventions import in_order
from t2t_hint_nart.inspection.figures import save, training_curves_figure
from t2t_hint_nart.inspection.pareto import Point, quality_figure
from t2t_hint_nart.losses.term import Scalar
from t2t_hint_nart.reproduce.recipe import Recipe
from t2t_hint_nart.reproduce.rows import Rows
from t2t_hint_nart.training.progress import GRADIENT_NORM
from t2t_hint_nart.training.summaries import Curve, training_history

# Quality over a metric: file, its axis, whether less is better.
SPEEDS = {
    "latency_ms": ("quality_latency.png", "milliseconds a sentence at batch 1", True),
    "throughput": ("quality_throughput.png", "sentences a second at the best batch", False),
}

# File and caption, by these names.
Chart = dict[str, str]
# Of each system, curves by the name of what they are of.
Histories = dict[str, dict[str, Curve]]


def quality_charts(recipe: Recipe, rows: Rows, output_dir: Path) -> list[Chart]:
    """Draw BLEU over latency and over throughput, as far as they were measured; means of seeds."""
    score = next(in_order(rows.get("bleu_convention")))
    charts = []
    for metric, (file, speed, less_is_better) in SPEEDS.items():
        points = [
            Point(
                recipe.system_label(key[0]),
                recipe.decoding_label(key[1]),
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
            charts.append({"file": file, "caption": caption})
    return charts


def training_histories(recipe: Recipe, output_dir: Path) -> Histories:
    """Read the curves of every system but the one that distils, which may be shared."""
    histories = {
        system.name: training_history(output_dir / system.name, _scalars(system.model))
        for system in recipe.systems
        if system.name != recipe.distilled_by
    }
    return {name: history for name, history in histories.items() if history}


def training_charts(recipe: Recipe, histories: Histories, output_dir: Path) -> list[Chart]:
    """Draw the curves, a plot for each term; nothing where there are none."""
    if not histories:
        return []
    curves: dict[str, dict[str, Curve]] = {}
    for system, history in histories.items():
        for term, curve in history.items():
            curves.setdefault(term, {})[recipe.system_label(system)] = curve
    save(training_curves_figure(curves), output_dir / "training.png")
    caption = "Unweighted losses, open gates and gradient norm during training."
    return [{"file": "training.png", "caption": caption}]


def _scalars(model: str) -> tuple[Scalar, ...]:
    """What is drawn of a model's training: its criterion, what the terms show, the gradient."""
    terms = (scalar for term in registry.terms().values() for scalar in term.scalars)
    criterion = registry.criterion(registry.criterion_of(model))
    return (criterion.scalar, *(scalar for scalar in terms if scalar.label), GRADIENT_NORM)
