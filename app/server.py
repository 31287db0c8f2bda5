"""The web server: Streamlit's own, with the film's route beside it. `streamlit run app/server.py` or `python3 -m app`.

GET /trace/<build>?<link>&from=0&to=60&every=1&follow=3     one binary chunk of film (engine/trace.py has its format)
GET /surface/<build>?<link>&at=60&axes=random:7             one loss surface (app/surfaces.py has its format)
GET /plotly/<hash>.js                                       Plotly for the browser, immutable
GET /engine                                                 how far the kernels are compiled
GET /stage/<hash>/<file>                                    the stage's modules, immutable
"""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

sys.path.insert(
    0, str(Path(__file__).resolve().parent.parent)
)  # `streamlit run` puts this file's folder there, not the project's

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import assets, films, page, surfaces, traces
from engine import warmup

FOR_EVER = "public, max-age=31536000, immutable"
COLLECT_EVERY = 60.0  # seconds
log = logging.getLogger(__name__)


class Warmth:
    """How far the engine's kernels are compiled; written by one thread, read by the route."""

    def __init__(self) -> None:
        self.done = 0
        self.total = 0
        self.ready = False

    def start(self) -> None:
        """Compiles in the background, so that the page is there meanwhile."""
        threading.Thread(target=self.warm, name="warm-up", daemon=True).start()

    def warm(self) -> None:
        """Compiles, here and now: first what visitors train in, then the doubles of gradient checks."""
        try:
            warmup.warm(self.report, ["float32"], warmup.FEED_FORWARD)
            self.ready = True
            warmup.warm(None, ["float64"], warmup.FEED_FORWARD)
        except Exception:
            log.exception("warming the engine failed; it will compile when it is first asked")
        self.ready = True
        gc.collect()
        gc.freeze()  # what is loaded by now stays: later collections need not look at it

    def report(self, done: int, total: int) -> None:
        """Called by the engine after each kernel."""
        self.done, self.total = done, total


service = traces.TraceService()
warmth = Warmth()


async def trace(request: Request) -> Response:
    """One chunk of film."""
    try:
        asked = traces.parse_request(request.url.query)
        tag = traces.etag(asked)
        current = request.path_params["build"] == traces.build()
        headers = {"ETag": tag, "Cache-Control": FOR_EVER} if current else {"Cache-Control": "no-store"}
        if current and tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if not warmth.ready and (shipped := films.cut(asked)) is not None:
            return chunk(shipped, {"Cache-Control": "no-store"})
        return chunk(await asyncio.wrap_future(service.submit(asked)), headers)
    except traces.TraceError as error:
        return refusal(error)


async def surface(request: Request) -> Response:
    """One loss surface; who hangs up ends its making."""
    try:
        asked = surfaces.parse_request(request.url.query)
        tag = surfaces.etag(asked)
        current = request.path_params["build"] == traces.build()
        headers = {"ETag": tag, "Cache-Control": FOR_EVER} if current else {"Cache-Control": "no-store"}
        if current and tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        job = surfaces.surface_job(asked, service.checkpoints)
        return chunk(await asyncio.wrap_future(service.submit_job(tag, job)), headers)
    except traces.TraceError as error:
        return refusal(error)


async def plotly_file(request: Request) -> Response:
    """Plotly's script, from the Python package, compressed once."""
    if request.path_params["hash"] != await asyncio.to_thread(assets.plotly_hash):
        return PlainTextResponse("no such file", 404, headers={"Cache-Control": "no-store"})
    packed = "gzip" in request.headers.get("accept-encoding", "")
    content = await asyncio.to_thread(assets.plotly_script, packed)
    headers = {
        "Cache-Control": FOR_EVER,
        "Vary": "Accept-Encoding",
        "Content-Encoding": "gzip" if packed else "identity",
    }
    return Response(content, media_type="text/javascript", headers=headers)


def chunk(content: bytes, headers: dict[str, str]) -> Response:
    """A binary answer, not compressed: floats hardly shrink and cost the processor."""
    return Response(content, media_type="application/octet-stream", headers=headers | {"Content-Encoding": "identity"})


def refusal(error: traces.TraceError) -> JSONResponse:
    """Why there is no chunk: for the stage to show, or to try again."""
    headers = {"Cache-Control": "no-store"} | ({"Retry-After": "1"} if error.status == 503 else {})
    return JSONResponse({"error": {"key": error.key, "message": str(error)}}, error.status, headers=headers)


async def engine_state(_: Request) -> JSONResponse:
    """Whether the kernels are compiled, and how many of them."""
    state = {"ready": warmth.ready, "done": warmth.done, "total": warmth.total, "build": traces.build()}
    return JSONResponse(state, headers={"Cache-Control": "no-store"})


async def stage_file(request: Request) -> Response:
    """A module of the stage; only names that are in the folder, only under the hash of what they hold."""
    asset = assets.stage_files().get(request.path_params["file"])
    if asset is None or request.path_params["hash"] != assets.stage_hash():
        return PlainTextResponse("no such file", 404, headers={"Cache-Control": "no-store"})
    return Response(asset.content, media_type=asset.mime, headers={"Cache-Control": FOR_EVER})


class Guard:
    """Middleware: headers that every answer carries, and two of Streamlit's routes that this site does not offer."""

    HEADERS = (
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "strict-origin-when-cross-origin"),
        ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
        ("Content-Security-Policy", "frame-ancestors 'self'; object-src 'none'; base-uri 'self'"),
    )
    CLOSED = ("/_stcore/upload_file", "/_stcore/metrics")  # no page takes a file; numbers about visitors are not public

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.HEADERS:
                    headers.setdefault(name, value)
            await send(message)

        if scope["path"].startswith(self.CLOSED):
            return await PlainTextResponse("not offered here", 404)(scope, receive, send_guarded)
        return await self.app(scope, receive, send_guarded)


async def collect_garbage() -> None:
    """Instead of Streamlit's collection after every rerun (see .streamlit/config.toml)."""
    while True:
        await asyncio.sleep(COLLECT_EVERY)
        gc.collect()


def send_at_once(loop: asyncio.AbstractEventLoop) -> None:
    """Makes `loop`'s servers send a small message without waiting until the one before has been received.

    asyncio asks this of every TCP socket, but does not recognise the one that Streamlit 1.67 binds (its protocol is 0,
    "the usual one"). Each rerun then stood still for the 40 ms of a browser's delayed receipt. Connections inherit the
    option from the socket that listens.
    """
    create_server = loop.create_server

    async def create_prompt_server(*arguments: Any, **options: Any) -> asyncio.Server:
        listening = options.get("sock")
        if listening is not None and listening.family in (socket.AF_INET, socket.AF_INET6):
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return await create_server(*arguments, **options)

    loop.create_server = create_prompt_server  # type: ignore[method-assign]


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[dict[str, object]]:
    """From the server's start to its end."""
    send_at_once(asyncio.get_running_loop())
    warmth.start()
    collector = asyncio.create_task(collect_garbage())
    try:
        yield {}
    finally:
        collector.cancel()
        with suppress(asyncio.CancelledError):
            await collector
        service.close()


ROUTES = [
    Route("/trace/{build}", trace),
    Route("/surface/{build}", surface),
    Route("/plotly/{hash}.js", plotly_file),
    Route("/engine", engine_state),
    Route("/stage/{hash}/{file:path}", stage_file),
]
app = st.App(
    Path(__file__).with_name("main.py"),
    routes=ROUTES,
    middleware=[Middleware(Guard)],
    lifespan=lifespan,
    on_script_error=page.apologise,
)
