"""Waits for the app and checks that the page, the engine and one chunk of film answer. Standard library only."""

from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.request

PATIENCE = 900.0  # seconds: the first start installs the packages


def get(url: str) -> bytes:
    """The body of an answer of 200."""
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read()


def wait_for(url: str, patience: float) -> bytes:
    """The first good answer, asked for once a second."""
    end = time.monotonic() + patience
    while True:
        try:
            return get(url)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            if time.monotonic() > end:
                raise
            time.sleep(1.0)


def main(address: str) -> None:
    """Exits with an error if anything does not answer as it should."""
    wait_for(f"{address}/_stcore/health", PATIENCE)
    assert b'<div id="root">' in get(f"{address}/"), "the page is not there"
    build = json.loads(get(f"{address}/engine"))["build"]
    film = get(f"{address}/trace/{build}?from=0&to=60")
    assert film[:4] == b"BPT1", f"not a chunk of film: {film[:80]!r}"
    print(f"{address} answers: the page, the engine (build {build}) and {len(film)} bytes of film.", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
