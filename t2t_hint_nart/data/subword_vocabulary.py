"""A problem's subword vocabulary made of its text (no TensorFlow)."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from t2t_hint_nart.progress import Progress, duration, now_and_then
from t2t_hint_nart.text.subword import SubwordTextEncoder

if TYPE_CHECKING:
    from t2t_hint_nart.data.text_problem import Text2TextProblem


def write_subwords(problem: "Text2TextProblem", texts: Iterable[str], path: Path) -> None:
    """Build a vocabulary of a problem's size and write it, telling the problem's `progress`.

    Args:
        problem: says how many subtokens, how long.
        texts: read once; only its different tokens are held in memory.
        path: of the vocabulary.
    """
    started = time.monotonic()
    counted = Progress(problem.progress, "vocabulary", "texts counted")
    encoder = SubwordTextEncoder.build_from_generator(
        counted.counting(texts),
        problem.approx_vocab_size,
        max_subtoken_length=problem.max_subtoken_length,
        progress=now_and_then(lambda line: problem.progress(f"vocabulary: {line}")),
    )
    encoder.store(path)
    problem.progress(
        f"vocabulary: {encoder.vocab_size} subtokens written to {path} "
        f"({duration(time.monotonic() - started)})"
    )
