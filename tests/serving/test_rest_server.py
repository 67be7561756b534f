"""The server in this process: its protocol, limits and counters. A real one: tests/bin."""

import asyncio
import functools
import json
import random
import threading

import pytest

import t2t_hint_nart
from t2t_hint_nart.serving.micro_batches import BatchLimits
from t2t_hint_nart.text.byte import ByteTextEncoder
from tests.serving.echo_export import BAD, HOLD

pytest.importorskip("fastapi")
pytest.importorskip("httpx")

from tests.serving.served import served

PREDICT = "/v1/models/echo:predict"


@pytest.fixture
def ask(echo_export):
    """From a request to the answer of a server of its own: status and JSON."""

    def asked(method, path, server=(), **request):
        async def main():
            async with served(echo_export, **dict(server)) as (client, _):
                answer = await client.request(method, path, **request)
                return answer.status_code, answer.json()

        return asyncio.run(main())

    return asked


def test_predict(ask):
    body = {"signature_name": "serving_default", "instances": [{"text": "ein Hund"}, {"text": ""}]}
    rows = [{"outputs": "EIN HUND", "scores": -9.0}, {"outputs": "", "scores": -1.0}]
    assert ask("POST", PREDICT, json=body) == (200, {"predictions": rows})
    version = "/v1/models/echo/versions/3:predict"
    columns = {"outputs": ["A"], "scores": [-2.0]}
    assert ask("POST", version, json={"inputs": "a"}) == (200, {"outputs": columns})


def test_translate(ask):
    assert ask("POST", "/translate", json={"text": "a\nb"}) == (200, {"translation": "A\nB"})
    answer = {"translations": ["A B", "ß — 早"]}
    assert ask("POST", "/translate", json={"sentences": ["a b ", "ß — 早"]}) == (200, answer)
    assert ask("POST", "/translate", json={"sentences": []}) == (200, {"translations": []})


@pytest.mark.parametrize("path", ["/v1/models/echo", "/v1/models/echo/versions/3"])
def test_status(ask, path):
    status = {"error_code": "OK", "error_message": ""}
    found = {"version": "3", "state": "AVAILABLE", "status": status}
    assert ask("GET", path) == (200, {"model_version_status": [found]})


@pytest.mark.parametrize(
    ("method", "path", "status", "told"),
    [
        ("GET", "/v1/models/x", 404, "There is no model 'x', only 'echo'."),
        ("POST", "/v1/models/x:predict", 404, "There is no model 'x', only 'echo'."),
        ("POST", "/v1/models/echo/versions/2:predict", 404, "no version '2', only 3."),
        ("GET", "/nothing", 404, "GET /nothing: Not Found"),
        ("GET", "/translate", 405, "GET /translate: Method Not Allowed"),
        ("POST", "/translate", 400, "The body is damaged: "),
        ("POST", PREDICT, 400, "The body is damaged: "),
    ],
)
def test_what_there_is_not(ask, method, path, status, told):
    found, answer = ask(method, path)
    assert found == status and told in answer["error"]


@pytest.mark.parametrize(
    ("limits", "request_", "status", "told"),
    [
        ({"body_bytes": 20}, {"content": b" " * 21}, 413, "The body has more than 20 bytes."),
        ({"body_bytes": 20}, {"content": 21 * [b" "]}, 413, "The body has more than 20 bytes."),
        ({"sentences": 2}, {"json": {"text": "a\nb\nc"}}, 400, "The request has 3 sentences; at m"),
        ({}, {"json": {"sentences": ["a", "ß" * 50]}}, 400, "Sentence 2 of 2 has 101 tokens; at"),
        ({"tokens": 999}, {"json": {"text": "ß" * 50}}, 400, "Sentence 1 of 1 has 101 tokens;"),
        ({"tokens": 4}, {"json": {"text": "ßß"}}, 400, "Sentence 1 of 1 has 5 tokens; at most 4"),
        ({"tokens": 4}, {"json": {"text": "abcd"}}, 400, "Sentence 1 of 1 has at least 5 tokens; "),
        ({}, {"json": {"text": BAD}}, 500, "A sentence couldn't be translated: RuntimeError"),
    ],
)
def test_limits(echo_export, limits, request_, status, told):
    async def chunks(parts):
        for part in parts:
            yield part

    async def main():
        if isinstance(request_.get("content"), list):
            request = {"content": chunks(request_["content"])}
        else:
            request = request_
        async with served(echo_export, **limits) as (client, _):
            answer = await client.post("/translate", **request)
            # The server goes on.
            assert (await client.post("/translate", json={"text": "x"})).status_code == 200
            return answer

    answer = asyncio.run(main())
    assert answer.status_code == status and answer.json()["error"].startswith(told)


