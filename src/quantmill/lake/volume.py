"""Where a lake's files lie: the contract of a volume, which only ever adds files, reads them and deletes them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

__all__ = ["Codec", "StoredFile", "Volume"]

Codec = Literal["zstd", "snappy", "lz4"]


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that a volume holds; `is_partial` when its writer died before it was whole."""

    path: str
    n_bytes: int
    modified_us: int
    is_partial: bool


class Volume(Protocol):
    """Files under names that are never used twice; share it between threads.

    Paths are relative to the lake, with `/` between their parts. `codec` compresses new data files but those that are
    soon rolled up; those of any codec are read.
    """

    @property
    def address(self) -> str:
        """Folder or URL that other programs find the files under."""
        ...

    @property
    def codec(self) -> Codec:
        """How new data files are compressed."""
        ...

    def write(self, path: str, payload: memoryview, *, uid: str) -> None:
        """Store a file: whole and safe from a crash when the call returns, invisible before.

        Raises:
            StoreError: If it cannot be written.
        """
        ...

    def local(self, paths: Sequence[str], *, fresh: bool = False) -> list[Path]:
        """Files on this machine with the content of `paths`, in their order.

        Args:
            paths: The files wanted.
            fresh: Whether they are fetched anew, no matter what copies there are.

        Raises:
            FileNotFoundError: If a file is gone.
            StoreError: If it cannot be read.
        """
        ...

    def missing(self, paths: Sequence[str]) -> list[str]:
        """Those names under which nothing is stored.

        Raises:
            StoreError: If that cannot be found out.
        """
        ...

    def delete(self, path: str) -> None:
        """Delete a file; one that is gone already is no error."""
        ...

    def listing(self) -> Iterator[StoredFile]:
        """Every data file, also those that nobody published, and every partial one."""
        ...

    def log(self, snapshot: int, line: str) -> None:
        """Keep the line of a commit, safe from a crash when the call returns; a later line of a snapshot counts."""
        ...

    def read_log(self, *, after: int = 0) -> Iterator[tuple[int, str]]:
        """Lines of commits after a snapshot in the order in which they were kept; what a crash cut short is left out."""
        ...
