"""A model behind HTTP: TensorFlow Serving's REST interface, and a plain one (extra `serve`)."""

import asyncio
import base64
import hashlib
import re
import time
from collections.abc import Callable, Mapping
from importlib import resources
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.serving.micro_batches import QueueFullError, TranslationError
from t2t_hint_nart.serving.rest_protocol import Asked, model_status, read_predict, read_translate
from t2t_hint_nart.serving.rest_server import ModelServer, NotReadyError

_RETRY = {"Retry-After": "1"}
_NO_ANSWER = 499


class _BodyTooLargeError(Exception):
    pass


def rest_app(server: ModelServer) -> FastAPI:
    """Return the application that answers requests on a model.

    POST /v1/models/NAME:predict, /v1/models/NAME/versions/N:predict and GET without `:predict`, as
    TensorFlow Serving has them; POST /translate; GET /healthz, /readyz, /metrics and a page at /.
    """
    app = FastAPI(
        title=f"{server.name}: translations",
        lifespan=server.running,
        # Their pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
    )
    app.add_exception_handler(HTTPException, _as_error)
    answering = _Answering(server)
    _add_model(app, server, answering)
    _add_operation(app, server)

    @app.post("/translate")
    async def translate(request: Request) -> Response:
        return await answering.answer(request, "/translate", read_translate)

    return app


def _add_model(app: FastAPI, server: ModelServer, answering: "_Answering") -> None:
    """Add TensorFlow Serving's paths."""

    @app.post("/v1/models/{name}:predict")
    @app.post("/v1/models/{name}/versions/{version}:predict")
    async def predict(request: Request, name: str, version: str = "") -> Response:
        _check_name(server, name, version)
        return await answering.answer(request, ":predict", read_predict)

    @app.get("/v1/models/{name}")
    @app.get("/v1/models/{name}/versions/{version}")
    async def status(name: str, version: str = "") -> Response:
        _check_name(server, name, version)
        state = "LOADING" if server.model is None else "AVAILABLE"
        return _json(model_status(server.version, state))


def _check_name(server: ModelServer, name: str, version: str) -> None:
    if name != server.name:
        raise HTTPException(404, f"There is no model {name!r}, only {server.name!r}.")
    if version not in ("", str(server.version)):
        raise HTTPException(
            404, f"Model {name!r} has no version {version!r}, only {server.version}."
        )


def _add_operation(app: FastAPI, server: ModelServer) -> None:
    """Add what operators and browsers ask for."""

    @app.get("/healthz")
    async def healthz() -> Response:
        return _json({"healthy": True})

    @app.get("/readyz")
    async def readyz() -> Response:
        if server.model is None:
            return _error(503, "The model is being loaded.", _RETRY)
        languages = server.model.metadata.languages
        return _json({"ready": True, "model": server.name, "languages": languages})

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(server.metrics.text(), media_type="text/plain; version=0.0.4")

    page, policy = _page()

    @app.get("/")
    async def root() -> Response:
        headers = {"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff"}
        return Response(page, media_type="text/html", headers=headers)


class _Answering:
    """From a body to its answer, or to what is wrong with it."""

    def __init__(self, server: ModelServer):
        self._server = server

    async def answer(self, request: Request, path: str, read: Callable[[bytes], Asked]) -> Response:
        """Answer a request in time, and count it."""
        start, server = time.monotonic(), self._server
        server.metrics.in_flight.inc()
        try:
            response = await self._in_time(request, read)
        finally:
            server.metrics.in_flight.dec()
        server.metrics.request(path, response.status_code, time.monotonic() - start)
        return response

    async def _in_time(self, request: Request, read: Callable[[bytes], Asked]) -> Response:
        limits = self._server.limits
        try:
            return await asyncio.wait_for(self._answered(request, read), limits.timeout_secs)
        except _BodyTooLargeError:
            # What is left of the body isn't read.
            told = f"The body has more than {limits.body_bytes:,} bytes."
            return _error(413, told, {"Connection": "close"})
        except InputError as error:
            return _error(400, str(error))
        except QueueFullError:
            return _error(503, "Too many sentences wait; try again.", _RETRY)
        except NotReadyError:
            return _error(503, "The model is being loaded.", _RETRY)
        except TranslationError as error:
            return _error(500, str(error))
        except TimeoutError:
            told = f"There was no translation within {limits.timeout_secs:g} s."
            return _error(504, told, {"Connection": "close"})
        except ClientDisconnect:
            return _error(_NO_ANSWER, "The client went away.")

    async def _answered(self, request: Request, read: Callable[[bytes], Asked]) -> Response:
        asked = read(await _body(request, self._server.limits.body_bytes))
        return _json(asked.answer(await self._server.translate(asked.sentences)))


async def _body(request: Request, most: int) -> bytes:
    """Read a body of at most so many bytes, whatever its head says.

    Raises:
        _BodyTooLargeError: it has more.
    """
    told = request.headers.get("Content-Length", "")
    if told.isdecimal() and int(told[:20]) > most:
        raise _BodyTooLargeError
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise _BodyTooLargeError
        parts.append(part)
    return b"".join(parts)


def _json(
    value: dict[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(msgspec.json.encode(value), status, headers, "application/json")


def _error(status: int, told: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error as TensorFlow Serving tells it."""
    return _json({"error": told}, status, headers)


async def _as_error(request: Request, error: Exception) -> Response:
    """What has no path or another method."""
    assert isinstance(error, HTTPException)
    return _error(
        error.status_code, f"{request.method} {request.url.path}: {error.detail}", error.headers
    )


def _page() -> tuple[str, str]:
    """The page at /, and a policy by which nothing runs on it but its own script."""
    page = (
        resources.files("t2t_hint_nart.serving").joinpath("translate_page.html").read_text("utf-8")
    )
    allowed = {
        kind: base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
        for kind in ("script", "style")
        if (found := re.search(f"<{kind}>(.*?)</{kind}>", page, re.DOTALL))
    }
    hashes = " ".join(f"; {kind}-src 'sha256-{digest}'" for kind, digest in allowed.items())
    base = "default-src 'none'; connect-src 'self'; base-uri 'none'; form-action 'none'"
    return page, base + hashes + "; frame-ancestors 'none'"
