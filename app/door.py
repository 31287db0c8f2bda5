"""The server's door, before anything else of it is asked: who may come in, what may be sent, which headers go out.

Door      headers of every answer; routes that are not offered; a full house
Uploads   the one route that takes a body: how large, how many, how often, before a byte of it is read
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.crowd import Crowd, address_of
from app.host import Host
from app.i18n import choose, translator

FULL_PAGE = Path(__file__).with_name("full.html").read_text(encoding="utf-8")
UPLOAD = "/_stcore/upload_file/"
METRICS = "/_stcore/metrics"
READS = ("GET", "HEAD", "OPTIONS")
# Everything that is not one of these is Streamlit's page, by whatever name.
FILES = (
    "/_stcore", "/static", "/stage/", "/trace/", "/surface/", "/plotly/", "/engine", "/ready", "/media", "/component",
    "/favicon",
)  # fmt: skip


def address(scope: Scope, proxies: int) -> str:
    """The address that a request or a connection comes from."""
    peer = scope["client"][0] if scope.get("client") else ""
    return address_of(peer, ",".join(Headers(scope=scope).getlist("x-forwarded-for")), proxies)


class Door:
    """Middleware: the outermost one.

    Parameters
    ----------
    app : what is behind the door
    host : the administrator's limits
    crowd : who is here
    """

    def __init__(self, app: ASGIApp, host: Host, crowd: Crowd) -> None:
        self.app, self.host, self.crowd = app, host, crowd
        self.headers = (
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "strict-origin-when-cross-origin"),
            ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
            ("Content-Security-Policy", f"frame-ancestors {host.frame_ancestors}; object-src 'none'; base-uri 'self'"),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._connect(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers:
                    headers.setdefault(name, value)
            await send(message)

        answer = self._refusal(scope) or self.app
        await answer(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        """What to say to somebody who is not let through."""
        path, method = scope["path"], scope["method"]
        if path.startswith(METRICS) and not self.host.metrics:
            return PlainTextResponse("not offered here", 404)  # numbers about visitors are not public
        if method not in READS and not path.startswith(UPLOAD):
            return PlainTextResponse("nothing here takes a body", 405, {"Allow": ", ".join(READS)})
        if method != "GET" or path.startswith(FILES):
            return None
        visitor = address(scope, self.host.proxies)
        if self.crowd.room(visitor):
            self.crowd.expect(visitor)
            return None
        return full_page(scope)

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A page's connection: counted while it lasts."""
        visitor = address(scope, self.host.proxies)
        if not self.crowd.enter(visitor):
            await send({"type": "websocket.close", "code": 1013, "reason": "full"})
            return
        try:
            await self.app(scope, receive, send)
        finally:
            self.crowd.leave(visitor)


def full_page(scope: Scope) -> Response:
    """That there is no place at the moment, in the visitor's language; the page tries again by itself."""
    asked = dict(part.partition("=")[::2] for part in scope["query_string"].decode("latin-1").split("&"))
    t = translator(choose(asked.get("lang"), Headers(scope=scope).get("accept-language")))
    words = {key: escape(text) for key, text in t.table("full").items()}
    headers = {"Cache-Control": "no-store", "Retry-After": "15", "Content-Language": t.tag}
    return HTMLResponse(FULL_PAGE.format(tag=t.tag, **words), 503, headers)


class Refused(Exception):
    """An upload that is not taken: why, in HTTP and in words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class Uploads:
    """Middleware: what may be uploaded. Streamlit itself asks only that the session exists.

    Parameters
    ----------
    app : what is behind
    stored : the sizes of the files that a session has uploaded so far
    proxies : ours in front
    clock : seconds
    """

    FILE = 2 * 2**20 + 2**16  # bytes: a file of `server.maxUploadSize`, and the form around it
    SESSION_FILES = 5
    SESSION_BYTES = 10 * 2**20
    SESSION_MINUTE = 20  # uploads a minute
    ADDRESS_MINUTE = 240
    IN_FLIGHT = 32 * 2**20  # bytes, all together
    SECONDS = 30.0  # for a body to come

    def __init__(
        self,
        app: ASGIApp,
        stored: Callable[[str], Mapping[str, int]],
        proxies: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.app, self.stored, self.proxies, self.clock = app, stored, proxies, clock
        self.in_flight = 0
        self._times: dict[str, deque[float]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "PUT":
            await self.app(scope, receive, send)
            return
        try:
            size = self._check(scope)
        except Refused as refused:
            # the connection is closed: its body is not worth reading
            headers = {"Connection": "close", "Cache-Control": "no-store", "Retry-After": "60"}
            await JSONResponse({"error": str(refused)}, refused.status, headers)(scope, receive, send)
            return
        self.in_flight += size
        try:
            await self.app(scope, _within(receive, self.SECONDS), send)
        finally:
            self.in_flight -= size

    def _check(self, scope: Scope) -> int:
        """Bytes of an upload that may begin; raises `Refused`."""
        session, _, file = scope["path"].removeprefix(UPLOAD).partition("/")
        size = _length(scope)
        if size > self.FILE:
            raise Refused(413, f"the file has {size} bytes; accepted are {self.FILE}")
        stored = {name: held for name, held in self.stored(session).items() if name != file}
        if len(stored) >= self.SESSION_FILES or sum(stored.values()) + size > self.SESSION_BYTES:
            raise Refused(429, f"this page holds {len(stored)} files already; accepted are {self.SESSION_FILES}")
        self._count(f"session {session}", self.SESSION_MINUTE)
        self._count(f"address {address(scope, self.proxies)}", self.ADDRESS_MINUTE)
        if self.in_flight + size > self.IN_FLIGHT:
            raise Refused(503, "too many files are being uploaded at once")
        return size

    def _count(self, who: str, most: int) -> None:
        """One more within a minute."""
        now = self.clock()
        for name in [name for name, times in self._times.items() if times[-1] < now - 60]:
            del self._times[name]
        times = self._times.setdefault(who, deque(maxlen=most))
        if len(times) == most and times[0] > now - 60:
            raise Refused(429, f"{most} uploads a minute are accepted")
        times.append(now)


def _length(scope: Scope) -> int:
    """Bytes that a request says it will send; one that does not say is refused."""
    text = Headers(scope=scope).get("content-length", "")
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise Refused(411, "an upload says its length")
    return int(text)


def _within(receive: Receive, seconds: float) -> Receive:
    """`receive`, which gives up where a body takes longer to come."""
    deadline = asyncio.get_running_loop().time() + seconds

    async def receive_in_time() -> Message:
        try:
            async with asyncio.timeout_at(deadline):
                return await receive()
        except TimeoutError:
            return {"type": "http.disconnect"}

    return receive_in_time
