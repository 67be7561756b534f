"""Tables of results, from rows to Markdown; numbers are those of one seed, or mean ± deviation."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from t2t_hint_nart.evaluation.bleu_conventions import BleuConvention, in_order
from t2t_hint_nart.reproduce.markdown import MISSING, duration, inline_code, number, p_value, table
from t2t_hint_nart.reproduce.paper_results import (
    DATASETS,
    TEACHER_COSINES_BELOW,
    published,
)
from t2t_hint_nart.reproduce.recipe import Question, Recipe
from t2t_hint_nart.reproduce.rows import Rows, Spread, comparisons, p_value_over_seeds, spread

# Title, metric, format.
Column = tuple[str, str, str]


def system_label(recipe: Recipe, system: str) -> str:
    """Return what tables call a system, which the recipe may no longer have."""
    return {found.name: found.label for found in recipe.systems}.get(system) or system


def decoding_label(recipe: Recipe, decoding: str) -> str:
    """Return what tables call a decoding."""
    return {found.name: found.label for found in recipe.decodings}.get(decoding) or decoding


def _conventions(rows: Rows) -> list[BleuConvention]:
    """The problem's own BLEU first."""
    return list(in_order(rows.get("bleu_convention")))


def _measured(columns: Sequence[Column], rows: Rows) -> list[Column]:
    metrics = {row.metric for row in rows.rows}
    return [column for column in columns if column[1] in metrics]


def results(recipe: Recipe, rows: Rows, without: str = "") -> list[str]:
    """Every system by each of its decodings but `without`, beside the paper's numbers."""
    own, *others = [(c.label, c.score, "{:.2f}") for c in _conventions(rows)]
    columns = _measured(
        [
            own,
            *others,
            ("chrF", "chrf", "{:.2f}"),
            (f"long {own[0]}", f"long_{own[1]}", "{:.2f}"),
            ("repetition %", "repetition_percent", "{:.2f}"),
            ("latency ms", "latency_ms", "{:.1f}"),
            ("speed-up", "speedup", "{:.2f}×"),
        ],
        rows,
    )
    dataset = recipe.paper_dataset
    body = []
    for system, decoding in (key for key in rows.decoded() if key[1] != without):
        paper = published(dataset, system, decoding)
        body.append(
            [
                system_label(recipe, system),
                decoding_label(recipe, decoding),
                *(number(rows.get(metric, system, decoding), form) for _, metric, form in columns),
                number(paper.bleu[dataset] if paper else None),
                number(paper.speedup if paper else None, "{:.2f}×"),
            ]
        )
    titles = ["system", "decoding", *(title for title, _, _ in columns)]
    return table([*titles, f"paper BLEU, {DATASETS[dataset]}", "paper speed-up"], body, 2)


def ablation(recipe: Recipe, rows: Rows) -> list[str]:
    """The paper's Table 2: the systems that learn distilled data, each as its export translates."""
    keys = [(s.name, recipe.exported(s.name).name) for s in recipe.systems if s.distilled]
    keys = [key for key in keys if key in rows.decoded()]
    if len(keys) < 2:
        return []
    dataset = recipe.paper_dataset
    papers = [published(dataset, *key) for key in keys]

    def ours(title: str, metric: str) -> list[str]:
        return [title, *(number(rows.get(metric, *key)) for key in keys)]

    def theirs(title: str, name: str) -> list[str]:
        found = [(getattr(paper, name) or {}) if paper else {} for paper in papers]
        return [f"paper: {title}", *(number(values.get(dataset)) for values in found)]

    own = _conventions(rows)[0]
    body = [
        ours(own.label, own.score),
        theirs("BLEU", "bleu"),
        ours(f"long-sentence {own.label}", f"long_{own.score}"),
        theirs("long-sentence BLEU", "long_bleu"),
        ours("repetition %", "repetition_percent"),
        theirs("repetition %", "repetition_percent"),
    ]
    return table(["", *(system_label(recipe, system) for system, _ in keys)], body)


def paired(recipe: Recipe, rows: Rows, against: str = "", without: str = "") -> list[str]:
    """Paired comparisons.

    Args:
        recipe: of the rows.
        rows: of one experiment.
        against: a system; only comparisons with it, and as gains and losses over it.
        without: a decoding that is left out.
    """
    found = [
        test if not against or test.baseline == against else test.reversed()
        for test in comparisons(rows)
        if test.decoding != without
        if not against or against in (test.baseline, test.system)
    ]
    several = any(len(test.p_values) > 1 for test in found)
    order = {decoding.name: place for place, decoding in enumerate(recipe.decodings)}
    body = []
    for test in sorted(found, key=lambda test: order.get(test.decoding, len(order))):
        each = ", ".join(map(p_value, test.p_values))
        cells = [
            decoding_label(recipe, test.decoding),
            system_label(recipe, test.baseline),
            system_label(recipe, test.system),
            number(test.difference, "{:+.2f}"),
            each,
        ]
        tests = [p_value(test.p_value), p_value(test.p_value_over_seeds)]
        body.append([*cells, *tests] if several else cells)
    header = ["decoding", "baseline", "system", "BLEU 13a", "p"]
    if several:
        header[4:] = ["p of each seed", "p combined", "p of the t-test over seeds"]
    return table(header, body, 3) if body else []


