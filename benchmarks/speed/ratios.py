"""The table: which ratios are wanted, what they are, and whether that is enough."""

from speed import engines as names
from speed.parts import SENTENCES
from speed.run import TRAINED
from speed.training import HINTED, STUDENT, TEACHER
from speed.training_rows import JOEYNMT, TORCH
from speed.turns import ONE

_CASES = (SENTENCES, "12", "25")
_BEST_NINE = (names.NINE, names.NINE_LITERT, names.NINE_INT8)
_BEST_FIVE = (names.FIVE, names.FIVE_LITERT, names.FIVE_INT8)


def _either(name):
    return name, name + names.STOCK


# Of one translation: what, the slower's engines and the faster's (of each the fastest), the least
# ratio by size, or the most.
_DECODING = (
    ("our beam 4 / LiteRT int8", (names.BEAM,), (names.LITERT_INT8,), ">=", (12, 28, 30)),
    (
        "CTranslate2 int8 greedy / LiteRT int8",
        _either(names.CT2_INT8_GREEDY),
        (names.LITERT_INT8,),
        ">=",
        (4, 5, 12),
    ),
    (
        "CTranslate2 int8 beam 4 / LiteRT int8",
        _either(names.CT2_INT8_BEAM),
        (names.LITERT_INT8,),
        ">=",
        (6, 8, 14),
    ),
    (
        "CTranslate2 beam 4 / LiteRT int8",
        _either(names.CT2_BEAM),
        (names.LITERT_INT8,),
        ">=",
        (10, 30, 38),
    ),
    ("LiteRT / bare products", (names.LITERT,), (names.PRODUCTS,), "<=", (1, 1, 1)),
    (
        "our beam 4 / CTranslate2 beam 4",
        (names.BEAM,),
        _either(names.CT2_BEAM),
        "<=",
        (1.3, 1.3, 1.3),
    ),
    (
        "our greedy / CTranslate2 greedy",
        (names.GREEDY,),
        _either(names.CT2_GREEDY),
        "<=",
        (1.3, 1.3, 1.3),
    ),
    ("one pass / one pass before", (names.ONE_PASS,), (names.BEFORE,), "<=", (0.6, 0.7, None)),
    ("our beam 4 / nine candidates, rescored", (names.BEAM,), _BEST_NINE, ">=", (2, 2, 2)),
    ("our beam 4 / five candidates, rescored", (names.BEAM,), _BEST_FIVE, ">=", (3, 3, 3)),
)
_STUDENT = (names.ONE_PASS, names.LITERT, names.LITERT_INT8)
# Which of the targets counts for a size; none for the last.
_SIZES = {"small": 0, TRAINED: 0, "iwslt": 1, "base": 2, "tiny": 3}


def table(report, clock):
    """The ratios of medians, at one thread, as Markdown.

    Args:
        report: what speed.json has.
        clock: "cpu" or "wall", what is compared.
    """
    about = report["about"]
    parts = {name: part["rows"] for name, part in report["parts"].items()}
    made = {
        "decoding": lambda rows: list(_decoding(rows, clock)),
        "throughput": lambda rows: list(_throughput(rows, clock)),
        "first": lambda rows: list(_first(rows)),
        "training": lambda rows: list(_training(rows, clock)),
        "memory": lambda rows: list(_memory(rows)),
    }
    lines = [line for name, rows in parts.items() for line in made[name](rows)]
    gpus = "".join(f", {name}" for name in about["gpus"])
    return "\n".join(
        [
            f"Ratios of medians, {clock} time, one thread, commit {about['commit']}, "
            f"{about['cpu']}{gpus}.",
            "",
            "| what | of | ratio | wanted | reached |",
            "|---|---|--:|--:|---|",
            *lines,
            "",
        ]
    )


def _line(what, of, ratio, sign, target):
    if target is None:
        return f"| {what} | {of} | {ratio:.2f} | – | |"
    is_reached = ratio >= target if sign == ">=" else ratio <= target
    sign = {">=": "≥", "<=": "≤"}[sign]
    return f"| {what} | {of} | {ratio:.2f} | {sign} {target} | {'yes' if is_reached else 'no'} |"


def _decoding(rows, clock):
    times = {
        (row["size"], row["case"], row["engine"]): row[f"{clock}_ms"]
        for row in rows
        if row["threads"] == ONE
    }
    of = [(size, case) for size in _SIZES for case in _CASES]
    for what, slower, faster, sign, targets in _DECODING:
        for size, case in of:
            above, below = (
                [times[size, case, name] for name in group if (size, case, name) in times]
                for group in (slower, faster)
            )
            if above and below:
                named = f"{size}, {case}" if case == SENTENCES else f"{size}, S={case}"
                ratio = min(above) / min(below)
                yield _line(what, named, ratio, sign, (*targets, None)[_SIZES[size]])


def _throughput(rows, clock):
    rate = "per_second" if clock == "wall" else "per_cpu_second"
    best = {}
    for row in rows:
        if row["threads"] == ONE:
            key = row["size"], row["engine"]
            best[key] = max(best.get(key, 0.0), row[rate])
    for size in _SIZES:
        ours = [best[size, name] for name in _STUDENT if (size, name) in best]
        peers = _either(names.CT2_INT8_GREEDY)
        theirs = [best[size, name] for name in peers if (size, name) in best]
        if ours and theirs:
            ratio = max(ours) / max(theirs)
            what = "throughput, student / CTranslate2 int8 greedy"
            yield _line(what, f"{size}, best batch", ratio, ">=", 1.3)
    exact = [
        row
        for row in rows
        if row["engine"] == names.LITERT and row["size"] == TRAINED and row["threads"] == ONE
    ]
    if exact:
        worst = min(exact, key=lambda row: row["equal_to_saved_model"])
        what = f"LiteRT's outputs equal the SavedModel's, of {worst['sentences']}"
        share = worst["equal_to_saved_model"] / worst["sentences"]
        yield _line(what, f"{TRAINED}, every batch", share, ">=", 1)


def _first(rows):
    for row in rows:
        if row["engine"].startswith("student litert"):
            what = f"first translation, {row['engine']}, seconds"
            yield _line(what, row["size"], row["wall_ms"] / 1000, "<=", 1)


def _training(rows, clock):
    times = {(row["size"], row["engine"]): row.get(f"{clock}_ms") for row in rows}
    wanted = (
        (TORCH, TEACHER, ">=", 1.4),
        (JOEYNMT, TEACHER, ">=", None),
        (HINTED, STUDENT, "<=", 1.25),
    )
    for size in _SIZES:
        for above, below, sign, target in wanted:
            slower, faster = times.get((size, above)), times.get((size, below))
            if slower and faster:
                what = f"training step, {above} / {below}"
                yield _line(what, size, slower / faster, sign, target)


def _memory(rows):
    start = rows[len(rows) // 10]
    what = f"memory after {rows[-1]['steps']:,} steps / {start['steps']:,}"
    yield _line(what, HINTED, rows[-1]["resident_mib"] / start["resident_mib"], "<=", 1.02)
