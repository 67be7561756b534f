import contextlib
import http.server
import json
import re
import socket
import threading

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.serving.rest_client import LARGEST_REPLY, RestClient


@contextlib.contextmanager
def fake_server(answer, status=200, delay=None):
    """A server with one answer for everything, and the requests it got."""
    requests = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            requests.append((self.path, json.loads(body)))
            if delay is not None:
                delay.wait(10)
            with contextlib.suppress(OSError):
                self.send_response(status)
                self.end_headers()
                self.wfile.write(answer.encode("utf-8", "surrogatepass"))

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}", requests
    finally:
        if delay is not None:
            delay.set()
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_translation():
    answer = '{"predictions": [{"outputs": "Good morning — 早!", "scores": -0.5}]}'
    with fake_server(answer) as (address, requests):
        assert RestClient(address, "student").translate("Guten Morgen — ä!") == "Good morning — 早!"
    body = {"signature_name": "serving_default", "instances": [{"text": "Guten Morgen — ä!"}]}
    assert requests == [("/v1/models/student:predict", body)]


def test_an_address_with_its_scheme():
    assert RestClient("https://host/", "m").url == "https://host/v1/models/m:predict"


@pytest.mark.parametrize(
    ("answer", "status", "expected"),
    [
        ('{"error": "Servable not found\\nfor request"}', 404, "answers 404: Servable not found"),
        ("<html>", 502, "answers 502: <html>"),
        ("<html>", 200, "The answer of .* is damaged: JSON is malformed.* Is it a model"),
        ('{"predictions": []}', 200, "is damaged: Expected `array` of length"),
        ('{"predictions": [{"scores": 1}]}', 200, "missing required field `outputs`"),
        ('{"predictions": ["a", "b"]}', 200, "is damaged: Expected `array` of length"),
        ('{"predictions": "Hallo"}', 200, "is damaged: Expected `array`, got `str`"),
        ('{"predictions": {"0": "Hallo"}}', 200, "is damaged: Expected `array`, got `object`"),
        ('{"predictions": [{"outputs": ["a"]}]}', 200, "is damaged: Expected `str`, got `array`"),
        ("[]", 200, "is damaged: Expected `object`, got `array`"),
        ("[" * 100000, 200, "is damaged: "),
        ("\ud800", 200, "is damaged: "),
        ("x" * (LARGEST_REPLY + 1), 200, "answers with more than 4,194,304 bytes, no translation."),
        ("x" * (LARGEST_REPLY + 1), 500, "answers 500: xxx"),
    ],
)
def test_an_answer_that_is_no_translation(answer, status, expected):
    with (
        fake_server(answer, status) as (address, _),
        pytest.raises(InputError, match=expected),
    ):
        RestClient(address, "m").translate("x")


def test_no_answer_in_time():
    with (
        fake_server("{}", delay=threading.Event()) as (address, _),
        pytest.raises(InputError, match=r"within 0.2 s \(--timeout_secs\)|timed out"),
    ):
        RestClient(address, "m", 0.2).translate("x")


def read_request(connection):
    """All of it: who hangs up on unread bytes resets the connection, and the answer may be lost."""
    with connection.makefile("rb") as sent:
        lines = list(iter(sent.readline, b"\r\n"))
        lengths = [line for line in lines if line.lower().startswith(b"content-length:")]
        sent.read(int(lengths[0].split(b":")[1]))


@contextlib.contextmanager
def other_server(answer):
    """A server that answers one request with these bytes, or as a function does, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)

        def serve():
            connection, _ = listening.accept()
            with connection:
                read_request(connection)
                if callable(answer):
                    answer(connection)
                else:
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


@pytest.mark.parametrize("answer", [b"H", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_server_that_drips(answer):
    """The time limit is that of the answer, not of a byte of it."""
    stop = threading.Event()

    def drip(connection):
        connection.sendall(answer)
        with contextlib.suppress(OSError):
            while not stop.wait(0.05):
                connection.sendall(b"x")

    with other_server(drip) as address:
        with pytest.raises(InputError, match=r"doesn't answer within 0.3 s \(--timeout_secs\)"):
            RestClient(address, "m", 0.3).translate("x")
        stop.set()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("place", ["http://other:1/x", "file:///etc/passwd", "/v2"])
def test_a_redirect_is_refused(status, place):
    answer = f"HTTP/1.1 {status} X\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n"
    with (
        other_server(answer.encode()) as address,
        pytest.raises(InputError, match=f"^http://{address}/.* answers {status}"),
    ):
        RestClient(address, "m").translate("x")


@pytest.mark.parametrize("scheme", ["file", "ftp", "data", "FILE", "nonsense"])
def test_an_address_of_another_scheme(scheme, tmp_path):
    server = f"{scheme}://{tmp_path}"
    expected = f"^{server} isn't host:port, http://host:port or https://host.$"
    with pytest.raises(InputError, match=expected):
        RestClient(server, "m").translate("x")


def test_the_proxy_is_named(monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        proxy = f"127.0.0.1:{free.getsockname()[1]}"
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", f"http://user:secret@{proxy}")
    with pytest.raises(InputError) as caught:
        RestClient("localhost:8501", "m").translate("x")
    assert str(caught.value).startswith(
        f"http://localhost:8501/v1/models/m:predict, asked through the proxy {proxy} (http_proxy; "
        "no_proxy=localhost goes without), can't be reached: "
    )
    with fake_server("no", 503) as (address, _):
        monkeypatch.setenv("http_proxy", f"http://{address}")
        with pytest.raises(InputError, match="goes without[)], answers 503: no"):
            RestClient("localhost:8501", "m").translate("x")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with pytest.raises(InputError, match=f"^http://{address}/v1/models/m:predict answers 503"):
            RestClient(address, "m").translate("x")


# What gRPC answers first: HTTP/2's SETTINGS.
HTTP2 = b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x05\x00\x00\x40\x00\n"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (HTTP2, r"BadStatusLine\('\\x00\\x00\\x06\\x04.*'\)"),
        (b"", r"RemoteDisconnected\('.*'\)"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", r"IncompleteRead\(.*\)"),
    ],
)
def test_a_server_of_another_protocol(answer, reason):
    with other_server(answer) as address, pytest.raises(InputError) as caught:
        RestClient(address, "m").translate("x")
    expected = (
        rf"http://{address}/v1/models/m:predict doesn't answer as a REST interface "
        rf"\({reason}\); TensorFlow Serving's is usually port 8501, 8500 is gRPC\."
    )
    assert re.fullmatch(expected, str(caught.value)), caught.value


@pytest.mark.parametrize("address", ["localhost:port", "local host:8501", "http://[::1", "a..b"])
def test_an_address_that_is_none(address):
    with pytest.raises(InputError):
        RestClient(address, "m").translate("x")


def test_no_server():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(InputError, match="can't be reached"):
        RestClient(f"127.0.0.1:{port}", "m").translate("x")
    with pytest.raises(InputError):
        RestClient("nonsense://host", "m").translate("x")
