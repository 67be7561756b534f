"""How much longer targets are than sources: the student's C."""

import math
from collections.abc import Iterable

from t2t_hint_nart.errors import InputError


def length_bias(pairs: Iterable[tuple[int, int]]) -> int:
    """Measure C, the average difference between the two lengths of training pairs.

    C = round(mean(T_y − T_x)), halves upwards (paper, section 3.2).

    Args:
        pairs: (source length, target length) in tokens, EOS counted on both sides.

    Returns:
        C in tokens.

    Raises:
        InputError: there are no pairs.

    Example:
        >>> length_bias([(4, 6), (5, 6), (9, 9)])
        1
    """
    total = count = 0
    for source_length, target_length in pairs:
        total += int(target_length) - int(source_length)
        count += 1
    if not count:
        raise InputError("length_bias needs at least one pair of lengths, got none")
    return math.floor(total / count + 0.5)