def states(recipe: Recipe, rows: Rows) -> list[str]:
    """Cosines of decoder states and attention, beside the paper (section 2.1)."""
    systems = [s for s in rows.systems() if rows.by_seed("cosine.raw.mean", s)]
    if not systems:
        return []
    columns = [
        ("cosine", "cosine.raw.mean", "{:.3f}"),
        *((f"< {key}", f"cosine.raw.below_{key}", "{:.1%}") for key in TEACHER_COSINES_BELOW),
        ("last layer", "cosine.raw.last.mean", "{:.3f}"),
        *((f"< {key}", f"cosine.raw.last.below_{key}", "{:.1%}") for key in TEACHER_COSINES_BELOW),
        ("normed", "cosine.normed.mean", "{:.3f}"),
        ("entropy, nats", "attention.entropy", "{:.3f}"),
        ("KL, nats", "attention.kl", "{:.3f}"),
    ]
    body = [
        [
            system_label(recipe, system),
            *(number(rows.get(metric, system), form) for _, metric, form in columns),
        ]
        for system in systems
    ]
    paper = [number(share, "{:.0%}") for share in TEACHER_COSINES_BELOW.values()]
    rest = [MISSING] * (len(columns) - 1 - len(paper))
    body.append(["paper's teacher", MISSING, *paper, *rest])
    return table([recipe.name, *(title for title, _, _ in columns)], body)


def study(recipe: Recipe, rows: Rows, questions: str = "") -> list[str]:
    """A study: its questions, or those named with commas between, and what each system answers."""
    body = []
    for question in recipe.only(questions.split(",")).questions if questions else recipe.questions:
        body += _answers(question, rows, recipe)
    bleu = f"{recipe.split} BLEU 13a"
    header = ["question", "variant", "settings", "steps", bleu, "difference", "repetition %"]
    return table([*header, "seeds"], body, 3)


def _answers(question: Question, rows: Rows, recipe: Recipe) -> list[list[str]]:
    """The question's lines, best first; only seeds that answer all of it count."""
    keys = {name: (name, recipe.exported(name).name) for name in question.systems}
    scores = {name: rows.by_seed("bleu_13a", *key) for name, key in keys.items()}
    scores = {name: found for name, found in scores.items() if found}
    if not scores:
        return []
    seeds = [s for s in rows.seeds if all(s in found for found in scores.values())]
    repeated = {name: rows.by_seed("repetition_percent", *keys[name]) for name in scores}
    steps = {name: rows.get("settings.steps", name) for name in scores}
    firsts = {steps[name]: name for name in reversed(scores)}

    def mean(name: str) -> float:
        return float(spread(scores[name][seed] for seed in seeds))

    lines = []
    for place, name in enumerate(sorted(scores, key=lambda name: -mean(name))):
        first = firsts[steps[name]]
        differences = [scores[name][seed] - scores[first][seed] for seed in seeds]
        told = f"{number(spread(differences), '{:+.2f}')} over {first}"
        over_seeds = p_value_over_seeds(differences)
        if over_seeds is not None:
            told += f" (p {p_value(over_seeds)})"
        lines.append(
            [
                question.text if place == 0 else "",
                name,
                _settings(rows, name),
                number(steps[name], "{:d}"),
                number(spread(scores[name][seed] for seed in seeds)),
                MISSING if name == first else told,
                number(spread(repeated[name][seed] for seed in seeds)),
                str(len(seeds)),
            ]
        )
    return lines


def _settings(rows: Rows, system: str) -> str:
    """What a system's settings differ in from a set as it is, on distilled data, started warm."""
    told = []
    if hparams := rows.get("settings.hparams", system):
        told.append(inline_code(hparams))
    if not rows.get("settings.distilled", system):
        told.append("real data")
    if not rows.get("settings.warm_start_from", system):
        told.append("from nothing")
    return ", ".join(told) or MISSING


def systems(recipe: Recipe, rows: Rows) -> list[str]:
    """How each system was trained."""
    body = [
        [
            system_label(recipe, system),
            inline_code(rows.get("settings.hparams_set", system)),
            inline_code(overrides) if (overrides := rows.get("settings.hparams", system)) else "",
            "distilled" if rows.get("settings.distilled", system) else "real",
            rows.get("settings.warm_start_from", system) or "nothing",
            rows.get("settings.hints_from", system) or MISSING,
            number(rows.get("settings.steps", system), "{:d}"),
        ]
        for system in rows.systems()
    ]
    header = ["system", "set", "overrides", "data", "starts from", "hints from", "steps"]
    return table(header, body, 6)


def facts(recipe: Recipe, rows: Rows) -> list[str]:
    """What else is told of a run: data, signatures, loss terms, times, machine, versions."""
    del recipe
    told = {**rows.facts(), "wall_seconds": rows.wall_seconds()}
    told.pop("command", None)
    return table(["", ""], ([name, _fact(name, value)] for name, value in told.items()), 2)


def _fact(name: str, value: Any) -> str:
    if name.startswith("wall_seconds"):
        return duration(float(value))
    if name.startswith("signature."):
        return inline_code(value)
    return f"{value:.6g}" if isinstance(value, float | Spread) else str(value)


TABLES: dict[str, Callable[..., list[str]]] = {
    "results": results,
    "ablation": ablation,
    "comparisons": paired,
    "states": states,
    "study": study,
    "systems": systems,
    "facts": facts,
}


def runs(stored: Mapping[str, Rows]) -> list[str]:
    """Every run whose rows are stored: its command, how long it took, on what."""
    body = []
    for name, rows in stored.items():
        for seed in rows.seeds:
            run = Rows([row for row in rows.rows if row.seed == seed], name)
            machine = f"{run.get('hardware.cpu')}, {run.get('hardware.cores')} cores"
            command, took = inline_code(run.get("command")), duration(run.wall_seconds())
            body.append([name, str(seed), command, took, machine])
    return table(["recipe", "seed", "command", "all stages", "machine"], body, 3)
