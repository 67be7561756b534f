from dataclasses import dataclass, field
from typing import Any

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.json_file import parse_json, read_json


@dataclass
class Facts:
    step: int
    names: list[str] = field(default_factory=list)
    hparams: dict[str, Any] = field(default_factory=dict)


def test_a_dataclass_is_filled(tmp_path):
    path = tmp_path / "facts.json"
    path.write_text('{"step": 3, "names": ["ä"], "hparams": {"a": [1, 2.5]}, "other": 1}')
    assert read_json(path, Facts) == Facts(3, ["ä"], {"a": [1, 2.5]})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'{"step": "3"}', "Expected `int`, got `str`.*step"),
        (b'{"step": true}', "Expected `int`, got `bool`"),
        (b'{"names": []}', "missing required field `step`"),
        (b"[1]", "Expected `object`, got `array`"),
        (b'{"step": 3', "truncated"),
        (b"", "truncated"),
        (b'{"step": 3, "names": ["\xff"]}', "utf-8"),
        (b"\x00\x01", "malformed"),
        (b'{"step": 1, "hparams": {"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}", "recursion"),
        (b'{"step": NaN}', "malformed"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(tmp_path, text, reason):
    path = tmp_path / "facts.json"
    path.write_bytes(text)
    with pytest.raises(InputError, match=f"(?i){reason}") as error:
        read_json(path, Facts, "Delete it.")
    message = str(error.value)
    assert message.startswith(f"{path} is damaged: ")
    assert message.endswith(" Delete it.")
    assert "\n" not in message


def test_a_missing_file_is_the_callers_to_explain(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_json(tmp_path / "none.json", dict)


def test_a_line_is_named():
    with pytest.raises(InputError, match=r"^rows line 2 is damaged: "):
        parse_json("{", dict, "rows line 2")