def test_a_sentence_that_cannot_fit_is_refused_before_it_is_encoded(ask, monkeypatch):
    encoded = []
    encode = ByteTextEncoder.encode

    def noted(encoder, text):
        encoded.append(text)
        return encode(encoder, text)

    monkeypatch.setattr(ByteTextEncoder, "encode", noted)
    for long, told in (("b" * 100, "at least 101"), ("ß" * 50, "101")):
        encoded.clear()
        status, answer = ask("POST", "/translate", json={"sentences": ["a", long, "c"]})
        assert status == 400 and encoded == ["a", long][: 1 + (told == "101")]
        expected = f"Sentence 2 of 3 has {told} tokens; at most 100 are translated."
        assert answer == {"error": expected}


def test_what_is_cut_is_not_refused(ask):
    load = functools.partial(t2t_hint_nart.load, decode_hparams="max_input_size=9")
    text = {"text": 200 * "a"}
    expected = (200, {"translation": 8 * "A"})
    assert ask("POST", "/translate", server={"load": load}, json=text) == expected


def test_just_within_the_limits(ask):
    body = json.dumps({"sentences": ["b" * 99, "c"]})
    server = {"body_bytes": len(body), "sentences": 2}
    assert ask("POST", "/translate", server=server, content=body)[0] == 200


def test_a_client_that_sends_no_end_is_answered_in_time(echo_export):
    async def endless():
        yield b"{"
        await asyncio.Event().wait()

    async def main():
        async with served(echo_export, timeout_secs=0.05) as (client, _):
            return await client.post("/translate", content=endless())

    answer = asyncio.run(main())
    assert answer.status_code == 504
    assert answer.json() == {"error": "There was no translation within 0.05 s."}


def test_a_full_queue_and_a_translation_that_takes_too_long(echo_export):
    hold = echo_export / "3" / HOLD

    async def main():
        limits = BatchLimits(sentences=1, queue=1, wait_secs=0.0)
        async with served(echo_export, limits, sentences=1, timeout_secs=0.3) as (client, server):
            hold.touch()
            try:
                ask = [asyncio.create_task(client.post("/translate", json={"text": "a"}))]
                while not (echo_export / "3" / "begun").exists():
                    await asyncio.sleep(0)
                ask.append(asyncio.create_task(client.post("/translate", json={"text": "b"})))
                while not len(server.batches):
                    await asyncio.sleep(0)
                refused = await client.post("/translate", json={"text": "c"})
                late = await asyncio.gather(*ask)
            finally:
                hold.unlink()
            again = await client.post("/translate", json={"text": "d"})
            return refused, late, again

    refused, late, again = asyncio.run(main())
    assert refused.status_code == 503 and refused.headers["Retry-After"] == "1"
    assert refused.json() == {"error": "Too many sentences wait; try again."}
    assert [answer.status_code for answer in late] == [504, 504]
    assert again.json() == {"translation": "D"}


def test_it_is_ready_when_it_is_warm(echo_export):
    go, seen = threading.Event(), {}

    def load(export):
        assert go.wait(30)
        loaded = t2t_hint_nart.load(export)
        warm_up = loaded.translator.warm_up
        loaded.translator.warm_up = lambda: seen.update(warm=True) or warm_up()
        return loaded

    async def main():
        async with served(echo_export, ready=False, load=load) as (client, _):
            for path in ("/healthz", "/readyz", "/v1/models/echo", "/"):
                seen[path] = await client.get(path)
            seen["ask"] = await client.post("/translate", json={"text": "a"})
            go.set()
            while (await client.get("/readyz")).status_code != 200:
                await asyncio.sleep(0)
            assert seen["warm"]
            return (await client.get("/readyz")).json()

    ready = asyncio.run(main())
    languages = {"inputs": "de", "targets": "en"}
    assert ready == {"ready": True, "model": "echo", "languages": languages}
    for path, status in (("/healthz", 200), ("/readyz", 503), ("/", 200), ("ask", 503)):
        assert seen[path].status_code == status
    assert seen["ask"].headers["Retry-After"] == seen["/readyz"].headers["Retry-After"] == "1"
    assert '"state":"LOADING"' in seen["/v1/models/echo"].text


