"""Where tables that people bring are kept for a while: in memory, and in a folder that several servers can share.

Bounded in bytes and in time, in both places. A file is named by the SHA-256 of what it holds and is read only if that
is so; it is written beside its place and moved there, so that nobody ever reads half of one. Nothing is unpickled.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Generic, Protocol, TypeVar

FOLDER_VARIABLE = "BACKPROP_TABLES"
HOURS = 72  # a table is kept for so long after it was last used
MOST_IN_MEMORY = 32 * 2**20  # bytes
MOST_ON_DISK = 512 * 2**20
LARGEST_FILE = 4 * 2**20
TOUCH_EVERY = 600.0  # seconds; a used file's date need not be newer
log = logging.getLogger(__name__)


class Kept(Protocol):
    """What a shelf keeps."""

    @property
    def key(self) -> str:
        """SHA-256 of the content."""

    @property
    def content(self) -> bytes:
        """What a file holds."""

    @property
    def size(self) -> int:
        """Bytes of memory."""


Thing = TypeVar("Thing", bound=Kept)


class Shelf(Generic[Thing]):
    """Things by the hash of their content; the least recently used go first. Safe to use from several threads.

    Parameters
    ----------
    read : from a file's content to the thing
    folder : shared with other servers, or None: what the environment's BACKPROP_TABLES says, else memory alone
    in_memory, on_disk : bytes that may be kept
    clock : seconds
    """

    def __init__(
        self,
        read: Callable[[bytes], Thing],
        folder: Path | None = None,
        in_memory: int = MOST_IN_MEMORY,
        on_disk: int = MOST_ON_DISK,
        clock: Callable[[], float] = time.time,
    ) -> None:
        named = os.environ.get(FOLDER_VARIABLE)
        self.folder = folder or (Path(named) if named else None)
        self._read = read
        self._in_memory, self._on_disk = in_memory, on_disk
        self._clock = clock
        self._lock = threading.Lock()
        self._things: OrderedDict[str, tuple[Thing, float]] = OrderedDict()  # with the time of last use, oldest first
        self._size = 0

    def put(self, thing: Thing) -> str:
        """Keeps a thing; gives its key."""
        with self._lock:
            self._remember(thing)
            if self.folder is not None:
                self._write(self.folder, thing)
        return thing.key

    def get(self, key: str) -> Thing | None:
        """The thing, which counts as used now, or None where it is not kept."""
        with self._lock:
            self._forget_old()
            kept = self._things.get(key)
            thing = kept[0] if kept else self._from_file(key)
            if thing is not None:
                self._remember(thing)
                self._touch(key)
            return thing

    def _remember(self, thing: Thing) -> None:
        if thing.key not in self._things:
            self._size += thing.size
        self._things[thing.key] = (thing, self._clock())
        self._things.move_to_end(thing.key)
        while self._size > self._in_memory and len(self._things) > 1:
            self._drop_oldest()

    def _forget_old(self) -> None:
        while self._things and next(iter(self._things.values()))[1] < self._oldest():
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        self._size -= self._things.popitem(last=False)[1][0].size

    def _oldest(self) -> float:
        return self._clock() - HOURS * 3600

    # ------------------------------------------------------------------------------------------------ the folder

    def _file(self, key: str) -> Path | None:
        return self.folder / f"{key}.json" if self.folder and key.isalnum() else None

    def _from_file(self, key: str) -> Thing | None:
        """What a file holds, if it is there, not too old, not too large and what its name says."""
        file = self._file(key)
        if file is None:
            return None
        try:
            about = file.stat()
            if about.st_mtime < self._oldest() or about.st_size > LARGEST_FILE:
                return None
            content = file.read_bytes()
        except OSError:
            return None
        return self._read(content) if hashlib.sha256(content).hexdigest() == key else None

    def _touch(self, key: str) -> None:
        """A file in use is young, also for the other servers."""
        file = self._file(key)
        if file is not None:
            with suppress(OSError):
                if file.stat().st_mtime < self._clock() - TOUCH_EVERY:
                    os.utime(file, (self._clock(), self._clock()))

    def _write(self, folder: Path, thing: Thing) -> None:
        """Writes a file as a whole or not at all; a folder that cannot be written leaves the thing in memory."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._make_room(folder, len(thing.content))
            with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as part:
                part.write(thing.content)
            os.utime(part.name, (self._clock(), self._clock()))
            os.replace(part.name, folder / f"{thing.key}.json")
        except OSError:
            log.exception("a table could not be written to %s; only this server has it", folder)

    def _make_room(self, folder: Path, needed: int) -> None:
        """Removes what is too old, then the oldest, until `needed` bytes fit."""
        files = []
        for entry in os.scandir(folder):
            with suppress(OSError):  # another server was quicker
                files.append((entry.stat().st_mtime, entry.stat().st_size, entry.path))
        files.sort()
        total = sum(size for _, size, _ in files) + needed
        for used, size, path in files:
            if used >= self._oldest() and total <= self._on_disk:
                break
            with suppress(OSError):
                os.unlink(path)
            total -= size
