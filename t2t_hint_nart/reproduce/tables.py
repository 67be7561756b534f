"""Tables of results, from rows to Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any

from t2t_hint_nart.errors import find_named
from t2t_hint_nart.evaluation.bleu_conventions import in_order
from t2t_hint_nart.reproduce.markdown import MISSING, duration, number, p_value, table
from t2t_hint_nart.reproduce.paper_results import DATASETS, TEACHER_COSINES_BELOW, published
from t2t_hint_nart.reproduce.recipe import Question, Recipe
from t2t_hint_nart.reproduce.rows import Rows, Spread, comparisons, p_value_over_seeds, spread

# What a table of comparisons may tell of both, and its title there.
OF_BOTH = {"bleu_13a": "BLEU 13a of both", "repetition_percent": "repetition % of both"}
# Title, metric, format.
Column = tuple[str, str, str]


def _cells(rows: Rows, columns: Sequence[Column], *key: str) -> list[str]:
    return [number(rows.get(metric, *key), form) for _, metric, form in columns]


def results(recipe: Recipe, rows: Rows, without: str = "") -> list[str]:
    """Every system by each of its decodings but `without`, beside the paper's numbers."""
    # The problem's own BLEU first.
    own, *others = [(c.label, c.score, "{:.2f}") for c in in_order(rows.get("bleu_convention"))]
    columns = [
        own,
        *others,
        ("chrF", "chrf", "{:.2f}"),
        (f"long {own[0]}", f"long_{own[1]}", "{:.2f}"),
        ("repetition %", "repetition_percent", "{:.2f}"),
        ("latency ms", "latency_ms", "{:.1f}"),
        ("speed-up", "speedup", "{:.2f}×"),
    ]
    measured = {row.metric for row in rows.rows}
    columns = [column for column in columns if column[1] in measured]
    dataset, body = recipe.paper_dataset, []
    for system, decoding in (key for key in rows.decoded() if key[1] != without):
        paper = published(dataset, system, decoding)
        names = [recipe.system_label(system), recipe.decoding_label(decoding)]
        theirs = [number(paper and paper.bleu[dataset]), number(paper and paper.speedup, "{:.2f}×")]
        body.append([*names, *_cells(rows, columns, system, decoding), *theirs])
    titles = ["system", "decoding", *(title for title, _, _ in columns)]
    return table([*titles, f"paper BLEU, {DATASETS[dataset]}", "paper speed-up"], body, 2)


def choice(recipe: Recipe, rows: Rows) -> list[str]:
    """What one would choose by: quality, speed on one thread and size of all that translates."""
    own = next(in_order(rows.get("bleu_convention")))
    measured = dict.fromkeys(row.metric for row in rows.rows)
    users = [metric for metric in measured if metric.startswith("score.")]
    columns = [
        (own.label, own.score, "{:.2f}"),
        ("chrF++", "chrf_pp", "{:.2f}"),
        ("TER", "ter", "{:.2f}"),
        *((metric.removeprefix("score."), metric, "{:.4g}") for metric in users),
        ("repetition %", "repetition_percent", "{:.2f}"),
        ("latency ms", "latency_ms", "{:.2f}"),
        ("95 % within", "latency_p95_ms", "{:.2f}"),
        ("speed-up", "speedup", "{:.2f}×"),
        ("sentences/s", "throughput", "{:.0f}"),
        ("tokens a pass", "tokens_per_pass", "{:.2f}"),
        ("MiB", "size_mib", "{:.1f}"),
    ]
    if "throughput" not in measured:
        return []
    columns = [column for column in columns if column[1] in measured]
    scorers, body = {found.name: found.scorer for found in recipe.decodings}, []
    for system, decoding in rows.decoded():
        names = [recipe.system_label(system), recipe.decoding_label(decoding)]
        cells = _cells(rows, columns, system, decoding)
        models = filter(None, (system, scorers.get(decoding)))
        counts = [rows.get("settings.parameters", model) for model in models]
        body.append([*names, *cells, number(None not in counts and sum(counts) / 1e6)])
    titles = ["system", "decoding", *(title for title, _, _ in columns), "million parameters"]
    return table(titles, body, 2)


def ablation(recipe: Recipe, rows: Rows) -> list[str]:
    """The paper's Table 2: what learns distilled data, with hints or as if, as it is exported."""
    hinted = {system.model for system in recipe.systems if system.hints_from}
    learned = {s.name for s in recipe.systems if s.distilled and s.model in hinted}
    keys = [key for key in recipe.as_exported() if key[0] in learned and key in rows.decoded()]
    if len(keys) < 2:
        return []
    papers = [published(recipe.paper_dataset, *key) for key in keys]
    own, body = next(in_order(rows.get("bleu_convention"))), []
    for metric, title, field, papers_title in (
        (own.score, own.label, "bleu", "BLEU"),
        (f"long_{own.score}", f"long-sentence {own.label}", "long_bleu", "long-sentence BLEU"),
        ("repetition_percent", "repetition %", "repetition_percent", "repetition %"),
    ):
        theirs = [getattr(paper, field, None) or {} for paper in papers]
        body += [
            [title, *(number(rows.get(metric, *key)) for key in keys)],
            [f"paper: {papers_title}", *(number(t.get(recipe.paper_dataset)) for t in theirs)],
        ]
    return table(["", *(recipe.system_label(system) for system, _ in keys)], body)


