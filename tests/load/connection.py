"""HTTP as a browser speaks it to one site: a connection that is kept, cookies, one request at a time."""

from __future__ import annotations

import asyncio
import gzip
from dataclasses import dataclass

ANSWER_SECONDS = 60.0  # a request that takes longer is lost
LONGEST_HEAD = 2**16


class Lost(Exception):
    """The connection broke, or nothing came: the network's word for it."""


@dataclass(frozen=True)
class Answer:
    """Status, headers in lower case, and the body as it was sent."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def body(self) -> bytes:
        """The body without compression."""
        return gzip.decompress(self.content) if self.headers.get("content-encoding") == "gzip" else self.content


class Site:
    """Where a visitor goes, and from where: what its connections have in common.

    Parameters
    ----------
    port : on this machine
    source : the visitor's own address, of 127.0.0.0/8: a class of thirty has one, a thousand strangers do not
    """

    def __init__(self, port: int, source: str = "127.0.0.1") -> None:
        self.host, self.port, self.source = "127.0.0.1", port, source
        self.cookies: dict[str, str] = {}

    @property
    def address(self) -> str:
        """As it stands in the Host header."""
        return f"{self.host}:{self.port}"

    @property
    def cookie(self) -> str:
        """The Cookie header."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def keep(self, set_cookie: str) -> None:
        """Remembers a cookie."""
        name, _, value = set_cookie.partition(";")[0].partition("=")
        self.cookies[name.strip()] = value.strip()


class Connection:
    """One kept connection; opened when it is needed, and again when the server has closed it."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str, **headers: str) -> Answer:
        """Asks for `path`.

        Raises
        ------
        Lost : no whole answer came
        """
        return await self.send("GET", path, b"", **headers)

    async def send(self, method: str, path: str, body: bytes, **headers: str) -> Answer:
        """Asks; header names are written with _ for -."""
        request = self._head(method, path, len(body), headers) + body
        kept = self._streams is not None
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                try:
                    return await self._exchange(request)
                except (OSError, EOFError):
                    if not kept:
                        raise
                    return await self._exchange(request)  # a kept connection that was closed meanwhile
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
            raise Lost(f"{method} {path[:60]}: {error!r}") from error

    def _head(self, method: str, path: str, length: int, headers: dict[str, str]) -> bytes:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.site.address}", "Accept-Encoding: gzip"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        lines += [f"Cookie: {self.site.cookie}"] * bool(self.site.cookies) + [f"Content-Length: {length}"] * bool(
            length
        )
        return "\r\n".join([*lines, "", ""]).encode()

    async def _exchange(self, request: bytes) -> Answer:
        if self._streams is None:
            self._streams = await asyncio.open_connection(
                self.site.host, self.site.port, local_addr=(self.site.source, 0), limit=LONGEST_HEAD
            )
        reader, writer = self._streams
        try:
            writer.write(request)
            answer = await self._read(reader)
        except BaseException:
            self.close()
            raise
        if answer.headers.get("connection") == "close":
            self.close()
        return answer

    async def _read(self, reader: asyncio.StreamReader) -> Answer:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {}
        for line in head[1:-2]:
            name, _, value = line.partition(": ")
            if name.lower() == "set-cookie":
                self.site.keep(value)
            headers[name.lower()] = value
        status = int(head[0].split(" ", 2)[1])
        if headers.get("transfer-encoding") == "chunked":
            return Answer(status, headers, await _pieces(reader))
        length = 0 if status == 304 else int(headers.get("content-length", 0))
        return Answer(status, headers, await reader.readexactly(length))

    def close(self) -> None:
        """Ends the connection; the next request opens another one."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    def abort(self) -> None:
        """Ends it as a pulled cable does."""
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None


async def _pieces(reader: asyncio.StreamReader) -> bytes:
    """A body that is sent in pieces, each after its length."""
    body = bytearray()
    while length := int(await reader.readline(), 16):
        body += (await reader.readexactly(length + 2))[:-2]
    await reader.readline()
    return bytes(body)
