"""The routes beside Streamlit, asked as a browser or a proxy asks them."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import socket
import subprocess
import sys
import threading
from collections import Counter, deque
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from streamlit.runtime.memory_session_storage import MemorySessionStorage

from app import answers, assets, films, line, server, traces
from app.bootstrap import ROOT
from app.traces import parse_request
from engine import Trace

SITE = Starlette(routes=server.ROUTES, middleware=server.MIDDLEWARE, exception_handlers=server.REFUSALS)


class Answer:
    """Status, headers and body of an answer."""

    def __init__(self, messages: list[dict[str, Any]]) -> None:
        self.status: int = messages[0]["status"]
        self.headers = {name.decode().lower(): value.decode() for name, value in messages[0]["headers"]}
        self.body = b"".join(message.get("body", b"") for message in messages[1:])


async def ask_site(path: str, hangs_up: asyncio.Event | None = None, **headers: str) -> Answer:
    """Asks the site, without a socket; the asker stays until `hangs_up`."""
    place, _, query = path.partition("?")
    sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": place, "raw_path": place.encode(), "query_string": query.encode(), "root_path": "", "headers": sent,
        "server": ("localhost", 80), "client": ("127.0.0.1", 1),
    }  # fmt: skip
    messages: list[dict[str, Any]] = []
    begun = False

    async def receive() -> dict[str, Any]:
        nonlocal begun
        if begun:
            await (hangs_up or asyncio.Event()).wait()
            return {"type": "http.disconnect"}
        begun = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    await SITE(scope, receive, send)
    return Answer(messages)


def get(path: str, **headers: str) -> Answer:
    """The same, from outside a loop."""
    return asyncio.run(ask_site(path, **headers))


@pytest.fixture(autouse=True)
def warm(monkeypatch):
    monkeypatch.setattr(server.warmth, "ready", True)
    monkeypatch.setattr(line, "PATIENCE", 60)  # kernels may have to be compiled first


def film(query: str = "", build: str | None = None, **headers: str) -> Answer:
    """Asks for film."""
    return get(f"/trace/{build or traces.build()}?{query}", **headers)


def test_a_chunk_may_be_kept_for_ever():
    answer = film("v=1&data=xor&from=0&to=30&follow=2")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["etag"] == traces.etag(parse_request("v=1&data=xor&from=0&to=30&follow=2"))
    assert Trace.from_bytes(answer.body).header["follow"]["index"] == 2


def test_a_known_chunk_is_not_sent_again():
    tag = film("to=5").headers["etag"]
    runs = answers.service.runs
    answer = film("to=5", if_none_match=f'"other", {tag}')
    assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", tag)
    assert answers.service.runs == runs


def test_a_page_of_an_older_build_gets_its_film_but_keeps_none():
    answer = film("to=5", build="000000000000")
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers


@pytest.mark.parametrize(
    ("query", "status", "key"),
    [("noise=loud", 400, "noise"), ("from=x", 400, "from"), ("to=90000000&every=90000", 413, "from")],
)
def test_a_refusal_says_which_key_and_why(query, status, key):
    answer = film(query)
    error = json.loads(answer.body)["error"]
    assert (answer.status, error["key"]) == (status, key)
    assert "accepted" in error["message"]
    assert answer.headers["cache-control"] == "no-store"


def test_a_full_line_asks_for_patience(monkeypatch):
    monkeypatch.setattr(server.pool, "_line", 0)
    answer = film("to=7")
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert json.loads(answer.body)["error"]["key"] == "busy"


def test_a_film_that_takes_longer_is_told_its_place_and_got_later(monkeypatch):
    sign, began = threading.Event(), []

    def slow(request):
        began.append(request)
        while not sign.wait(0.001):
            yield
        return b"film"

    monkeypatch.setattr(answers.service, "job", slow)
    monkeypatch.setattr(line, "PATIENCE", 0.05)
    answer = film("to=8")
    assert (answer.status, answer.headers["retry-after"], answer.headers["cache-control"]) == (202, "1", "no-store")
    assert json.loads(answer.body)["error"]["place"] == 1
    sign.set()
    monkeypatch.setattr(line, "PATIENCE", 10)
    assert film("to=8").body == b"film"
    assert len(began) == 1, "the place was kept"


def test_who_hangs_up_ends_the_job(monkeypatch):
    ended = threading.Event()

    def endless(request):
        try:
            while True:
                loop.call_soon_threadsafe(hangs_up.set)
                yield
        finally:
            ended.set()

    monkeypatch.setattr(answers.service, "job", endless)
    monkeypatch.setattr(line, "PATIENCE", 10)
    hangs_up, loop = asyncio.Event(), None

    async def ask():
        nonlocal loop
        loop = asyncio.get_running_loop()
        return await ask_site("/trace/x?to=9", hangs_up)

    asyncio.run(ask())
    assert ended.wait(10)


def test_a_cold_machine_shows_the_shipped_film(monkeypatch):
    monkeypatch.setattr(server.warmth, "ready", False)
    monkeypatch.setattr(answers.service, "submit", lambda *_: pytest.fail("ran the engine"))
    answer = film("from=0&to=60")
    assert answer.body == films.cut(parse_request("from=0&to=60"))
    assert answer.headers["cache-control"] == "no-store", "another processor may differ in the last bit"


def test_the_engine_says_how_far_it_is(monkeypatch):
    monkeypatch.setattr(server, "warmth", server.Warmth())
    server.warmth.report(3, 9)
    answer = get("/engine")
    assert json.loads(answer.body) == {"ready": False, "done": 3, "total": 9, "build": traces.build()}
    assert answer.headers["cache-control"] == "no-store"


NOT_YET = """
import sys, app.server
print(*sorted({name.partition(".")[0] for name in sys.modules} & {"engine", "llvmlite", "numba"}))
"""


def test_the_server_answers_before_the_engine_is_there():
    """What takes a second to import is not waited for."""
    found = subprocess.run([sys.executable, "-c", NOT_YET], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""


def test_who_asks_before_the_engine_is_there_waits_for_it(monkeypatch):
    calls = []
    monkeypatch.setattr(server, "import_module", lambda name: calls.append(threading.current_thread()) or answers)
    monkeypatch.setattr(server.warmth, "imported", False)
    assert film("to=5").status == 200
    assert calls[0] is not threading.current_thread(), "the loop goes on meanwhile"
    monkeypatch.setattr(server.warmth, "imported", True)
    calls.clear()
    assert film("to=5").status == 200
    assert calls == [threading.current_thread()]


@pytest.mark.parametrize("library", ["asyncio", "uvloop"])
def test_small_messages_are_sent_at_once(library: str):
    """As Streamlit serves: on a socket that it has bound itself."""
    new_loop = pytest.importorskip(library).new_event_loop

    async def option_of_a_connection() -> int:
        loop = asyncio.get_running_loop()
        server.send_at_once(loop)
        with socket.create_server(("127.0.0.1", 0)) as bound:
            accepted: asyncio.Future[int] = loop.create_future()

            class Protocol(asyncio.Protocol):
                def connection_made(self, transport):
                    connection = transport.get_extra_info("socket")
                    accepted.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
                    transport.close()

            async with await loop.create_server(Protocol, sock=bound):
                _, writer = await asyncio.open_connection(*bound.getsockname())
                writer.close()
                return await accepted

    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(option_of_a_connection()) == 1


def test_the_stages_files_come_under_their_hash():
    assert "index.js" in assets.stage_files()
    for name in assets.stage_files():
        answer = get(assets.stage_url(name))
        assert answer.status == 200
        assert "immutable" in answer.headers["cache-control"]
    assert get(assets.stage_url()).headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize(
    "path", ["../../server.py", "..%2f..%2fserver.py", "%2e%2e/%2e%2e/state.py", "/etc/passwd", "", "stage.toml"]
)
def test_nothing_else_is_served(path):
    assert get(f"/stage/{assets.stage_hash()}/{path}").status == 404


def test_an_old_hash_gets_nothing():
    assert get("/stage/000000000000/index.js").status == 404


@pytest.mark.parametrize("path", ["/engine", "/ready", "/trace/x?from=z", "/_stcore/metrics"])
def test_every_answer_is_guarded(path):
    headers = get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors" in headers["content-security-policy"]
    assert headers["referrer-policy"]


def surface(query: str = "", build: str | None = None, **headers: str) -> Answer:
    """Asks for a loss surface."""
    return get(f"/surface/{build or traces.build()}?{query}", **headers)


def test_a_surface_may_be_kept_for_ever_and_is_not_sent_again():
    answer = surface("v=1&data=xor&at=3&resolution=5")
    assert (answer.status, answer.body[:4]) == (200, b"BPS1")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    again = surface("v=1&data=xor&at=3&resolution=5", if_none_match=answer.headers["etag"])
    assert (again.status, again.body) == (304, b"")


def test_a_page_of_an_older_build_gets_its_surface_but_keeps_none():
    assert surface("v=1&resolution=3", build="000000000000").headers["cache-control"] == "no-store"


def test_a_surface_that_is_refused_says_which_key_and_why():
    answer = surface("v=1&axes=sideways")
    assert (answer.status, json.loads(answer.body)["error"]["key"]) == (400, "axes")


def test_plotly_comes_whole_or_packed_under_its_hash():
    packed, whole = get(assets.plotly_url(), accept_encoding="br, gzip"), get(assets.plotly_url())
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == whole.body
    assert b"plotly.js v" in whole.body[:200]
    assert "immutable" in packed.headers["cache-control"]
    assert len(packed.body) < 0.4 * len(whole.body)
    assert get("/plotly/000000000000.js").status == 404


@pytest.fixture
def crowd(monkeypatch):
    """An empty house."""
    monkeypatch.setattr(server.crowd, "_here", Counter())
    monkeypatch.setattr(server.crowd, "_expected", deque())
    return server.crowd


@pytest.mark.parametrize("route", [route.path for route in server.ROUTES])
def test_a_route_is_no_page(crowd, monkeypatch, route):
    """A full house still answers those who are in."""
    monkeypatch.setattr(crowd, "most", 0)
    assert get(re.sub(r"\{.*?\}", "x", route)).headers.get("retry-after") != "15"
    assert not crowd._expected


def test_ready_says_whether_there_is_a_place(crowd, monkeypatch):
    answer = get("/ready")
    assert answer.status == 200
    full = {"sessions": 0, "room": crowd.most, "warm": True, "ready": True, "line": 0, "made": server.pool.made}
    assert json.loads(answer.body) == full
    monkeypatch.setattr(server.warmth, "ready", False)
    assert (get("/ready").status, json.loads(get("/ready").body)["warm"]) == (503, False)
    monkeypatch.setattr(server.warmth, "ready", True)
    monkeypatch.setattr(crowd, "most", 0)
    assert (get("/ready").status, json.loads(get("/ready").body)["room"]) == (503, 0)


def test_expired_sessions_are_let_go(monkeypatch):
    storage = MemorySessionStorage(ttl_seconds=0)
    storage.save(SimpleNamespace(session=SimpleNamespace(id="gone", pad=bytearray(10))))
    runtime = SimpleNamespace(_session_mgr=SimpleNamespace(_session_storage=storage))
    monkeypatch.setattr(server.st.runtime, "get_instance", lambda: runtime)
    assert storage._cache._data
    server.reap()
    assert not storage._cache._data
