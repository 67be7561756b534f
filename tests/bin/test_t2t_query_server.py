import io
import json

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.bin import t2t_query_server
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.runtime import open_export
from tests.bin.conftest import PROBLEM
from tests.commands import refusal, run_command, succeed
from tests.serving.test_rest_client import fake_server

ANSWER = '{"predictions": [{"outputs": "Good morning!", "scores": -0.5}]}'


class FakeExport:
    def __init__(self, export_dir):
        self.export_dir = export_dir

    def translate(self, lines):
        return [f"{self.export_dir} {line}" for line in lines]


@pytest.fixture
def exported(monkeypatch):
    monkeypatch.setattr("t2t_hint_nart.exports.runtime.open_export", FakeExport)


def test_once(exported):
    told = succeed("t2t-query-server", export_dir="model", inputs_once="Guten Morgen!")
    assert told == "model Guten Morgen!\n"


class Terminal(io.StringIO):
    """Where somebody types and reads."""

    def isatty(self):
        return True


def test_what_is_typed(exported, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", Terminal("eins\n\n zwei \nq\ndrei\n"))
    monkeypatch.setattr("sys.stdout", told := Terminal())
    monkeypatch.setattr("sys.argv", ["t2t-query-server", "--export_dir=m"])
    t2t_query_server.main()
    assert told.getvalue() == ">> m eins\n>> >> m zwei\n>> "
    assert capsys.readouterr().err == "Type a sentence and Enter; q to quit.\n"


def test_lines_from_a_pipe(exported):
    """Answers line for line, and nothing else: what ends a line for some isn't an end."""
    typed = "eins\n\n zwei \r\n\u2028\nd\rr\u2028e\x0bi\n".encode()
    ended = run_command("t2t-query-server", "--export_dir=m", typed=typed)
    assert ended == (0, "m eins\n\nm zwei\n\nm d r e i\n", "")
    assert len(ended.out.splitlines()) == ended.out.count("\n") == typed.count(b"\n")
    ended = run_command("t2t-query-server", "--export_dir=m", typed="eins\nq\nzwei\n")
    assert ended == (0, "m eins\nm q\nm zwei\n", "")


def test_a_line_that_is_refused_costs_no_other(exported, monkeypatch, capsys):
    def translate(export, lines):
        if "long" in lines:
            raise InputError("too\x1blong")
        return lines

    monkeypatch.setattr(FakeExport, "translate", translate)
    ended = run_command("t2t-query-server", "--export_dir=m", typed="a\nlong\nb\nlong\nc\n")
    told = "line 2: too\ufffdlong\nline 4: too\ufffdlong\n"
    end = "t2t-query-server: error: Not translated: lines 2 and 4.\n"
    assert ended == (1, "a\n\nb\n\nc\n", told + end)

    monkeypatch.setattr("sys.stdin", Terminal("a\nlong\nb\nq\n"))
    monkeypatch.setattr("sys.argv", ["t2t-query-server", "--export_dir=m"])
    t2t_query_server.main()
    out, err = capsys.readouterr()
    assert (out, err.splitlines()[1:]) == ("a\n\nb\n", ["too\ufffdlong"])


@pytest.mark.parametrize("status", [400, 503, 504])
def test_a_server_that_refuses_is_asked_on(status):
    with fake_server('{"error": "no"}', status) as (address, requests):
        flags = {"server": address, "servable_name": "m"}
        ended = run_command("t2t-query-server", typed="a\nb\n", **flags)
    told = f"http://{address}/v1/models/m:predict answers {status}: no"
    end = "t2t-query-server: error: Not translated: lines 1 and 2.\n"
    assert ended == (1, "\n\n", f"line 1: {told}\nline 2: {told}\n{end}")
    assert len(requests) == 2


def test_a_server_that_is_not_there_is_asked_once():
    with fake_server("") as (address, _):
        pass
    line = refusal("t2t-query-server", server=address, servable_name="m", typed="a\nb\n")
    assert "can't be reached" in line


@pytest.mark.parametrize("flags", [{"inputs_once": "x"}, {"typed": "x\n"}])
def test_a_terminal_gets_no_orders(flags):
    answer = json.dumps({"predictions": ["\x1b[2Jgood\x07\x9b31m\r\nmorning\u2028!"]})
    with fake_server(answer) as (address, _):
        told = succeed("t2t-query-server", server=address, servable_name="m", **flags)
    assert told == "\ufffd[2Jgood\ufffd\ufffd31m  morning !\n"
    with fake_server("\x1b[2Jno", 500) as (address, _):
        ended = run_command("t2t-query-server", server=address, servable_name="m", **flags)
    assert ended.status == 1 and " answers 500: \ufffd[2Jno\n" in ended.err
    assert "\x1b" not in ended.err


def test_a_hostile_sentence_costs_no_more_than_the_limit(teacher_export, workshop):
    """Characters outside the alphabet, each of which becomes several tokens."""
    text = "".join(chr(0x1F300 + i % 700) for i in range(3000))
    encoder = registry.problem(PROBLEM).get_feature_encoders(workshop.data_dir)["inputs"]
    ids = encoder.encode(text)
    exported = open_export(teacher_export)
    limit = exported.metadata.max_input_size
    assert len(ids) > len(text) > limit == 50
    decoded = exported.call("decode", inputs=tf.constant([[*ids[: limit - 1], 1]]))
    found = exported.call("serving_default", text=[text])
    np.testing.assert_array_equal(found["scores"], decoded["scores"])
    long = exported.call("encode", inputs=tf.constant([[*ids, 1]]))
    assert {tensor.shape[1] for tensor in long.values()} == {limit}
    told = succeed("t2t-query-server", export_dir=teacher_export, inputs_once=text)
    row = decoded["outputs"].numpy()[0]
    assert told == encoder.decode(row, strip_extraneous=True) + "\n"


# What a shell hands on as an argument that isn't UTF-8.
LATIN1 = b"Gr\xfcn".decode("utf-8", "surrogateescape")


def test_a_sentence_that_is_not_utf8(exported):
    assert succeed("t2t-query-server", export_dir="m", inputs_once=LATIN1) == "m Gr\ufffdn\n"
    with fake_server(ANSWER) as (address, requests):
        succeed("t2t-query-server", server=address, servable_name="m", inputs_once=LATIN1)
    assert requests[0][1]["instances"] == [{"text": "Gr\ufffdn"}]


def test_a_typed_sentence_that_is_not_utf8(exported):
    ended = run_command("t2t-query-server", "--export_dir=m", typed=b"Gr\xfcn\n")
    told = "t2t-query-server: error: What is typed isn't UTF-8: invalid start byte.\n"
    assert ended.status == 1 and ended.err.endswith(told)
    ended = run_command("t2t-query-server", "--export_dir=m", typed=f"{LATIN1}\n")
    assert (ended.status, ended.out) == (0, "m Gr\ufffdn\n")


def test_a_server_with_t2ts_flags():
    with fake_server(ANSWER) as (address, requests):
        told = succeed(
            "t2t-query-server",
            server=address,
            servable_name="student",
            problem="translate_ende_wmt32k",
            data_dir="data",
            timeout_secs=5,
            inputs_once="Guten Morgen!",
        )
    assert told == "Good morning!\n"
    assert len(requests) == 1


def test_what_the_server_says_is_told():
    with fake_server('{"error": "Malformed request:\\n no model"}', 404) as (address, _):
        line = refusal("t2t-query-server", server=address, servable_name="m", inputs_once="x")
    assert line == f"http://{address}/v1/models/m:predict answers 404: Malformed request: no model"


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({}, "Give either --export_dir or --server with --servable_name."),
        ({"server": "x", "export_dir": "y"}, "Give either --export_dir or --server"),
        ({"server": "x"}, "Missing --servable_name."),
        ({"server": "x", "servable_name": "m", "timeout_secs": 0}, "--timeout_secs must be at"),
        ({"export_dir": "/nowhere"}, "No export in /nowhere; make one with t2t-exporter."),
    ],
)
def test_refusals(flags, expected):
    assert refusal("t2t-query-server", **flags).startswith(expected)
