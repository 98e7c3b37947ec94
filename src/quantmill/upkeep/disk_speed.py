"""How fast a disk is where a home lies: the time until written bytes are safe, and bytes per second."""

import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from quantmill.errors import StoreError

__all__ = ["DiskSpeed", "measure_disk"]

_BLOCK: Final = 4096
_CHUNK: Final = 1 << 20
_MOST_SYNCS: Final = 200
_MOST_BYTES: Final = 64 << 20
_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class DiskSpeed:
    """What was measured.

    Attributes:
        sync_ms: Milliseconds of each append of 4 KiB with fsync, ascending.
        write_bytes_per_s: Speed of a long write, fsync at its end included.
        written_bytes: Bytes of that write.
    """

    sync_ms: tuple[float, ...]
    write_bytes_per_s: float
    written_bytes: int

    def quantile_ms(self, fraction: float) -> float:
        """The time that this fraction of the syncs stayed within."""
        return self.sync_ms[min(int(fraction * len(self.sync_ms)), len(self.sync_ms) - 1)]


def measure_disk(folder: Path, *, seconds: float = _SECONDS) -> DiskSpeed:
    """Measure with one temporary file, which is removed: twice `seconds` and 65 MB at most.

    Raises:
        StoreError: If the folder cannot be written to, or the disk is full.
    """
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".quantmill-speed-") as stream:
            descriptor = stream.fileno()
            return DiskSpeed(tuple(sorted(_syncs(descriptor, seconds))), *_write(descriptor, seconds))
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be written to: {error.strerror}",
            hint="look at the free space and rights of the folder",
        ) from error


def _syncs(descriptor: int, seconds: float) -> list[float]:
    block = os.urandom(_BLOCK)
    end = time.perf_counter() + seconds
    times: list[float] = []
    while len(times) < _MOST_SYNCS and (not times or time.perf_counter() < end):
        start = time.perf_counter()
        os.write(descriptor, block)
        os.fsync(descriptor)
        times.append((time.perf_counter() - start) * 1e3)
    return times


def _write(descriptor: int, seconds: float) -> tuple[float, int]:
    # Random bytes: a disk that compresses must not look faster than it is.
    chunk = os.urandom(_CHUNK)
    written = 0
    start = time.perf_counter()
    while written < _MOST_BYTES and (not written or time.perf_counter() - start < seconds):
        written += os.write(descriptor, chunk)
    os.fsync(descriptor)
    return written / (time.perf_counter() - start), written