def paired(
    recipe: Recipe, rows: Rows, against: str = "", without: str = "", metrics: str = ""
) -> list[str]:
    """Paired comparisons but by `without`; if given, those with `against`, as gains over it.

    `metrics`, with commas between, tells those of `OF_BOTH` for both, baseline → system.
    """
    told_of_both = [(find_named("metric", m, OF_BOTH), m) for m in metrics.split(",") if m]
    order = [decoding.name for decoding in recipe.decodings]
    found = [test for test in comparisons(rows, against) if test.decoding != without]
    found.sort(key=lambda test: [*order, test.decoding].index(test.decoding))
    several = any(len(test.p_values) > 1 for test in found)
    body = []
    for test in found:
        told = [", ".join(map(p_value, test.p_values))]
        if several:
            told += [p_value(test.p_value), p_value(p_value_over_seeds(test.differences))]
        names = [recipe.system_label(name) for name in (test.baseline, test.system)]
        difference = number(test.difference, "{:+.2f}")
        both = [(test.baseline, test.decoding), (test.system, test.decoding)]
        told += [" → ".join(number(rows.get(m, *key)) for key in both) for _, m in told_of_both]
        body.append([recipe.decoding_label(test.decoding), *names, difference, *told])
    tests = ["p of each seed", "p combined", "p of the t-test over seeds"] if several else ["p"]
    titles = [*tests, *(title for title, _ in told_of_both)]
    return table(["decoding", "baseline", "system", "BLEU 13a", *titles], body, 3) if body else []


def states(recipe: Recipe, rows: Rows) -> list[str]:
    """Cosines of decoder states and attention, beside the paper (section 2.1)."""
    systems = [s for s in rows.systems() if rows.by_seed("cosine.raw.mean", s)]
    if not systems:
        return []
    columns: list[Column] = []
    for title, name in (("cosine", "cosine.raw"), ("last layer", "cosine.raw.last")):
        columns.append((title, f"{name}.mean", "{:.3f}"))
        columns += [(f"< {t}", f"{name}.below_{t}", "{:.1%}") for t in TEACHER_COSINES_BELOW]
    columns += [
        ("normed", "cosine.normed.mean", "{:.3f}"),
        ("entropy, nats", "attention.entropy", "{:.3f}"),
        ("KL, nats", "attention.kl", "{:.3f}"),
    ]
    body = [[recipe.system_label(s), *_cells(rows, columns, s)] for s in systems]
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
    seeds = [s for s in rows.seeds if all(s in found for found in scores.values())]
    steps = {name: rows.get("settings.steps", name) for name in scores}
    firsts = {steps[name]: name for name in reversed(scores)}
    told = {}
    for name in scores:
        first, repeated = firsts[steps[name]], rows.by_seed("repetition_percent", *keys[name])
        differences = [scores[name][seed] - scores[first][seed] for seed in seeds]
        against = f"{number(spread(differences), '{:+.2f}')} over {first}"
        if (over_seeds := p_value_over_seeds(differences)) is not None:
            against += f" (p {p_value(over_seeds)})"
        told[name] = [
            name,
            _settings(rows, name),
            number(steps[name], "{:d}"),
            number(spread(scores[name][seed] for seed in seeds)),
            MISSING if name == first else against,
            number(spread(repeated[seed] for seed in seeds)),
            str(len(seeds)),
        ]
    ordered = sorted(scores, key=lambda name: -sum(scores[name][seed] for seed in seeds))
    return [["" if place else question.text, *told[name]] for place, name in enumerate(ordered)]


def _code(text: str | None) -> str:
    return f"`{text}`" if text else ""


def _settings(rows: Rows, system: str) -> str:
    """What a system's settings differ in from a set as it is, on distilled data, started warm."""
    told = [
        _code(rows.get("settings.hparams", system)),
        "" if rows.get("settings.distilled", system) else "real data",
        "" if rows.get("settings.warm_start_from", system) else "from nothing",
    ]
    return ", ".join(filter(None, told)) or MISSING


def systems(recipe: Recipe, rows: Rows) -> list[str]:
    """How each system was trained."""
    body = [
        [
            recipe.system_label(system),
            _code(rows.get("settings.hparams_set", system)),
            _code(rows.get("settings.hparams", system)),
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
        return _code(value)
    return f"{value:.6g}" if isinstance(value, float | Spread) else str(value)


def _counted(number: Any, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def runs(stored: Mapping[str, Rows]) -> list[str]:
    """Every run whose rows are stored: its command, how long it took, on what."""
    body = []
    for name, rows in stored.items():
        for seed in rows.seeds:
            run = Rows([row for row in rows.rows if row.seed == seed], name)
            machine = f"{run.get('hardware.cpu')}, {_counted(run.get('hardware.cores'), 'core')}"
            # Rows of before it was measured on one say nothing.
            if threads := run.get("latency_threads"):
                machine += f", latency on {_counted(threads, 'thread')}"
            command, took = _code(run.get("command")), duration(run.wall_seconds())
            body.append([name, str(seed), command, took, machine])
    return table(["recipe", "seed", "command", "all stages", "machine"], body, 3)
