"""Markdown: tables and their cells, numbers of one seed or mean ± deviation of several."""

import math
import re
from collections.abc import Iterable, Sequence

from t2t_hint_nart.reproduce.rows import Spread
from t2t_hint_nart.text.lines import printable

MISSING = "–"
# Of what begins something in Markdown, also in that of GitHub: code, tags, links, bars, formulas.
_MARKUP = re.compile(r"[\\`*_\[\]<>&|~$]")


def table(header: Sequence[str], rows: Iterable[Sequence[str]], text_columns: int = 1) -> list[str]:
    r"""Return the lines of a table in Markdown; the first columns are text, the others numbers.

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
    head, *body = (
        "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"
        for cells in (header, *rows)
    )
    return [head, "|" + "|".join(rule) + "|", *body]


def literal(text: str) -> str:
    r"""Return what Markdown shows as a text, whatever is in it: a tag, an image, a link, a bar.

    Example:
        >>> literal("<b> a|b ![x](y)")
        '&#60;b&#62; a&#124;b !&#91;x&#93;(y)'
    """
    return _MARKUP.sub(lambda match: f"&#{ord(match[0])};", printable(text))


def number(value: object, form: str = "{:.2f}") -> str:
    """Return a number, or the spread of several, as text, or a dash where there is none.

    Example:
        >>> number(3.14159), number(None), number(float("nan")), number(0.5, "{:.0%}")
        ('3.14', '–', '–', '50%')
        >>> number(Spread((1.0, 2.0)), "{:.1f}×")
        '1.5 ± 0.7×'
    """
    if isinstance(value, bool) or not isinstance(value, int | float | Spread):
        return MISSING
    return form.format(value) if math.isfinite(value) else MISSING


def p_value(value: float | None) -> str:
    """Return a p-value as text, or a dash where there was no test.

    Example:
        >>> p_value(0.0234), p_value(0.0001), p_value(None)
        ('0.023', '< 0.001', '–')
    """
    return "< 0.001" if value is not None and value < 0.001 else number(value, "{:.3f}")


def duration(seconds: float) -> str:
    """Return seconds as people say them.

    Example:
        >>> duration(42.3), duration(185), duration(7500)
        ('42.3 s', '3 min 5 s', '2 h 5 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
