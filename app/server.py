"""The web server: Streamlit's own, with the film's route beside it. `streamlit run app/server.py` or `python3 -m app`.

GET /trace/<build>?<link>&from=0&to=60&every=1&follow=3     one binary chunk of film (engine/trace.py has its format)
GET /surface/<build>?<link>&at=60&axes=random:7             one loss surface (app/surfaces.py has its format)
GET /plotly/<hash>.js                                       Plotly for the browser, immutable
GET /engine?kernels=all                                     how far the kernels are compiled (of all, or feed-forward)
GET /ready                                                  whether there is a place for another visitor
GET /stage/<hash>/<file>                                    the stage's modules, immutable

Nothing here imports the engine: the server answers while that is still being done (app/warmth.py).
"""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

sys.path.insert(
    0, str(Path(__file__).resolve().parent.parent)
)  # `streamlit run` puts this file's folder there, not the project's

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from app import assets, line, memory, page, theme
from app.assets import FOR_EVER
from app.door import Door, Uploads
from app.house import crowd, host, pool
from app.pool import Busy, Left
from app.refusal import TraceError
from app.warmth import Warmth

HOUSEKEEPING = 2.0  # seconds
COLLECTION = 60.0  # seconds between full collections while few leave
ENDED = 20  # sessions whose end is worth a collection at once

memory.few_arenas()
memory.return_large()
memory.collect_rarely()
theme.write_once()
warmth = Warmth()


async def answers() -> ModuleType:
    """What answers with the engine (app/answers.py); who asks before the engine is imported waits beside the loop."""
    if not warmth.imported:
        await asyncio.to_thread(import_module, "app.answers")
    return import_module("app.answers")


async def trace(request: Request) -> Response:
    """One chunk of film."""
    answer: Response = await (await answers()).trace(request, warmth.ready)
    return answer


async def surface(request: Request) -> Response:
    """One loss surface."""
    answer: Response = await (await answers()).surface(request)
    return answer


async def plotly_file(request: Request) -> Response:
    """Plotly's script, from the Python package, compressed once."""
    if request.path_params["hash"] != await asyncio.to_thread(assets.plotly_hash):
        return PlainTextResponse("no such file", 404, headers={"Cache-Control": "no-store"})
    packed = "gzip" in request.headers.get("accept-encoding", "")
    content = await asyncio.to_thread(assets.plotly_script, packed)
    encoding = {"Vary": "Accept-Encoding", "Content-Encoding": "gzip" if packed else "identity"}
    headers = {"Cache-Control": FOR_EVER} | encoding
    return Response(content, media_type="text/javascript", headers=headers)


def refusal(_: Request, error: Exception) -> Response:
    """Why there are no bytes: for the stage to show, or to try again."""
    status, key, after = 503, "busy", "1"
    details = {}
    if isinstance(error, TraceError):
        status, key, after = error.status, error.key, ""
    elif isinstance(error, line.InLine):
        status, key, details = 202, "line", {"place": error.place}
    headers = {"Cache-Control": "no-store"} | ({"Retry-After": after} if after else {})
    return JSONResponse({"error": {"key": key, "message": str(error)} | details}, status, headers)


async def ready(_: Request) -> JSONResponse:
    """For a balancer: 200 where another visitor is welcome, else 503; and how full it is."""
    room = crowd.room()
    state = {"ready": warmth.ready and room > 0, "warm": warmth.ready, "sessions": crowd.here, "room": room}
    status = 200 if state["ready"] else 503
    return JSONResponse(state | {"line": len(pool), "made": pool.made}, status, headers={"Cache-Control": "no-store"})


async def engine_state(request: Request) -> JSONResponse:
    """Whether the kernels are compiled, and how many of them."""
    state = warmth.state(request.query_params.get("kernels", "")) | {"build": (await answers()).build()}
    return JSONResponse(state, headers={"Cache-Control": "no-store"})


async def stage_file(request: Request) -> Response:
    """A module of the stage; only names that are in the folder, only under the hash of what they hold."""
    asset = assets.stage_files().get(request.path_params["file"])
    if asset is None or request.path_params["hash"] != assets.stage_hash():
        return PlainTextResponse("no such file", 404, headers={"Cache-Control": "no-store"})
    return Response(asset.content, media_type=asset.mime, headers={"Cache-Control": FOR_EVER})


async def keep_house() -> None:
    """Ends the sessions whose visitors have not come back, which Streamlit lets go only when another one leaves; lets
    go of films that nobody plays any more; does the full collection that Streamlit does after every rerun (see
    .streamlit/config.toml) when some sessions have ended.
    """
    collected, ended = time.monotonic(), 0
    while True:
        await asyncio.sleep(HOUSEKEEPING)
        over = crowd.gone - reap()
        if warmth.imported:
            (await answers()).forget(host.keep)
        if over - ended >= ENDED or time.monotonic() - collected >= COLLECTION:
            memory.give_back()
            collected, ended = time.monotonic(), over


def reap() -> int:
    """Lets go of the sessions whose time to come back is over; how many still have some."""
    sessions = st.runtime.get_instance()._session_mgr._session_storage._cache  # type: ignore[attr-defined]
    sessions.expire()
    return len(sessions)


def stored_uploads(session: str) -> dict[str, int]:
    """Bytes of each file that a session has uploaded."""
    files = st.runtime.get_instance()._uploaded_file_mgr.file_storage.get(session, {})  # type: ignore[attr-defined]
    return {name: len(file.data) for name, file in files.items()}


def send_at_once(loop: asyncio.AbstractEventLoop) -> None:
    """Makes `loop`'s servers send a small message without waiting until the one before has been received.

    asyncio's own loop, which serves where there is no uvloop (Windows), asks this of every TCP socket, but does not
    recognise the one that Streamlit 1.67 binds (its protocol is 0, "the usual one"). Each rerun then stood still for
    the 40 ms of a browser's delayed receipt. Connections inherit the option from the socket that listens.
    """
    if not isinstance(loop, asyncio.BaseEventLoop):
        return  # uvloop asks it of every socket
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
    housekeeper = asyncio.create_task(keep_house())
    try:
        yield {}
    finally:
        housekeeper.cancel()
        warmth.stop()
        pool.close()


ROUTES = [
    Route("/trace/{build}", trace),
    Route("/surface/{build}", surface),
    Route("/plotly/{hash}.js", plotly_file),
    Route("/engine", engine_state),
    Route("/ready", ready),
    Route("/stage/{hash}/{file:path}", stage_file),
]
MIDDLEWARE = [
    Middleware(Door, host=host, crowd=crowd),
    Middleware(Uploads, stored=stored_uploads, proxies=host.proxies),
]
REFUSALS = dict.fromkeys((TraceError, Busy, Left, line.InLine), refusal)
app = st.App(
    Path(__file__).with_name("main.py"),
    routes=ROUTES,
    middleware=MIDDLEWARE,
    exception_handlers=REFUSALS,
    lifespan=lifespan,
    on_script_error=page.apologise,
)
