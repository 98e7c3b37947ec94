"""A volume in a folder of this machine."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from quantmill.core.instants import SECOND_US
from quantmill.errors import StoreError
from quantmill.lake.layout import JOURNAL, STAGING, VIEWS, new_uid
from quantmill.lake.volume import Codec, StoredFile

__all__ = ["Disk", "replace_text"]

_LINES_PER_LOG: Final = 10_000


@dataclass(frozen=True, slots=True)
class Disk:
    """Files below `root`, on a local disk."""

    root: Path
    codec: Codec = "zstd"

    @property
    def address(self) -> str:
        """The folder."""
        return str(self.root)

    def write(self, path: str, payload: memoryview, *, uid: str) -> None:
        """Write to the staging folder, flush, rename: a file under its final name is always whole.

        Raises:
            StoreError: If the folder cannot be written to, or the disk is full.
        """
        partial, final = self.root / STAGING / f"{uid}.partial", self.root / path
        try:
            _make_folder(partial.parent)
            _make_folder(final.parent)
            with partial.open("xb") as stream:
                stream.write(payload)
                stream.flush()
                os.fsync(stream.fileno())
            partial.rename(final)
            _sync_folder(final.parent)
        except OSError as error:
            for leftover in (partial, final):
                leftover.unlink(missing_ok=True)
            raise _not_written(final, error) from error

    def local(self, paths: Sequence[str], *, fresh: bool = False) -> list[Path]:
        """The files themselves.

        Raises:
            FileNotFoundError: If a file is gone.
        """
        found = [self.root / path for path in paths]
        for path in found:
            path.stat()
        return found

    def missing(self, paths: Sequence[str]) -> list[str]:
        """Those of the paths where there is no file."""
        return [path for path in paths if not (self.root / path).exists()]

    def delete(self, path: str) -> None:
        """Delete a file if it is there."""
        (self.root / path).unlink(missing_ok=True)

    def listing(self) -> Iterator[StoredFile]:
        """Data files in any folder but those that start with `_`, and partial files."""
        for folder in (STAGING, VIEWS):
            yield from self._stored((self.root / folder).glob("*.partial"), is_partial=True)
        for folder in self.root.iterdir():
            if folder.is_dir() and not folder.name.startswith("_"):
                yield from self._stored(folder.rglob("*.parquet"), is_partial=False)

    def log(self, snapshot: int, line: str) -> None:
        """Append the line to the log of its ten thousand snapshots.

        Raises:
            StoreError: If the folder cannot be written to, or the disk is full.
        """
        path = self.root / JOURNAL / f"{snapshot // _LINES_PER_LOG:08}.ndjson"
        is_new = not path.exists()
        try:
            _make_folder(path.parent)
            with path.open("ab") as stream:
                # The line break comes first: it ends a line that a crash cut short.
                stream.write(f"\n{snapshot} {line}\n".encode())
                stream.flush()
                os.fdatasync(stream.fileno())
            if is_new:
                _sync_folder(path.parent)
        except OSError as error:
            raise _not_written(path, error) from error

    def read_log(self, *, after: int = 0) -> Iterator[tuple[int, str]]:
        """Lines by snapshot; a line without its end is left out."""
        for path in sorted((self.root / JOURNAL).glob("*.ndjson")):
            if int(path.stem) < after // _LINES_PER_LOG:
                continue
            text = path.read_text(encoding="utf-8", errors="replace")
            for line in text[: text.rfind("\n") + 1].splitlines():
                number, _, content = line.partition(" ")
                if number.isdigit() and int(number) > after and content.endswith("}"):
                    yield int(number), content

    def _stored(self, paths: Iterator[Path], *, is_partial: bool) -> Iterator[StoredFile]:
        for path in paths:
            try:
                facts = path.stat()
            except FileNotFoundError:
                continue
            name = path.relative_to(self.root).as_posix()
            yield StoredFile(name, facts.st_size, int(facts.st_mtime * SECOND_US), is_partial)


def replace_text(path: Path, text: str) -> None:
    """Put a text in a file at once: a reader sees the old text or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{new_uid()}.partial")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def _not_written(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{path} cannot be written: {error.strerror}",
        hint="look at the free space and rights of the lake's folder",
    )


def _make_folder(folder: Path) -> None:
    """Make a folder so that its name survives a crash."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