def test_requests_at_once_are_one_batch_and_counted(echo_export):
    sentences = [chr(ord("a") + n) * 7 for n in range(20)]

    async def main():
        limits = BatchLimits(sentences=20, wait_secs=3600.0)
        async with served(echo_export, limits) as (client, _):
            asked = [client.post("/translate", json={"text": text}) for text in sentences]
            found = await asyncio.gather(*asked)
            await client.post("/translate", content=b"{")
            return [one.json()["translation"] for one in found], await client.get("/metrics")

    found, metrics = asyncio.run(main())
    assert found == [sentence.upper() for sentence in sentences]
    assert metrics.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    told = dict(line.rsplit(" ", 1) for line in metrics.text.splitlines() if line[0] != "#")
    expected = {
        't2t_requests_total{path="/translate",status="200"}': 20,
        't2t_requests_total{path="/translate",status="400"}': 1,
        't2t_request_seconds_count{path="/translate"}': 21,
        "t2t_batch_sentences_count": 1,
        "t2t_sentences_total": 20,
        "t2t_padded_tokens_total": 20 * 8,
        "t2t_requests_in_flight": 0,
        "t2t_waiting_sentences": 0,
        "t2t_ready": 1,
    }
    assert {name: float(told[name]) for name in expected} == expected
    assert float(told["process_resident_memory_bytes"]) > 0


def test_the_page_runs_nothing_but_its_own_script(echo_export):
    async def main():
        async with served(echo_export) as (client, _):
            return await client.get("/")

    page = asyncio.run(main())
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; connect-src 'self';")
    assert "script-src 'sha256-" in policy and "unsafe" not in policy
    text = page.text
    assert "innerHTML" not in text and "http" not in text.replace("http-equiv", "")
    assert '<label for="text">' in text and 'role="status"' in text and '<html lang="en">' in text


STEMS = (
    b'{"text": "ein Hund\\nzwei"}',
    b'{"sentences": ["a", "b\\u00e9", ""]}',
    b'{"signature_name": "serving_default", "instances": [{"text": "a"}, "b"]}',
    b'{"inputs": {"text": ["a", "b"]}}',
)
PIECES = (
    b'"',
    b"{",
    b"]",
    b"\\ud800",
    b"\xff",
    b"\x00",
    b"NaN",
    b"1e999",
    b"null",
    b"[[[[",
    BAD.encode(),
)


def fuzzed_bodies(number, seed):
    """Bodies that were right before some bytes were changed, cut, doubled or put in."""
    drawn = random.Random(seed)
    for _ in range(number):
        body = bytearray(drawn.choice(STEMS))
        for _ in range(drawn.randint(0, 4)):
            place, kind = drawn.randrange(len(body) + 1), drawn.randrange(5)
            if kind == 0:
                body[place:place] = drawn.choice(PIECES)
            elif kind == 1:
                del body[place : place + drawn.randint(1, 9)]
            elif kind == 2:
                body[place:place] = body[place : place + drawn.randint(1, 9)] * drawn.randint(1, 40)
            elif kind == 3 and place < len(body):
                body[place] = drawn.randrange(256)
            else:
                body[place:place] = drawn.randbytes(drawn.randint(1, 20))
        yield bytes(body)


def test_fuzzed_bodies_are_answered_or_told_what_is_wrong(echo_export):
    """A few hundred; benchmarks/serving.py --fuzz sends thousands to a server with a model."""

    async def main():
        counts = {}
        async with served(echo_export, body_bytes=2000, timeout_secs=30) as (client, server):
            for number, body in enumerate(fuzzed_bodies(300, seed=18)):
                path = ("/translate", PREDICT)[number % 2]
                answer = await client.post(path, content=body)
                told = answer.json()
                counts[answer.status_code] = counts.get(answer.status_code, 0) + 1
                if answer.status_code == 500:
                    assert BAD.encode() in body
                elif answer.status_code != 200:
                    assert answer.status_code in (400, 413) and len(told["error"]) > 10, body
            assert not len(server.batches)
            assert (await client.post("/translate", json={"text": "a"})).status_code == 200
        return counts

    counts = asyncio.run(main())
    assert counts[200] > 30 and counts[400] > 100
