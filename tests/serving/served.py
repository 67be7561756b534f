"""A server in this process, without a socket; needs the extra `serve`, and httpx."""

import asyncio
import contextlib

import httpx

import t2t_hint_nart
from t2t_hint_nart.serving.micro_batches import BatchLimits
from t2t_hint_nart.serving.rest_app import rest_app
from t2t_hint_nart.serving.rest_server import ModelServer, RequestLimits


@contextlib.asynccontextmanager
async def served(export, batches=None, ready=True, load=t2t_hint_nart.load, **limits):
    """A client of a server in this loop, and the server."""
    batches = batches or BatchLimits(wait_secs=0.0)
    server = ModelServer("echo", 3, lambda: load(export), batches, RequestLimits(**limits))
    app = rest_app(server)
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    async with (
        server.running(app),
        httpx.AsyncClient(transport=transport, base_url="http://s") as c,
    ):
        while ready and (await c.get("/readyz")).status_code != 200:
            await asyncio.sleep(0)
        yield c, server
