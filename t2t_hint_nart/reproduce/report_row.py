"""One row of the report: everything measured of one system under one decoding."""

from collections.abc import Sequence
from typing import Any

from t2t_hint_nart.evaluation.bleu import (
    bleu_13a,
    bleu_tokenized,
    bleu_tokenized_lc,
    check_aligned,
    corpus_scores,
)
from t2t_hint_nart.evaluation.latency import Latency
from t2t_hint_nart.evaluation.long_sentences import long_sentences
from t2t_hint_nart.evaluation.repetition import text_repetition
from t2t_hint_nart.text.moses_tokens import looks_tokenized

FALLBACK_LANGUAGE = "en"


def report_row(
    system: str,
    decoding: str,
    *,
    sources: Sequence[str],
    references: Sequence[str],
    hypotheses: Sequence[str],
    language: str,
    latency: Latency | None = None,
) -> dict[str, Any]:
    """Score the translations of a test set.

    Args:
        system: `teacher`, `student_nll`, `student_align`, `student_hid`, `student_align_hid`, ...
        decoding: `greedy`, `beam4`, `one_pass`, `rescored_9`, ...
        sources: plain source sentences, by which the long ones are chosen.
        references: plain reference translations.
        hypotheses: plain translations.
        language: ISO code of the translations; English tokens where it is empty.
        latency: of this decoding at batch 1, if measured.

    Returns:
        The row as plain values. `speedup` is left to `report.build_report`, which knows the
        teacher's latency.

    Raises:
        InputError: if there are no sentences or the counts differ.
    """
    check_aligned(hypotheses, references)
    check_aligned(sources, references)
    language = language or FALLBACK_LANGUAGE
    tokenized = bool(looks_tokenized(references))
    scores = corpus_scores(hypotheses, references, language).to_dict()
    sentences = scores.pop("sentences")
    chosen = long_sentences(sources)
    long_pair = chosen.select(hypotheses), chosen.select(references)
    repeated = text_repetition(hypotheses, None if tokenized else language)
    row: dict[str, Any] = {"system": system, "decoding": decoding, "sentences": sentences}
    row |= {name: score["value"] for name, score in scores.items()}
    row |= {
        "signature": scores["bleu_13a"]["signature"],
        "signatures": {name: score["signature"] for name, score in scores.items()},
        "text_is_tokenized": tokenized,
        "long_bleu_13a": bleu_13a(*long_pair).value,
        "long_bleu_tokenized": bleu_tokenized(*long_pair, language).value,
        "long_bleu_tokenized_lc": bleu_tokenized_lc(*long_pair, language).value,
        "long_label": chosen.label,
        "long_sentences": len(chosen.indices),
        "repetition_percent": repeated.adjacent_percent,
        "repeated_anywhere_percent": repeated.repeated_percent,
        "latency_ms": None if latency is None else latency.median_ms,
    }
    if latency is not None:
        row |= {
            "latency_mean_ms": latency.mean_ms,
            "latency_p90_ms": latency.p90_ms,
            "latency_calls": latency.calls,
        }
    return row
