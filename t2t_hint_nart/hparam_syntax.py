"""The type of a hyperparameter, and the syntax of `--hparams='name=value,...'`.

In: a string and the type of every name that may occur in it. Out: values of those types, or one
line saying what could not be understood. Syntax, conversions and messages are those of T2T's
`utils/hparam.py`.
"""

import math
import numbers
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from t2t_hint_nart.errors import InputError, UnknownNameError, nearest

_CLAUSE = re.compile(
    r"""
    (?P<name>[a-zA-Z][\w\.]*)            # the hyperparameter
    (\[\s*(?P<index>\d+)\s*\])?          # optional position in a list
    \s*=\s*
    (
      (?P<scalar>[^,\[]*)                # one value
      |
      \[(?P<elements>[^\]]*)\]           # or a list of values, separated by spaces or commas
    )
    ($|,\s*)""",
    re.VERBOSE,
)
_NONE_WORDS = ("None", "none", "null", "")
_TRUE_WORDS = ("true", "True")
_FALSE_WORDS = ("false", "False")


class UnknownHParamError(UnknownNameError, AttributeError):
    """A hyperparameter that the set does not have; also an AttributeError, for `hasattr`."""


@dataclass(frozen=True)
class Interval:
    """The finite numbers between two bounds, which belong to it unless they are open.

    Example:
        >>> dropout = Interval(low=0, high=1, is_high_open=True)
        >>> str(dropout), 0.0 in dropout, 1.0 in dropout, float("nan") in dropout
        ('at least 0 and below 1', True, False, False)
    """

    low: float = -math.inf
    high: float = math.inf
    is_low_open: bool = False
    is_high_open: bool = False

    def __contains__(self, number: float) -> bool:
        is_above = self.low < number if self.is_low_open else self.low <= number
        is_below = number < self.high if self.is_high_open else number <= self.high
        return is_above and is_below and abs(number) < math.inf

    def __str__(self) -> str:
        low = f"{'above' if self.is_low_open else 'at least'} {self.low:g}"
        high = f"{'below' if self.is_high_open else 'at most'} {self.high:g}"
        bounds = ((self.low, low), (self.high, high))
        return " and ".join(text for bound, text in bounds if math.isfinite(bound))


class HParamType(NamedTuple):
    """What a hyperparameter accepts.

    Attributes:
        scalar: type of the value, or of each value of a list; NoneType accepts anything.
        is_list: whether the value is a list.
        is_optional: whether None is accepted beside `scalar`.
        allowed: the only values accepted, or None for any but numbers that aren't finite.
        reason: why no others are, for the message.
    """

    scalar: type
    is_list: bool
    is_optional: bool
    allowed: tuple[Any, ...] | Interval | None = None
    reason: str = ""

    def __str__(self) -> str:
        return f"list<{self.scalar}>" if self.is_list else str(self.scalar)


def parse_values(values: str, types: Mapping[str, HParamType]) -> dict[str, Any]:
    """Parse `name=value,...` into values by name.

    Args:
        values: the string, in the syntax of `HParams.parse`.
        types: the type of every name that may occur.

    Returns:
        For each name its value, a list of values, or `{index: value}` for index assignments.

    Raises:
        InputError: if the string is malformed, a value does not read as its type, or a name is
            assigned twice.
        UnknownNameError: if a name is not in `types`.

    Example:
        >>> parse_values("a[1]=3", {"a": HParamType(int, True, False)})
        {'a': {1: 3}}
    """
    results: dict[str, Any] = {}
    position = 0
    while position < len(values):
        clause = _CLAUSE.match(values, position)
        if clause is None:
            raise InputError(f"Malformed hyperparameter value: {values[position:]}")
        position = clause.end()
        name = clause["name"]
        if name not in types:
            raise UnknownHParamError(
                unknown_message(f"Unknown hyperparameter type for {name}", name, types)
            )
        if clause["elements"] is not None:
            _assign_list(clause, types[name], values, results)
        else:
            _assign_scalar(clause, types[name], values, results)
    return results


def _assign_scalar(
    clause: re.Match[str], param_type: HParamType, values: str, results: dict[str, Any]
) -> None:
    name, index, text = clause["name"], clause["index"], clause["scalar"]
    value = _parse_scalar(name, param_type, text, text, values)
    if index is None:
        if name in results:
            raise InputError(f"Multiple assignments to variable '{name}' in {values}")
        results[name] = value
        return
    elements = results.setdefault(name, {})
    if not isinstance(elements, dict):
        raise InputError(f"Multiple assignments to variable '{name}' in {values}")
    if int(index) in elements:
        raise InputError(f"Multiple assignments to variable '{name}[{int(index)}]' in {values}")
    elements[int(index)] = value


