"""The stage's ES modules and style, and Plotly's script, served under a hash of their content.

A page made by one deploy then never gets a module of another, and every file may be cached for ever.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

FOR_EVER = "public, max-age=31536000, immutable"  # the Cache-Control of what stands under a hash
FOLDER = Path(__file__).with_name("static") / "stage"
MIME = {".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class Asset:
    """One file: its bytes and what kind they are."""

    content: bytes
    mime: str


@cache
def stage_files() -> dict[str, Asset]:
    """Every file that may be served, by its path below the folder: a name that is not here does not exist."""
    found = sorted(path for path in FOLDER.rglob("*") if path.suffix in MIME and path.is_file())
    return {path.relative_to(FOLDER).as_posix(): Asset(path.read_bytes(), MIME[path.suffix]) for path in found}


@cache
def stage_hash() -> str:
    """Twelve hexadecimal digits of the SHA-256 of all names and contents."""
    digest = hashlib.sha256()
    for name, asset in stage_files().items():
        digest.update(f"{name}\0{len(asset.content)}\0".encode() + asset.content)
    return digest.hexdigest()[:12]


def stage_url(name: str = "index.js") -> str:
    """Where the page finds one of the files."""
    return f"/stage/{stage_hash()}/{name}"


@cache
def plotly_script(packed: bool) -> bytes:
    """The script of the installed Python package, as it is or as gzip: 4.6 MB or 1.4."""
    found = find_spec("plotly")  # where it is, without importing it
    assert found is not None
    assert found.origin is not None
    script = Path(found.origin).with_name("package_data").joinpath("plotly.min.js").read_bytes()
    return gzip.compress(script, 6) if packed else script


@cache
def plotly_hash() -> str:
    """Twelve hexadecimal digits of the SHA-256 of the script."""
    return hashlib.sha256(plotly_script(False)).hexdigest()[:12]


def plotly_url() -> str:
    """Where the stage finds Plotly when it needs it."""
    return f"/plotly/{plotly_hash()}.js"
