"""Copies of immutable files on this machine, the least recently used dropped when they outgrow their bound."""

import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from quantmill.core.clock import Clock
from quantmill.core.instants import SECOND_US
from quantmill.errors import StoreError
from quantmill.lake.layout import STAGING, new_uid

__all__ = ["FileCache"]

# A path that was handed out is opened a moment later, maybe by another thread or process.
_GRACE_US: Final = 300 * SECOND_US
_ABANDONED_US: Final = 3600 * SECOND_US
_NS_PER_US: Final = 1000
# The folder is looked through once per this share of its bound.
_SHARE: Final = 16


@dataclass(slots=True)
class FileCache:
    """Copies below `folder`, for any number of threads and processes.

    A copy is whole or absent. Since no file ever changes under its name, no copy is ever stale. The time of a
    copy's last change says when it was used last.
    """

    folder: Path
    max_bytes: int
    clock: Clock
    _lock: threading.Lock = field(default_factory=threading.Lock)
    # Bytes that may be added before the folder is looked through.
    _room: int = 0

    def find(self, path: str) -> Path | None:
        """The copy of a file, marked as used now; None when there is none."""
        copy = self.folder / path
        try:
            self._mark(copy)
        except FileNotFoundError:
            return None
        return copy

    def add(self, path: str, parts: Iterable[memoryview]) -> Path:
        """Keep the copy of a file, whose bytes come in parts; when they end in an error, nothing is kept.

        Raises:
            StoreError: If the folder cannot be written to, or the disk is full.
        """
        copy, partial = self.folder / path, self.folder / STAGING / new_uid()
        try:
            n_bytes = self._write(partial, parts)
            copy.parent.mkdir(parents=True, exist_ok=True)
            self._mark(partial)
            partial.replace(copy)
        except OSError as error:
            raise StoreError(
                f"{copy} cannot be written: {error.strerror}",
                hint="look at the free space and rights of the folder, or lower `s3.cache_bytes`",
            ) from error
        finally:
            partial.unlink(missing_ok=True)
        self._make_room(n_bytes)
        return copy

    def drop(self, path: str) -> None:
        """Drop the copy of a file, if there is one."""
        (self.folder / path).unlink(missing_ok=True)

    def _write(self, partial: Path, parts: Iterable[memoryview]) -> int:
        partial.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("xb") as stream:
            self._mark(partial)
            for part in parts:
                stream.write(part)
            stream.flush()
            # A crash after the renaming must not leave a copy with holes.
            os.fsync(stream.fileno())
            return stream.tell()

    def _make_room(self, n_bytes: int) -> None:
        with self._lock:
            self._room -= n_bytes
            if self._room >= 0:
                return
            self._evict()
            self._room = self.max_bytes // _SHARE

    def _evict(self) -> None:
        now_us = self.clock.now_us()
        copies = sorted(self._copies(now_us))
        excess = sum(n_bytes for _, n_bytes, _ in copies) - self.max_bytes
        for used, n_bytes, copy in copies:
            if excess <= 0 or used > now_us - _GRACE_US:
                return
            copy.unlink(missing_ok=True)
            excess -= n_bytes

    def _mark(self, copy: Path) -> None:
        """Note that a file is used now."""
        now_ns = self.clock.now_us() * _NS_PER_US
        os.utime(copy, ns=(now_ns, now_ns))

    def _copies(self, now_us: int) -> Iterator[tuple[int, int, Path]]:
        """When each copy was used last (µs), its bytes and path; partial files of dead processes are deleted."""
        for folder, _, names in os.walk(self.folder):
            for name in names:
                path = Path(folder) / name
                try:
                    facts = path.stat()
                except FileNotFoundError:
                    continue
                used_us = facts.st_mtime_ns // _NS_PER_US
                if path.parent.name != STAGING:
                    yield used_us, facts.st_size, path
                elif used_us < now_us - _ABANDONED_US:
                    path.unlink(missing_ok=True)
