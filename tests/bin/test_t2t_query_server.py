import pytest

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


def test_what_is_typed(exported):
    ended = run_command("t2t-query-server", "--export_dir=m", typed="eins\n\n zwei \nq\ndrei\n")
    assert (ended.status, ended.out) == (0, ">> m eins\n>> >> m zwei\n>> ")
    ended = run_command("t2t-query-server", "--export_dir=m", typed="eins\n")
    assert (ended.status, ended.out) == (0, ">> m eins\n>> ")


def test_text_is_read_as_files_are(exported):
    text = "\ufeff zwei \u3000\x0b"
    assert succeed("t2t-query-server", export_dir="m", inputs_once=text) == "m zwei\n"
    ended = run_command("t2t-query-server", "--export_dir=m", typed=f"{text}\nq\n")
    assert "m zwei\n" in ended.out
    with fake_server(ANSWER) as (address, requests):
        succeed("t2t-query-server", server=address, servable_name="m", inputs_once=text)
    assert requests[0][1]["instances"] == [{"text": "zwei"}]


# What a shell hands on as an argument that isn't UTF-8.
LATIN1 = b"Gr\xfcn".decode("utf-8", "surrogateescape")


def test_a_sentence_that_is_not_utf8(exported):
    assert succeed("t2t-query-server", export_dir="m", inputs_once=LATIN1) == "m Gr\ufffdn\n"
    with fake_server(ANSWER) as (address, requests):
        succeed("t2t-query-server", server=address, servable_name="m", inputs_once=LATIN1)
    assert requests[0][1]["instances"] == [{"text": "Gr\ufffdn"}]


def test_a_typed_sentence_that_is_not_utf8(exported):
    ended = run_command("t2t-query-server", "--export_dir=m", typed=b"Gr\xfcn\n")
    told = "\nt2t-query-server: error: What is typed isn't UTF-8: invalid start byte.\n"
    assert ended.status == 1 and ended.err.endswith(told)
    ended = run_command("t2t-query-server", "--export_dir=m", typed=f"{LATIN1}\nq\n")
    assert (ended.status, ended.out) == (0, ">> m Gr\ufffdn\n>> ")


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
