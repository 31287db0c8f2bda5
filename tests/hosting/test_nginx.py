"""Two replicas behind the real nginx with deploy/nginx.conf: films are made once and kept, pages keep to theirs."""

from __future__ import annotations

import http.client
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from urllib.parse import urlsplit

import pytest

from app import assets, traces
from engine import Trace
from tests.hosting.conftest import nginx, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def _needs_nginx():
    nginx()


def ask(address: str, path: str, method: str = "GET", **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    """One request, on a connection of its own."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers, body


def film(query: str) -> str:
    return f"/trace/{traces.build()}?{query}"


@pytest.fixture
def site(replica, proxy):
    """Address of nginx, and the two replicas behind it."""
    replicas = [replica(BACKPROP_PROXIES="1", BACKPROP_SESSIONS="2"), replica(BACKPROP_PROXIES="1")]
    return proxy(*replicas), replicas


def made(replicas) -> int:
    """How many films the replicas have made."""
    return sum(one.state()["made"] for one in replicas)


def test_films_are_made_once_and_kept(site):
    address, replicas = site
    query = film("v=1&data=xor&net=dense:8:tanh,dense:8:tanh,dense:1&from=0&to=60&every=1&follow=0")
    with ThreadPoolExecutor(40) as crowd:
        answers = list(crowd.map(lambda _: ask(address, query), range(40)))
    assert {status for status, _, _ in answers} == {200}
    assert len({body for _, _, body in answers}) == 1
    assert made(replicas) == 1, "a stampede on one new link computes it once"
    assert Counter(headers["X-Cache"] for _, headers, _ in answers)["MISS"] == 1
    status, headers, body = ask(address, query, accept_encoding="br, gzip")
    assert (status, headers["X-Cache"], headers["Content-Encoding"]) == (200, "HIT", "identity")
    assert Trace.from_bytes(body).header["frames"] == 60
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert headers["Content-Type"] == "application/octet-stream"
    again, kept, nothing = ask(address, query, if_none_match=headers["ETag"], accept_encoding="gzip")
    assert (again, nothing, kept["ETag"]) == (304, b"", headers["ETag"])
    other = ask(address, query.replace("from=0&to=60", "from=60&to=120"))
    assert (other[0], other[1]["X-Cache"], other[2] == body) == (200, "MISS", False)
    assert made(replicas) == 2

    # what is not for ever is not kept: refusals, and films of another build
    for path, expected in ((film("noise=loud"), 400), (query.replace(traces.build(), "0" * 12), 200)):
        for _ in range(2):
            status, headers, _ = ask(address, path)
            assert (status, headers["X-Cache"]) == (expected, "MISS")

    # one replica has all chunks of a film, and so the checkpoints
    before = [one.state()["made"] for one in replicas]
    for start in range(0, 600, 60):
        ask(address, film(f"v=1&data=spirals&from={start}&to={start + 60}&every=1&follow=0"))
    more = [one.state()["made"] - count for one, count in zip(replicas, before, strict=True)]
    assert sorted(more) == [0, 10]

    # the stage's files: kept, and compressed
    status, headers, body = ask(address, assets.stage_url(), accept_encoding="gzip")
    assert (status, headers["Content-Encoding"], headers["Vary"]) == (200, "gzip", "Accept-Encoding")
    assert len(body) < 0.6 * len(assets.stage_files()["index.js"].content)
    assert ask(address, assets.stage_url())[1]["X-Cache"] == "HIT"
    assert ask(address, "/_stcore/metrics")[0] == 404
    assert ask(address, "/", "POST")[0] == 405


def test_a_page_keeps_to_its_replica_and_finds_the_other_when_that_is_full_or_gone(site):
    address, replicas = site
    first = [ask(address, "/") for _ in range(12)]
    cookies = {re.fullmatch(r"(replica=\w+); .*SameSite=Lax", headers["Set-Cookie"])[1] for _, headers, _ in first}
    assert len(cookies) == 12
    pages = [ask(address, "/", cookie=cookie) for cookie in cookies]
    assert [status for status, _, _ in first + pages] == [200] * 24
    assert not any("Set-Cookie" in headers for _, headers, _ in pages)
    assert replicas[0].state()["room"] == 0, "it was full after two, and the other one had room"

    replicas[0].kill()
    answers = [ask(address, "/", cookie=f"replica={number}")[0] for number in range(20)]
    assert answers == [200] * 20
    assert [ask(address, film(f"v=1&data=xor&seed={seed}&to=5"))[0] for seed in range(20)] == [200] * 20
    replicas[0].start()
    new = count(100)  # what was asked before is kept by the proxy
    wait_until(lambda: ask(address, film(f"v=1&seed={next(new)}&to=5"))[0] == 200 and made(replicas[:1]))


def test_the_visitors_address_reaches_the_replica_and_cannot_be_made_up(replica, proxy):
    one = replica(BACKPROP_PROXIES="1", BACKPROP_SESSIONS_PER_ADDRESS="60")
    address = proxy(one, one)
    answers = [ask(address, "/", x_forwarded_for=f"10.0.0.{number}")[0] for number in range(70)]
    assert Counter(answers) == {200: 60, 503: 10}
