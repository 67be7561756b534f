"""What the numbers of an experiment say of the paper's claims, in sentences.

Every sentence is made from the numbers, whichever way they point; a claim whose systems were not
measured gets none. BLEU in these sentences is sacrebleu's 13a.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from t2t_hint_nart.reproduce.markdown import number
from t2t_hint_nart.reproduce.ordering import (
    SIGNIFICANT,
    decoding_label,
    order_statements,
    p_text,
    system_label,
)
from t2t_hint_nart.reproduce.paper_results import TEACHER_COSINES_BELOW, published
from t2t_hint_nart.reproduce.seeds import PairedTests, find_test, p_value_over_seeds
from t2t_hint_nart.reproduce.spread import Spread, spread

PLAIN = "student_nll"
HINTED = "student_align_hid"
REAL = "student_real"
ONE_PASS = "one_pass"
RESCORED = "rescored_"
IWSLT = "iwslt14_deen"

Report = Mapping[str, Any]


def findings(report: Report, tests: Sequence[PairedTests]) -> list[str]:
    """Return the sentences of one corpus.

    Args:
        report: of one seed, or `seeds.merge` of several.
        tests: `seeds.paired_tests` of the same seeds.
    """
    return [
        *_gains(report, tests),
        *(f"Order, {order}" for order in order_statements(report["rows"], report["significance"])),
        *_rescoring(report),
        *_long_sentences(report),
        *_repetition(report),
        *_speed(report),
        *_similarity(report),
        *_ambiguity(report),
    ]


def _gains(report: Report, tests: Sequence[PairedTests]) -> Iterator[str]:
    """The paper's claim: a student with hints is better than one without."""
    for decoding in dict.fromkeys(row["decoding"] for row in report["rows"]):
        for baseline, system in ((PLAIN, HINTED), (REAL, PLAIN), (REAL, HINTED)):
            found = find_test(tests, decoding, baseline, system)
            if found:
                yield gain_statement(found)


def gain_statement(tests: PairedTests) -> str:
    """Say by how much one system is better than another and whether that can be relied on.

    Example:
        >>> gain_statement(PairedTests("one_pass", "student_nll", "student_align", (1.5,), (0.01,)))
        'one pass, +align against nll: +1.50 BLEU, significant (p = 0.010); one seed.'
    """
    significant = tests.p_value < SIGNIFICANT
    verdict = f"{'significant' if significant else 'not significant'} ({p_text(tests.p_value)}"
    text = (
        f"{decoding_label(tests.decoding)}, {system_label(tests.system)} against "
        f"{system_label(tests.baseline)}: {number(tests.difference, '{:+.2f}')} BLEU, {verdict}"
    )
    count = len(tests.differences)
    if count == 1:
        return f"{text}); one seed."
    higher = sum(difference > 0 for difference in tests.differences)
    each = ", ".join(p_text(p).removeprefix("p ").removeprefix("= ") for p in tests.p_values)
    over_seeds = tests.p_value_over_seeds
    t_test = "" if over_seeds is None else f"; t-test over seeds {p_text(over_seeds)}"
    return f"{text} combined; each seed {each}{t_test}); higher in {higher} of {count} seeds."


def _rescoring(report: Report) -> Iterator[str]:
    """The paper's claim: candidates of several lengths, rescored, are better than one pass."""
    rows = _rows(report)
    decodings = dict.fromkeys(d for _, d in rows if d.startswith(RESCORED))
    for decoding in decodings:
        gains = {
            system: float(rows[system, decoding]["bleu_13a"])
            - float(rows[system, ONE_PASS]["bleu_13a"])
            for system, d in rows
            if d == decoding and (system, ONE_PASS) in rows
        }
        if not gains:
            continue
        each = ", ".join(f"{system_label(system)} {gain:+.2f}" for system, gain in gains.items())
        risen = sum(gain > 0 for gain in gains.values())
        count = "every student" if risen == len(gains) else f"{risen} of {len(gains)} students"
        yield f"{decoding_label(decoding)}: BLEU is higher than in one pass for {count}: {each}."


def _long_sentences(report: Report) -> Iterator[str]:
    """The paper's claim: hints help most where sentences are long."""
    rows = _rows(report)
    plain, hinted = (rows.get((system, ONE_PASS), {}) for system in (PLAIN, HINTED))
    before, after = (row.get("long_bleu_13a") for row in (plain, hinted))
    gain = _seed_by_seed(before, after)
    if gain is None:
        return
    first, last = (_papers(system, "long_bleu") for system in (PLAIN, HINTED))
    yield (
        f"Long sentences ({hinted.get('long_label', 'of the test set')}), one pass, "
        f"{system_label(HINTED)} against {system_label(PLAIN)}: {number(gain, '{:+.2f}')} BLEU "
        f"({_t_test_text(gain)}paper: {last - first:+.2f}, from {first} to {last})."
    )


def _papers(system: str, field: str) -> float:
    """What the paper has of a system in one pass, in a field of `Published`."""
    row = published(IWSLT, system, ONE_PASS)
    assert row is not None
    return float(getattr(row, field)[IWSLT])


