"""A subword vocabulary made of a problem's text, or of a part of a large one (no TensorFlow)."""

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from t2t_hint_nart.progress import Progress, duration, now_and_then
from t2t_hint_nart.text.subword import SubwordTextEncoder


def write_subwords(
    texts: Iterable[str],
    path: Path,
    size: int,
    max_subtoken_length: int | None,
    tell: Callable[[str], None],
) -> None:
    """Build a vocabulary and write it.

    Args:
        texts: read once; only its different tokens are held in memory.
        path: of the vocabulary.
        size: number of subtokens to aim at.
        max_subtoken_length: in characters, None for no limit.
        tell: takes lines of progress.
    """
    started = time.monotonic()
    encoder = SubwordTextEncoder.build_from_generator(
        Progress(tell, "vocabulary", "texts counted").counting(texts),
        size,
        max_subtoken_length=max_subtoken_length,
        progress=now_and_then(lambda line: tell(f"vocabulary: {line}")),
    )
    encoder.store(path)
    tell(
        f"vocabulary: {encoder.vocab_size} subtokens written to {path} "
        f"({duration(time.monotonic() - started)})"
    )


def sampled_text(text: Callable[[], Iterator[str]], sides: int, characters: int) -> Iterator[str]:
    """Yield lines at equal distances until there is enough of each side.

    As tensor2tensor's `generate_lines_for_vocab`: of a side with n times as many characters as
    twice the budget, n lines are passed over before each that is taken, so that the sample is
    spread over about half the text. The text is read twice, the first time to measure it.

    Args:
        text: starts the text anew; lines of the sides take turns.
        sides: number of sides.
        characters: budget for each side; the line that exceeds it is the last.

    Example:
        >>> list(sampled_text(lambda: iter(["ab", "x"] * 8), sides=2, characters=4))
        ['x', 'ab', 'x', 'ab', 'x', 'x']
    """
    sizes = [0] * sides
    for side, line in zip(itertools.cycle(range(sides)), text(), strict=False):
        sizes[side] += len(line)
    passed_over = [size // (2 * characters) for size in sizes]
    waited, left = [0] * sides, [characters] * sides
    for side, line in zip(itertools.cycle(range(sides)), text(), strict=False):
        if waited[side] < passed_over[side]:
            waited[side] += 1
        elif left[side] > 0:
            waited[side] = 0
            left[side] -= len(line)
            yield line
        elif max(left) <= 0:
            return
