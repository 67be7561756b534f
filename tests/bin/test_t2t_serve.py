"""t2t-serve as a process of its own, asked by t2t-query-server, by threads and by a browser."""

import concurrent.futures
import contextlib
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from t2t_hint_nart.bin import t2t_serve
from t2t_hint_nart.exports.vocabulary_files import INDEX_FILE
from tests.commands import refusal, succeed
from tests.serving.conftest import echo_export  # noqa: F401
from tests.serving.echo_export import BEGUN, HOLD, write_echo

ROOT = Path(__file__).parents[2]
AT_ONCE = 8


def needs_extra(test):
    lacking = importlib.util.find_spec("uvicorn") is None
    return pytest.mark.skipif(lacking, reason='needs pip install ".[serve]"')(test)


@contextlib.contextmanager
def started(export, **flags):
    """A server in another process, which is ended at the end."""
    flags = {"export_dir": export, "t2t_usr_dir": "tests/serving/echo", "port": 0} | flags
    arguments = [f"--{name}={value}" for name, value in flags.items()]
    process = subprocess.Popen(
        [sys.executable, "-m", "t2t_hint_nart.bin.t2t_serve", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


@contextlib.contextmanager
def serving(export, **flags):
    """One that is ready, and its address."""
    with started(export, **flags) as process:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        address = line.split("http://")[1].strip()
        while get(address, "/readyz")[0] != 200:
            assert process.poll() is None
        yield process, address


def get(address, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(f"http://{address}{path}", data, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with serving(write_echo(tmp_path_factory.mktemp("served") / "echo")) as (_, address):
        yield address


@needs_extra
def test_t2t_query_server_asks_it_unchanged(address):
    flags = {"server": address, "servable_name": "echo"}
    assert succeed("t2t-query-server", **flags, inputs_once="ein Hund — ß") == ("EIN HUND — ß\n")
    assert succeed("t2t-query-server", **flags, typed="eins\n\nzwei\n") == "EINS\n\nZWEI\n"
    line = refusal("t2t-query-server", server=address, servable_name="x", inputs_once="a")
    assert line.endswith("There is no model 'x', only 'echo'.")
    line = refusal("t2t-query-server", **flags, inputs_once="x" * 100)
    told = "Sentence 1 of 1 has at least 101 tokens; at most 100 are translated."
    assert line.endswith(f"answers 400: {told}")


@needs_extra
def test_sigterm_loses_no_accepted_request(tmp_path):
    """Those that wait are answered, nothing more is accepted, and that is no failure."""
    export = write_echo(tmp_path / "echo")
    hold = export / "3" / HOLD
    with serving(export, max_batch_size=2) as (process, address):
        hold.touch()
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as threads:
            found = [
                threads.submit(get, address, "/translate", {"text": f"satz {n}"})
                for n in range(AT_ONCE)
            ]
            in_flight = f"\nt2t_requests_in_flight {AT_ONCE}.0\n"
            while in_flight not in get(address, "/metrics")[1]:
                assert process.poll() is None
            assert (export / "3" / BEGUN).exists()
            process.send_signal(signal.SIGTERM)
            host, port = address.split(":")
            with contextlib.suppress(ConnectionRefusedError, ConnectionResetError):
                while True:
                    socket.create_connection((host, int(port)), timeout=10).close()
            assert process.poll() is None and not any(one.done() for one in found)
            hold.unlink()
            answers = [one.result(30) for one in found]
        assert process.wait(30) == 0
        assert process.stderr.read() == ""
    assert answers == [(200, f'{{"translation":"SATZ {n}"}}') for n in range(AT_ONCE)]


@needs_extra
def test_sigterm_waits_for_no_client_that_does_not_read(tmp_path):
    with serving(write_echo(tmp_path / "echo"), timeout_secs=1) as (process, address):
        host, port = address.split(":")
        asks = b"GET /openapi.json HTTP/1.1\r\nHost: s\r\n\r\n"
        with socket.create_connection((host, int(port)), timeout=1) as deaf:
            # Until neither side takes any more.
            with contextlib.suppress(TimeoutError):
                while True:
                    deaf.sendall(asks * 100)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0


@needs_extra
def test_a_model_that_can_not_be_loaded(tmp_path):
    export = write_echo(tmp_path / "echo")
    (export / "3" / INDEX_FILE).unlink()
    with started(export) as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 1 and out.startswith("echo version 3 at http://127.0.0.1:")
    told = f"{export / '3'} has no {INDEX_FILE}: export the model again."
    assert err == f"t2t-serve: error: {told}\n"


@needs_extra
def test_addresses_where_it_can_not_listen(echo_export):  # noqa: F811
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refusal("t2t-serve", export_dir=echo_export, port=port)
    assert line == f"--host=127.0.0.1 --port={port}: Address already in use."
    line = refusal("t2t-serve", export_dir=echo_export, port=65536)
    assert line.startswith("--host=127.0.0.1 --port=65536: ")
    assert refusal("t2t-serve", export_dir=echo_export, host="300.0.0.1").startswith("--host=300.0")


@needs_extra
def test_an_export_that_is_not_there_is_refused_at_once(tmp_path):
    line = refusal("t2t-serve", export_dir=tmp_path / "none")
    assert line.startswith("No export in ")


@needs_extra
def test_a_decode_hparam_out_of_bounds_is_refused_at_once(echo_export):  # noqa: F811
    line = refusal("t2t-serve", export_dir=echo_export, decode_hparams="max_input_size=-2")
    assert line.startswith("max_input_size is -2; it must be ")


@needs_extra
def test_what_would_have_no_effect_is_refused_at_once(echo_export):  # noqa: F811
    line = refusal("t2t-serve", export_dir=echo_export, decode_hparams="batch_size=8")
    assert line == "batch_size=8 has no effect on a server: give --max_batch_size."
    line = refusal("t2t-serve", export_dir=echo_export, teacher_export_dir="t")
    assert line.startswith("The teacher t has nothing to judge: ")


def test_an_answer_is_sent_at_once():
    with (
        t2t_serve._listening("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ({"max_wait_ms": -1}, "--max_wait_ms must be at least 0, not -1.0."),
        ({"max_wait_ms": "nan"}, "--max_wait_ms must be at least 0, not nan."),
        ({"max_sentences": 9, "max_queue": 8}, "--max_sentences=9 would never fit into"),
    ],
)
def test_numbers_that_make_no_sense(flags, told):
    assert refusal("t2t-serve", export_dir="export", **flags).startswith(told)


def test_without_the_extra(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    line = refusal("t2t-serve", export_dir="export")
    told = 'fastapi, uvicorn, prometheus_client missing: pip install "t2t-hint-nart[serve]"'
    assert line == told


def browser():
    """A headless Chromium: the program that CHROMIUM names, or one of those that are usual."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@needs_extra
@pytest.mark.skipif(not browser(), reason="needs chromium, in PATH or named by CHROMIUM")
def test_the_page_in_a_browser(address, tmp_path):
    """It translates what is behind #, a sentence a line; what is said is text, whatever it is."""
    text = "ein Hund\n<img src=x onerror=document.title=1>"

    def shown(path):
        command = [browser(), "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
        command += [f"--user-data-dir={tmp_path}", "--virtual-time-budget=10000"]
        done = subprocess.run(
            [*command, f"http://{address}{path}"], capture_output=True, text=True, timeout=120
        )
        return done.stdout

    page = shown("/#" + urllib.parse.quote(text))
    told = page.split("<output")[1].split("</output>")[0].split(">", 1)[1]
    assert told == "EIN HUND\n&lt;IMG SRC=X ONERROR=DOCUMENT.TITLE=1&gt;"
    assert "<title>Translate</title>" in page and "with echo</span>" in page
    assert '<textarea id="text"' in page and 'lang="de"' in page and "Translation<span" in page
    assert " ms</p>" in page
    assert "Error: Sentence 1 of 1 has 101 tokens" in shown("/#" + "x" * 100)
