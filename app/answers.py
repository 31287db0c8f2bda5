"""Film and loss surfaces over HTTP. Importing this imports the engine, which takes a second: app/server.py does without
until it is asked.
"""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from app import films, line, surfaces, traces
from app.assets import FOR_EVER
from app.house import host, pool
from engine import datasets

service = traces.TraceService(pool)
build = traces.build


async def trace(request: Request, warm: bool) -> Response:
    """One chunk of film; `warm`: whether the kernels are compiled."""
    asked = traces.parse_request(request.url.query)
    tag = traces.etag(asked)
    headers = kept(request, tag)
    if "ETag" in headers and tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if not warm and (shipped := films.cut(asked)) is not None:
        return chunk(shipped, {"Cache-Control": "no-store"})
    ticket = service.submit(asked, line.visitor(request, host.proxies))
    return chunk(await line.result(request, ticket), headers)


async def surface(request: Request) -> Response:
    """One loss surface; who hangs up ends its making."""
    asked = surfaces.parse_request(request.url.query)
    tag = surfaces.etag(asked)
    headers = kept(request, tag)
    if "ETag" in headers and tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    job = partial(surfaces.surface_job, asked, service.checkpoints)
    ticket = pool.submit(tag, line.visitor(request, host.proxies), job)
    return chunk(await line.result(request, ticket), headers)


def forget(seconds: float) -> None:
    """Lets go of what nobody has asked for in so many seconds; it can be made again."""
    pool.forget(seconds)
    service.forget(seconds)
    datasets.forget(seconds)


def kept(request: Request, tag: str) -> dict[str, str]:
    """How long an answer may be kept: for ever, unless a page of another build asks."""
    current = request.path_params["build"] == build()
    return {"ETag": tag, "Cache-Control": FOR_EVER} if current else {"Cache-Control": "no-store"}


def chunk(content: bytes, headers: dict[str, str]) -> Response:
    """A binary answer, not compressed: floats hardly shrink and cost the processor."""
    return Response(content, media_type="application/octet-stream", headers=headers | {"Content-Encoding": "identity"})
