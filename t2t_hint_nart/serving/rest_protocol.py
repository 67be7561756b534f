"""What a server's requests and answers are: TensorFlow Serving's JSON, and a plain one.

A body is bytes; what it asks for are sentences, of which it gets back hypotheses in their order.

References:
    https://www.tensorflow.org/tfx/serving/api_rest
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.metadata import SERVING
from t2t_hint_nart.files.json_file import parse_json
from t2t_hint_nart.serving.decodes import Hypothesis

# From the translations of a body's sentences to the answer.
Answer = Callable[[Sequence[Hypothesis]], dict[str, Any]]


class Asked(NamedTuple):
    """What a body asks for.

    Attributes:
        sentences: to be translated.
        answer: what is answered with their translations.
    """

    sentences: list[str]
    answer: Answer


@dataclass(frozen=True)
class _Instance:
    text: str


@dataclass(frozen=True)
class _Columns:
    text: str | list[str]


@dataclass(frozen=True)
class _Predict:
    """By rows, `instances`, or by columns, `inputs`; the only input there is needs no name."""

    signature_name: str = SERVING
    instances: list[str | _Instance] | None = None
    inputs: str | list[str] | _Columns | None = None


@dataclass(frozen=True)
class _Translate:
    text: str | None = None
    sentences: list[str] | None = None


def read_predict(body: bytes) -> Asked:
    """Read TensorFlow Serving's `:predict`.

    Raises:
        InputError: not of that form, or of another signature than the one of text.

    Example:
        >>> asked = read_predict(b'{"instances": [{"text": "Guten Morgen!"}]}')
        >>> asked.sentences
        ['Guten Morgen!']
        >>> asked.answer([Hypothesis("Good morning!", -0.5)])
        {'predictions': [{'outputs': 'Good morning!', 'scores': -0.5}]}
    """
    asked = parse_json(body, _Predict, "The body")
    if asked.signature_name != SERVING:
        raise InputError(f"signature_name is {asked.signature_name!r}; there is {SERVING!r} alone.")
    if (asked.instances is None) == (asked.inputs is None):
        raise InputError('The body must have either "instances" or "inputs".')
    if asked.instances is not None:
        rows = [row.text if isinstance(row, _Instance) else row for row in asked.instances]
        return Asked(rows, _by_rows)
    columns = asked.inputs.text if isinstance(asked.inputs, _Columns) else asked.inputs
    return Asked([columns] if isinstance(columns, str) else columns or [], _by_columns)


def _by_rows(found: Sequence[Hypothesis]) -> dict[str, Any]:
    return {"predictions": [{"outputs": one.text, "scores": one.score} for one in found]}


def _by_columns(found: Sequence[Hypothesis]) -> dict[str, Any]:
    texts, scores = [one.text for one in found], [one.score for one in found]
    return {"outputs": {"outputs": texts, "scores": scores}}


def read_translate(body: bytes) -> Asked:
    r"""Read a plain request: a text, each line of which is a sentence, or a list of sentences.

    Raises:
        InputError: not of that form.

    Example:
        >>> asked = read_translate(b'{"text": "Hallo!\\nGuten Morgen!"}')
        >>> asked.sentences
        ['Hallo!', 'Guten Morgen!']
        >>> asked.answer([Hypothesis("Hello!", -0.1), Hypothesis("Good morning!", -0.5)])
        {'translation': 'Hello!\nGood morning!'}
    """
    asked = parse_json(body, _Translate, "The body")
    if (asked.text is None) == (asked.sentences is None):
        raise InputError('The body must have either "text" or "sentences".')
    if asked.text is not None:
        return Asked(asked.text.split("\n"), _as_text)
    return Asked(asked.sentences or [], _as_list)


def _as_text(found: Sequence[Hypothesis]) -> dict[str, Any]:
    return {"translation": "\n".join(one.text for one in found)}


def _as_list(found: Sequence[Hypothesis]) -> dict[str, Any]:
    return {"translations": [one.text for one in found]}


def model_status(version: int, state: str) -> dict[str, Any]:
    """Return TensorFlow Serving's answer on a model: LOADING, AVAILABLE or END."""
    status = {"error_code": "OK", "error_message": ""}
    return {"model_version_status": [{"version": str(version), "state": state, "status": status}]}
