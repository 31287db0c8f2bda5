"""Waiting for a job over HTTP: the answer, or the place in the line; who hangs up leaves the line.

A request waits a moment for its job. If it is not done by then, the answer is the place in the line and "come again",
and the place is kept for a little while.
"""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request

from app.door import address
from app.pool import Left, Ticket, Visitor

PATIENCE = 1.0  # seconds that a request waits
KEPT = 6.0  # seconds that the place of one who was told to come again is kept
LONGEST_NAME = 64


class InLine(Exception):
    """Not done yet; `place` says how far it is."""

    def __init__(self, place: int) -> None:
        super().__init__(f"your place in the line is {place}; ask again")
        self.place = place


def visitor(request: Request, proxies: int) -> Visitor:
    """Who asks: his address, and the name that his page has made up for itself (`X-Visitor`)."""
    return Visitor(address(request.scope, proxies), request.headers.get("x-visitor", "")[:LONGEST_NAME])


async def result(request: Request, ticket: Ticket) -> bytes:
    """The job's bytes, or what it raised.

    Raises
    ------
    InLine : it takes longer; the place is kept for the next request
    Left : the visitor has hung up
    """
    hung_up: asyncio.Future[None] = asyncio.create_task(_hung_up(request))
    answer: asyncio.Future[bytes] = asyncio.wrap_future(ticket.future)
    answer.add_done_callback(_ignore)
    either: list[asyncio.Future[Any]] = [answer, hung_up]
    try:
        await asyncio.wait(either, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        if hung_up.done():
            raise Left
        keep_place(ticket)
        raise InLine(max(ticket.place(), 1))
    finally:
        if not ticket.is_away:
            ticket.leave()
        hung_up.cancel()


def keep_place(ticket: Ticket) -> None:
    """Keeps the place of one who is told to come again, for a while; but not the answer, which may be large."""
    loop = asyncio.get_running_loop()
    ticket.step_out()
    timer = loop.call_later(KEPT, ticket.leave)
    ticket.future.add_done_callback(lambda _: loop.call_soon_threadsafe(timer.cancel))


async def _hung_up(request: Request) -> None:
    """Returns when the visitor closes the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _ignore(answer: asyncio.Future[bytes]) -> None:
    """Looks at an error, in case nobody waits for it any more: asyncio would complain."""
    if not answer.cancelled():
        answer.exception()
