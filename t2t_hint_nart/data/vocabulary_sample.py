"""A part of a large text to build a vocabulary of, spread over it (T2T generator_utils)."""

import itertools
from collections.abc import Callable, Iterator


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
