"""The door: a full house, bodies that nobody asked for, uploads before a byte of them is read."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.types import Scope

from app import door
from app.crowd import Crowd
from app.door import Door, Uploads
from app.host import Host


class Behind:
    """What is behind the door: remembers whom it saw, answers 200, reads bodies to their end."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.read = 0
        self.inside = asyncio.Event()
        self.go = asyncio.Event()

    async def __call__(self, scope, receive, send):
        self.seen.append(scope["path"])
        if scope["type"] == "websocket":
            self.inside.set()
            await self.go.wait()
            return
        while (message := await receive())["type"] == "http.request":
            self.read += len(message.get("body", b""))
            if not message.get("more_body"):
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def scope_of(
    path: str, method: str = "GET", kind: str = "http", peer: str = "1.1.1.1", **headers: str
) -> dict[str, Any]:
    place, _, query = path.partition("?")
    sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    base = {"type": kind, "path": place, "query_string": query.encode(), "headers": sent, "client": (peer, 1)}
    return base | ({"method": method} if kind == "http" else {})


async def ask(app, scope, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
    sent: list[dict[str, Any]] = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    headers = {name.decode().lower(): value.decode() for name, value in sent[0].get("headers", [])}
    return sent[0].get("status", 0), headers, b"".join(message.get("body", b"") for message in sent[1:])


def a_door(behind, most=1, each=60, **environment):
    host = Host.of({name.upper(): value for name, value in environment.items()})
    return Door(behind, host, Crowd(most, each))


def test_a_full_house_gets_a_friendly_page_in_its_language():
    async def visit():
        app = a_door(Behind(), most=1)
        assert (await ask(app, scope_of("/")))[0] == 200
        for path, language, words in (("/", "en", "full right now"), ("/surface?v=1", "pt-PT,en", "A sala está cheia")):
            status, headers, body = await ask(app, scope_of(path, accept_language=language))
            assert (status, headers["retry-after"], headers["cache-control"]) == (503, "15", "no-store")
            assert words in body.decode()
            assert "frame-ancestors" in headers["content-security-policy"]
        assert "sala" in (await ask(app, scope_of("/?lang=pt", accept_language="en")))[2].decode()
        assert (await ask(app, scope_of("/_stcore/health")))[0] == 200, "health is no page"
        assert (await ask(app, scope_of("/trace/x?data=xor")))[0] == 200

    asyncio.run(visit())


def test_connections_are_counted_while_they_last():
    async def visit():
        behind = Behind()
        app = a_door(behind, most=1)
        first = asyncio.create_task(app(scope_of("/_stcore/stream", kind="websocket"), None, None))
        await behind.inside.wait()
        sent = []

        async def send(message):
            sent.append(message)

        await app(scope_of("/_stcore/stream", kind="websocket"), None, send)
        assert sent == [{"type": "websocket.close", "code": 1013, "reason": "full"}]
        assert app.crowd.here == 1
        behind.go.set()
        await first
        assert app.crowd.here == 0

    asyncio.run(visit())


def test_an_address_behind_our_proxy_is_the_visitors():
    async def visit():
        app = a_door(Behind(), most=100, each=60, backprop_proxies="1")
        for _ in range(60):
            assert (await ask(app, scope_of("/", peer="proxy", x_forwarded_for="spoofed, 9.9.9.9")))[0] == 200
        assert (await ask(app, scope_of("/", peer="proxy", x_forwarded_for="other, 9.9.9.9")))[0] == 503
        assert (await ask(app, scope_of("/", peer="proxy", x_forwarded_for="9.9.9.9, 8.8.8.8")))[0] == 200

    asyncio.run(visit())


@pytest.mark.parametrize(("open_", "status"), [("0", 404), ("1", 200)])
def test_numbers_about_visitors_are_closed_unless_the_administrator_opens_them(open_, status):
    app = a_door(Behind(), backprop_metrics=open_)
    assert asyncio.run(ask(app, scope_of("/_stcore/metrics")))[0] == status


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE"])
def test_nothing_but_the_uploader_takes_a_body(method):
    behind = Behind()
    assert asyncio.run(ask(a_door(behind), scope_of("/", method), b"x" * 100))[0] == 405
    assert asyncio.run(ask(a_door(behind), scope_of("/trace/x", method), b"x" * 100))[0] == 405
    assert (behind.seen, behind.read) == ([], 0)


# ------------------------------------------------------------------------------------------------------------- uploads


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def an_upload(file: str = "f", session: str = "s", size: int | None = 10, peer: str = "1.1.1.1") -> Scope:
    headers = {} if size is None else {"content_length": str(size)}
    return scope_of(f"{door.UPLOAD}{session}/{file}", "PUT", peer=peer, **headers)


def uploads(behind, stored=None, **options):
    return Uploads(behind, lambda session: (stored or {}).get(session, {}), **options)


@pytest.mark.parametrize(
    ("size", "stored", "status"),
    [
        (2 * 2**20, {}, 200),
        (Uploads.FILE + 1, {}, 413),
        (None, {}, 411),
        (10, {str(number): 1 for number in range(5)}, 429),
        (10, {"f": 1} | {str(number): 1 for number in range(4)}, 200),
        (2**20, {"a": 10 * 2**20 - 5}, 429),
    ],
)
def test_an_upload_is_judged_before_it_is_read(size, stored, status):
    behind = Behind()
    app = uploads(behind, {"s": stored})
    answer = asyncio.run(ask(app, an_upload(size=size), b"x"))
    assert answer[0] == status
    assert behind.read == (status == 200)
    if status != 200:
        assert answer[1]["connection"] == "close"


def test_a_length_that_is_no_number_is_refused():
    for text in ("-5", "1e3", "٣", "9" * 20):
        scope = an_upload(size=None)
        scope["headers"] = [(b"content-length", text.encode())]
        assert asyncio.run(ask(uploads(Behind()), scope))[0] == 411


def test_uploads_a_minute_are_counted_and_forgotten():
    clock = Clock()
    app = uploads(Behind(), clock=clock)
    for _ in range(Uploads.SESSION_MINUTE):
        assert asyncio.run(ask(app, an_upload()))[0] == 200
    assert asyncio.run(ask(app, an_upload()))[0] == 429
    assert asyncio.run(ask(app, an_upload(session="other")))[0] == 200
    clock.now += 61
    assert asyncio.run(ask(app, an_upload()))[0] == 200
    assert len(app._times) == 2


def test_a_flood_from_one_address_ends_whatever_sessions_it_names():
    app = uploads(Behind(), clock=Clock())
    answers = [asyncio.run(ask(app, an_upload(session=f"{n}")))[0] for n in range(Uploads.ADDRESS_MINUTE + 5)]
    assert answers.count(429) == 5
    assert asyncio.run(ask(app, an_upload(session="x", peer="2.2.2.2")))[0] == 200


def test_bytes_in_flight_are_bounded_and_given_back():
    async def flood():
        started, go = [], asyncio.Event()

        async def slow(scope, receive, send):
            started.append(scope)
            await go.wait()
            await Behind()(scope, receive, send)

        app = uploads(slow)
        fitting = Uploads.IN_FLIGHT // Uploads.FILE
        tasks = [
            asyncio.create_task(ask(app, an_upload(session=f"{number}", size=Uploads.FILE)))
            for number in range(fitting + 3)
        ]
        while len(started) < fitting or sum(task.done() for task in tasks) < 3:
            await asyncio.sleep(0)
        go.set()
        assert sorted(answer[0] for answer in await asyncio.gather(*tasks)) == [200] * fitting + [503] * 3
        assert app.in_flight == 0

    asyncio.run(flood())


def test_a_body_that_comes_too_slowly_is_given_up(monkeypatch):
    monkeypatch.setattr(Uploads, "SECONDS", 0.02)

    async def trickle():
        ended = []

        async def reads(scope, receive, send):
            while (await receive())["type"] != "http.disconnect":
                pass
            ended.append(True)

        async def never():
            await asyncio.Event().wait()

        await uploads(reads)(an_upload(), never, None)
        assert ended

    asyncio.run(trickle())