def _assign_list(
    clause: re.Match[str], param_type: HParamType, values: str, results: dict[str, Any]
) -> None:
    name, text = clause["name"], clause["elements"]
    if clause["index"] is not None:
        raise InputError("Assignment of a list to a list index.")
    if name in results:
        raise InputError(f"Multiple assignments to variable '{name}' in {values}")
    results[name] = [
        _parse_scalar(name, param_type, element, text, values)
        for element in re.split("[ ,]", text)
        if element
    ]


def _parse_scalar(
    name: str, param_type: HParamType, text: str, shown: str, values: str
) -> bool | int | float | str | None:
    """Read one value; `shown` is the text, or the whole list, that a message quotes."""
    word = text.strip()
    if param_type.is_optional and word in _NONE_WORDS:
        return None
    scalar = param_type.scalar
    try:
        if scalar is type(None):
            return _parse_untyped(text)
        if issubclass(scalar, bool):
            return _parse_bool(word)
        return cast(bool | int | float | str, scalar(text))  # type: ignore[call-arg]
    except ValueError as error:
        raise InputError(
            f"Could not parse hparam '{name}' of type '{scalar.__name__}' "
            f"with value '{shown}' in {values}"
        ) from error


def _parse_bool(word: str) -> bool:
    if word in _TRUE_WORDS:
        return True
    if word in _FALSE_WORDS:
        return False
    return bool(int(word))


def _parse_untyped(text: str) -> bool | int | float | str:
    """Read a value whose default, None, says nothing of its type."""
    word = text.strip()
    if word in _TRUE_WORDS + _FALSE_WORDS:
        return word in _TRUE_WORDS
    for number in (int, float):
        try:
            return number(word)
        except ValueError:
            continue
    return text


def checked_value(name: str, param_type: HParamType, value: Any) -> Any:
    """Return `value` as a hyperparameter of type `param_type` holds it.

    An int becomes a float where a float is wanted; nothing else is converted.

    Raises:
        InputError: if the value is of another type, a list where one value is wanted, or not
            among those allowed.
    """
    if param_type.scalar is type(None):
        return list(value) if isinstance(value, (list, tuple)) else value
    if value is None and param_type.is_optional:
        return None
    if isinstance(value, (list, tuple)):
        if not param_type.is_list:
            raise InputError(f"Must not pass a list for single-valued parameter: {name}")
        return [_checked_scalar(name, param_type, element) for element in value]
    if param_type.is_list:
        raise InputError(f"Must pass a list for multi-valued parameter: {name}.")
    return _checked_scalar(name, param_type, value)


def with_elements(name: str, values: Any, elements: Mapping[int, Any]) -> list[Any]:
    """Return the list that a hyperparameter holds with some of its elements replaced.

    Raises:
        InputError: if it holds no list, or one that is too short.
    """
    if not isinstance(values, list):
        raise InputError(f"Must not pass a list for single-valued parameter: {name}")
    changed = list(values)
    for index, value in elements.items():
        if index >= len(changed):
            raise InputError(
                f"Index {index} of hyperparameter '{name}' is out of range: "
                f"it has {len(changed)} values"
            )
        changed[index] = value
    return changed


def _checked_scalar(name: str, param_type: HParamType, value: Any) -> Any:
    converted = _cast(name, param_type.scalar, value)
    allowed = param_type.allowed
    if allowed is None and isinstance(converted, float):
        allowed = Interval()
    if allowed is None or converted in allowed:
        return converted
    if isinstance(allowed, Interval):
        is_finite = abs(converted) < math.inf
        raise InputError(
            f"{name} is {converted!r}; it must be {allowed if is_finite else 'finite'}."
        )
    choices = ", ".join(repr(choice) for choice in allowed)
    raise InputError(
        f"hparam '{name}' accepts only {choices}, got {converted!r}"
        + (f": {param_type.reason}" if param_type.reason else "")
    )


def _cast(name: str, scalar: type, value: Any) -> Any:
    """Convert an int to float where a float is wanted; refuse every other change of type."""
    fits = (
        issubclass(scalar, str) == isinstance(value, str)
        and issubclass(scalar, bool) == isinstance(value, bool)
        and (not issubclass(scalar, numbers.Integral) or isinstance(value, numbers.Integral))
        and (not issubclass(scalar, numbers.Number) or isinstance(value, numbers.Number))
    )
    if not fits:
        raise InputError(f"Could not cast hparam '{name}' of type '{scalar}' from value {value!r}")
    try:
        return scalar(value)
    except OverflowError as error:
        raise InputError(f"{name} is a number too large for a float.") from error


def unknown_message(message: str, name: str, known: Iterable[str]) -> str:
    """Return `message` with the known names nearest to `name`, if there are any, appended."""
    hint = nearest(name, known)
    return f"{message}.{hint}" if hint else message
