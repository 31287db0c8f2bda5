"""Where compiled kernels are kept between processes, and when they are out of date.

Numba's own stamp looks at the file of the function alone, so a change in a callee in another file goes unnoticed and
the old machine code runs on. Here the stamp is the hash of every file of this folder. Import before any kernel.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numba
from numba.core import config
from numba.core.caching import _CacheLocator

__all__ = ["KernelCacheLocator", "alone", "cache_folder", "source_hash"]

_FOLDER = Path(__file__).resolve().parent


def source_hash() -> str:
    """Hash of the source of all kernels, Numba's version and Python's."""
    digest = hashlib.sha256(f"{numba.__version__} {sys.version_info[:2]}".encode())
    for path in sorted(_FOLDER.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _candidates() -> list[Path]:
    home = os.environ.get("BACKPROP_CACHE_DIR")
    if home:
        return [Path(home)]
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "backprop-visualiser"
    return [user, Path(tempfile.gettempdir()) / f"backprop-visualiser-{os.getuid() if hasattr(os, 'getuid') else 0}"]


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def _filled(folder: Path) -> bool:
    """Whether kernels are there already: then a container may hold them where nothing can be written."""
    return any(folder.glob("*.nbi"))


def cache_folder() -> Path:
    """The folder of this very source's machine code:

    $BACKPROP_CACHE_DIR, else the user's cache, else a temporary one.
    """
    for root in _candidates():
        folder = root / source_hash()
        if _filled(folder) or _writable(folder):
            return folder
    return Path(tempfile.mkdtemp(prefix="backprop-visualiser-"))


_CACHE = cache_folder()
_STAMP = source_hash()


class KernelCacheLocator(_CacheLocator):  # type: ignore[misc]
    """Numba's hook:

    says where a kernel of this folder is cached and how fresh it is; leaves other packages' functions alone.
    """

    def __init__(self, py_func: Any, py_file: str) -> None:
        self._line = py_func.__code__.co_firstlineno

    def get_cache_path(self) -> str:
        return str(_CACHE)

    def get_source_stamp(self) -> str:
        return _STAMP

    def get_disambiguator(self) -> str:
        return str(self._line)

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> KernelCacheLocator | None:
        return cls(py_func, py_file) if Path(py_file).resolve().parent == _FOLDER else None


@contextmanager
def alone() -> Iterator[None]:
    """One process at a time: Numba numbers the files of a kernel by those it finds, so of two processes that keep the
    same kernel for different types, one could get the other's machine code.
    """
    try:
        import fcntl

        file = (_CACHE / "lock").open("w")
    except (ImportError, OSError):  # not a Unix; or nothing can be written, and so nothing will be
        yield
        return
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def install() -> None:
    """Put the locator first. It declines every function outside this folder, so other users of Numba see no change."""
    name = f"{__name__}.KernelCacheLocator"
    known = (
        config.CACHE_LOCATOR_CLASSES
        or "UserProvidedCacheLocator,InTreeCacheLocator,UserWideCacheLocator,IPythonCacheLocator"
    )
    if name not in known:
        config.CACHE_LOCATOR_CLASSES = f"{name},{known}"


install()
