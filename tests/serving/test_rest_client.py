import contextlib
import http.server
import json
import re
import socket
import threading

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.serving.rest_client import RestClient


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
                self.wfile.write(answer.encode("utf-8"))

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
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
        ("<html>", 200, "Expecting value"),
        ('{"predictions": []}', 200, "answers without 'outputs'"),
        ('{"predictions": [{"scores": 1}]}', 200, "answers without 'outputs'"),
        ("[]", 200, "answers without 'outputs'"),
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


@contextlib.contextmanager
def other_server(answer):
    """A server that answers one request with these bytes and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)

        def serve():
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


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