def _seed_by_seed(before: object, after: object) -> Spread | float | None:
    """What each seed adds; None unless all seeds measured both."""
    count = max(len(value.values) if isinstance(value, Spread) else 1 for value in (before, after))
    pairs = zip(_values(before, count), _values(after, count), strict=False)
    changes = [after - before for before, after in pairs]
    return spread(changes) if len(changes) == count else None


def _values(value: object, count: int) -> tuple[float, ...]:
    """One a seed; seeds that measured the same were merged into one number."""
    if isinstance(value, Spread):
        return value.values
    return (float(value),) * count if isinstance(value, int | float) else ()


def _t_test_text(changes: Spread | float | None) -> str:
    p_value = p_value_over_seeds(changes)
    return "" if p_value is None else f"t-test over seeds {p_text(p_value)}; "


def _repetition(report: Report) -> Iterator[str]:
    """The paper's claim: hints reduce repeated words."""
    rows = _rows(report)
    before, after = (
        rows.get((system, ONE_PASS), {}).get("repetition_percent") for system in (PLAIN, HINTED)
    )
    if before is None or after is None or not float(before):
        return
    change = float(after) / float(before) - 1
    word = "falls" if change < 0 else "rises"
    told = (
        f"Repetition in one pass {word} by {abs(change):.0%} with all hints, "
        f"from {number(before)} % to {number(after)} %"
    )
    first, last = (_papers(system, "repetition_percent") for system in (PLAIN, HINTED))
    over_seeds = _t_test_text(_seed_by_seed(before, after))
    yield f"{told} ({over_seeds}paper: by {1 - last / first:.0%}, from {first} % to {last} %)."


def _speed(report: Report) -> Iterator[str]:
    """The paper's claim: hints cost nothing when translating."""
    rows = _rows(report)
    plain, hinted = rows.get((PLAIN, ONE_PASS), {}), rows.get((HINTED, ONE_PASS), {})
    if plain.get("latency_ms") and hinted.get("latency_ms"):
        ratio = float(hinted["latency_ms"]) / float(plain["latency_ms"])
        speedup = hinted.get("speedup")
        text = (
            f"One pass of the student with all hints takes {ratio:.2f} times as long as that of "
            "the student without hints"
        )
        paper = published("wmt14_ende", HINTED, ONE_PASS)
        if speedup and paper:
            text += (
                f", and is {number(speedup, '{:.1f}')} times as fast as the teacher's beam search "
                f"(paper: {paper.speedup} times, on a GPU)"
            )
        yield f"{text}."


def _similarity(report: Report) -> Iterator[str]:
    """The paper's observation: states of a student without hints are more alike."""
    cosines = report.get("cosine", {})
    for reading in cosines.get("teacher", {}):
        means = {
            system: float(cosines[system][reading]["mean"])
            for system in ("teacher", PLAIN, HINTED)
            if cosines.get(system, {}).get(reading, {}).get("mean") is not None
        }
        if "teacher" not in means or PLAIN not in means:
            continue
        more = "more" if means[PLAIN] > means["teacher"] else "not more"
        text = (
            f"States ({reading}) of the student without hints are {more} alike than the teacher's: "
            f"mean cosine {means[PLAIN]:.3f} against {means['teacher']:.3f}"
        )
        if HINTED in means:
            text += f"; with all hints {means[HINTED]:.3f}"
        of_teacher = cosines["teacher"][reading]
        last = of_teacher["layers"][-1]["below"] if of_teacher.get("layers") else {}
        shares = [
            f"{number(of_teacher.get('below', {}).get(key), '{:.0%}')} below {key} "
            + (f"({number(last[key], '{:.0%}')} in the last layer; " if key in last else "(")
            + f"paper: {share:.0%})"
            for key, share in TEACHER_COSINES_BELOW.items()
        ]
        yield f"{text}. Of the teacher's cosines {', '.join(shares)}."


def _ambiguity(report: Report) -> Iterator[str]:
    """The paper's observation: a student's attention is ambiguous, less so with hints."""
    attention = report.get("attention", {})
    entropies = {system: values.get("entropy") for system, values in attention.items()}
    if entropies.get("teacher") is None or entropies.get(PLAIN) is None:
        return
    more = "more" if float(entropies[PLAIN]) > float(entropies["teacher"]) else "not more"
    text = (
        f"Attention of the student without hints is {more} ambiguous than the teacher's: "
        f"entropy {number(entropies[PLAIN], '{:.3f}')} against "
        f"{number(entropies['teacher'], '{:.3f}')} nats"
    )
    hinted = entropies.get(HINTED)
    if hinted is not None:
        more = "more" if float(hinted) > float(entropies[PLAIN]) else "less"
        text += (
            f"; with all hints {number(hinted, '{:.3f}')}, {more} ambiguous than without "
            "(paper: less)"
        )
    plain, hinted = (attention.get(s, {}).get("kl_to_teacher") for s in (PLAIN, HINTED))
    if plain is not None and hinted is not None:
        text += (
            f". Its divergence from the teacher's is {number(plain, '{:.3f}')}, with all hints "
            f"{number(hinted, '{:.3f}')}"
        )
    yield f"{text}."


def _rows(report: Report) -> dict[tuple[str, str], Mapping[str, Any]]:
    return {
        (row["system"], row["decoding"]): row
        for row in report["rows"]
        if row.get("bleu_13a") is not None
    }
