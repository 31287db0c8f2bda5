"""What the administrator of a server decides, read once from the environment; a wrong value ends the start.

BACKPROP_PRODUCTION             1: a public server; it refuses to start without a secret of its own for cookies
BACKPROP_SESSIONS               open pages altogether; whoever comes then gets a friendly page that tries again
BACKPROP_SESSIONS_PER_ADDRESS   open pages from one address; a school is one address, so at least 60
BACKPROP_PROXIES                how many proxies of ours stand in front, each adding to X-Forwarded-For
BACKPROP_FRAME_ANCESTORS        sites that may show the page in a frame, besides itself
BACKPROP_METRICS                1: /_stcore/metrics answers (close it to the public in the proxy)
BACKPROP_KEEP_SECONDS           how long films and the runs that made them are kept when nobody asks for them
BACKPROP_WORKERS                threads that compute; 0: one a core, and a core left to the pages
BACKPROP_TABLES                 a folder for people's own tables, the same for all replicas (engine/datasets/shelf.py)
STREAMLIT_SERVER_COOKIE_SECRET  Streamlit's own: signs cookies; the same in all replicas
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

SITE = re.compile(r"https?://(\*\.)?[a-z0-9.-]+(:\d{1,5})?", re.IGNORECASE)
SHORTEST_SECRET = 32  # characters

# name in the environment -> (field, default, least, most)
NUMBERS = {
    "BACKPROP_PRODUCTION": ("production", 0, 0, 1),
    "BACKPROP_SESSIONS": ("sessions", 240, 1, 10_000),
    "BACKPROP_SESSIONS_PER_ADDRESS": ("sessions_per_address", 120, 60, 10_000),
    "BACKPROP_PROXIES": ("proxies", 0, 0, 8),
    "BACKPROP_METRICS": ("metrics", 0, 0, 1),
    "BACKPROP_KEEP_SECONDS": ("keep", 60, 1, 86_400),
    "BACKPROP_WORKERS": ("workers", 0, 0, 256),
}


class HostError(ValueError):
    """A value of the environment that is not accepted: names it, what came, and what would be accepted."""


@dataclass(frozen=True)
class Host:
    """The values of one server; see the module for what each means."""

    production: int
    sessions: int
    sessions_per_address: int
    proxies: int
    metrics: int
    keep: int
    workers: int
    frame_ancestors: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Host:
        """What `environment` says; `HostError` for what is not accepted."""
        numbers = {
            field: _whole(name, environment.get(name, str(default)), least, most)
            for name, (field, default, least, most) in NUMBERS.items()
        }
        if numbers["production"]:
            _check_secret(environment.get("STREAMLIT_SERVER_COOKIE_SECRET", ""))
        return cls(**numbers, frame_ancestors=_sites(environment.get("BACKPROP_FRAME_ANCESTORS", "")))


def _whole(name: str, text: str, least: int, most: int) -> int:
    digits = text.isascii() and text.isdecimal() and len(text) < 10
    if not digits or not least <= int(text) <= most:
        raise HostError(f"{name} is {text!r}; accepted is a whole number from {least} to {most}")
    return int(text)


def _check_secret(secret: str) -> None:
    if len(secret) < SHORTEST_SECRET:
        raise HostError(
            f"STREAMLIT_SERVER_COOKIE_SECRET has {len(secret)} characters; a server in production needs at least "
            f'{SHORTEST_SECRET}, for example: python3 -c "import secrets; print(secrets.token_hex())"'
        )


def _sites(text: str) -> str:
    """The value of the header's frame-ancestors."""
    for site in text.split():
        if not SITE.fullmatch(site):
            raise HostError(f"BACKPROP_FRAME_ANCESTORS has {site!r}; accepted are sites such as https://moodle.example")
    return " ".join(["'self'", *text.split()])
