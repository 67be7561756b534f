"""JSON files and lines, read by a schema: the type that their content must have (no TensorFlow)."""

from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from t2t_hint_nart.errors import InputError

_Value = TypeVar("_Value")


def read_json(path: str | PathLike[str], schema: type[_Value], advice: str = "") -> _Value:
    """Return what a JSON file holds, checked against a type.

    Args:
        path: of the file, UTF-8.
        schema: a dataclass, a TypedDict, `dict[str, int]` or the like. Names that a dataclass
            doesn't have are passed over; missing ones need a default. An int is no str, a bool no
            int, and NaN, which Python writes, is no JSON.
        advice: what to do about a damaged file: a sentence, appended to the message.

    Raises:
        FileNotFoundError: there is none; what that means is the caller's to say.
        InputError: it isn't UTF-8 or JSON, is nested too deep, or has the wrong types; says where.
    """
    return parse_json(Path(path).read_bytes(), schema, str(path), advice)


def parse_json(
    text: str | bytes, schema: type[_Value], name: str = "JSON", advice: str = ""
) -> _Value:
    """Return what a piece of JSON text holds, checked against a type.

    Args:
        text: JSON, UTF-8.
        schema: as for `read_json`.
        name: what the message calls it, as `results.jsonl line 3`.
        advice: as for `read_json`.

    Raises:
        InputError: as for `read_json`.

    Example:
        >>> parse_json('{"step": 3}', dict[str, int])
        {'step': 3}
        >>> parse_json('{"step": "3"}', dict[str, int], "best.json", "Delete it.")
        Traceback (most recent call last):
        ...
        t2t_hint_nart.errors.InputError: best.json is damaged: Expected `int`, got `str` - \
at `$[...]`. Delete it.
    """
    try:
        return msgspec.json.decode(text, type=schema)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        message = f"{name} is damaged: {reason}."
        raise InputError(f"{message} {advice}" if advice else message) from error


def as_stored(value: Any) -> Any:
    """Return what reading gives of a value that is written: of a tuple a list, of NaN None.

    Example:
        >>> as_stored({"a": (1, float("nan"))})
        {'a': [1, None]}
    """
    return msgspec.json.decode(msgspec.json.encode(value))
