"""Markdown: tables, and values as text."""

import math
from collections.abc import Iterable, Sequence

from t2t_hint_nart.reproduce.rows import Spread

MISSING = "–"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], text_columns: int = 1) -> list[str]:
    r"""Return the lines of a table; the first columns are text, the others numbers.

    Args:
        header: one title a column.
        rows: cells as text; bars and line breaks in them are escaped.
        text_columns: number of left-aligned columns.

    Example:
        >>> print(*table(["name", "BLEU"], [["a|b", "1.0"]]), sep="\n")
        | name | BLEU |
        |---|--:|
        | a\|b | 1.0 |
    """
    rule = ["---" if index < text_columns else "--:" for index in range(len(header))]
    lines = [_row(header), "|" + "|".join(rule) + "|"]
    return lines + [_row(row) for row in rows]


def number(value: object, form: str = "{:.2f}") -> str:
    """Return a number, or the spread of several, as text, or a dash where there is none.

    Example:
        >>> number(3.14159), number(None), number(float("nan")), number(0.5, "{:.0%}")
        ('3.14', '–', '–', '50%')
        >>> number(Spread((1.0, 2.0)), "{:.1f}×")
        '1.5 ± 0.7×'
    """
    if isinstance(value, Spread):
        return form.format(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return MISSING
    return form.format(value)


def p_value(value: float | None) -> str:
    """Return a p-value as text, or a dash where there was no test.

    Example:
        >>> p_value(0.0234), p_value(0.0001), p_value(None)
        ('0.023', '< 0.001', '–')
    """
    return "< 0.001" if value is not None and value < 0.001 else number(value, "{:.3f}")


def inline_code(text: str) -> str:
    """Return text as code within a line.

    Example:
        >>> inline_code("nrefs:1|tok:13a")
        '`nrefs:1|tok:13a`'
    """
    return f"`{text}`"


def duration(seconds: float) -> str:
    """Return seconds as people say them.

    Example:
        >>> duration(42.3), duration(185), duration(7500)
        ('42.3 s', '3 min 5 s', '2 h 5 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_escaped(cell) for cell in cells) + " |"


def _escaped(cell: str) -> str:
    return " ".join(cell.split()).replace("|", "\\|")
