"""Files that wait for a decision: copies that the lake keeps, so that nothing is lost when the original goes."""

import hashlib
import os
import shutil
from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, and_, delete, or_, select

from quantmill.core.digest import file_digest
from quantmill.core.instants import SECOND_US
from quantmill.errors import BadBarsError, DamagedFileError, StoreError
from quantmill.lake.disk import sync
from quantmill.lake.layout import STAGING, WAITING, new_uid
from quantmill.lake.store import Lake
from quantmill.state.statements import upsert
from quantmill.state.tables.schema_drift import SCHEMA_WAITING

__all__ = [
    "KeptFile",
    "WaitingFile",
    "drop_waiting",
    "find_waiting",
    "insert_waiting",
    "keep_file",
    "restored",
    "tidy_waiting",
]

# What a database may have written beside its file and not yet into it.
_COMPANIONS: Final = ("", ".wal", "-wal")
_SPARED_S: Final = 3600


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A copy in the lake: its digest, which is its name there, and size."""

    sha256: str
    n_bytes: int


@dataclass(frozen=True, slots=True)
class WaitingFile:
    """One row of the waiting files; `columns` and `options` are canonical JSON, `path` is where the file came from."""

    source: str
    sha256: str
    batch: str
    path: str
    columns: str
    options: str
    rows: int
    bytes: int
    at_us: int


_COLUMNS: Final = [SCHEMA_WAITING.c[name] for name in WaitingFile.__slots__]


def keep_file(lake: Lake, path: Path) -> KeptFile:
    """Copy a file into the lake under its digest, safe on disk when the call returns; the same file is kept once.

    The copies have no suffix and lie apart, so that no glob takes them for bars.

    Raises:
        BadBarsError: If the file cannot be read any more.
        StoreError: If the lake's folder cannot be written to, or the disk is full.
    """
    folder, staging = lake.root / WAITING, lake.root / STAGING
    partial = staging / f"{new_uid()}.partial"
    hashes: list[str] = []
    n_bytes = 0
    try:
        folder.mkdir(exist_ok=True)
        staging.mkdir(exist_ok=True)
        parts = [(beside, path.with_name(path.name + beside)) for beside in _COMPANIONS]
        found = [(beside, part) for beside, part in parts if not beside or part.is_file()]
        hashes = [file_digest(part) for _, part in found]
        sha256 = hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()
        for (beside, part), digest in zip(found, hashes, strict=True):
            n_bytes += part.stat().st_size
            final = folder / f"{sha256}{beside}"
            if final.exists():
                continue
            shutil.copyfile(part, partial)
            if file_digest(partial) != digest:
                raise BadBarsError(
                    f"{path.name}: the file changes while it is read", hint="import it when it is whole"
                )
            sync(partial)
            partial.rename(final)
        sync(folder)
    except FileNotFoundError as error:
        raise BadBarsError(f"{path.name}: the file is gone", hint="import it again") from error
    except OSError as error:
        raise StoreError(
            f"{path.name} cannot be kept in {folder}: {error.strerror}",
            hint="look at the free space and rights of the lake's folder",
        ) from error
    finally:
        partial.unlink(missing_ok=True)
    return KeptFile(sha256, n_bytes)


@contextmanager
def restored(lake: Lake, files: Sequence[WaitingFile]) -> Generator[dict[Path, WaitingFile]]:
    """The kept copies under their old names and folders, which may carry symbol and date, for the time of the block.

    Raises:
        DamagedFileError: If a copy is gone.
    """
    folder = lake.root / WAITING / f"{new_uid()}.open"
    places: dict[Path, WaitingFile] = {}
    try:
        for file in files:
            kept = lake.root / WAITING / file.sha256
            original = Path(file.path)
            place = folder / file.sha256[:12] / original.relative_to(original.anchor)
            place.parent.mkdir(parents=True, exist_ok=True)
            for beside in _COMPANIONS:
                copy = kept.with_name(kept.name + beside)
                if not beside or copy.is_file():
                    _link(copy, place.with_name(place.name + beside), file)
            places[place] = file
        yield places
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def find_waiting(
    connection: Connection, source: str | None = None, *, before_us: int | None = None
) -> list[WaitingFile]:
    """Waiting files of a source or of all, in order of arrival; with `before_us` those that came before it."""
    row = SCHEMA_WAITING.c
    statement = select(*_COLUMNS).order_by(row.at_us, row.path, row.sha256)
    if source is not None:
        statement = statement.where(row.source == source)
    if before_us is not None:
        statement = statement.where(row.at_us < before_us)
    return [WaitingFile(*found) for found in connection.execute(statement)]


def insert_waiting(connection: Connection, file: WaitingFile) -> None:
    """Let a file wait, within a write transaction; one that waits already goes on with the options given last."""
    row = {name: getattr(file, name) for name in WaitingFile.__slots__}
    upsert(connection, SCHEMA_WAITING, row, key=["source", "sha256"])


def drop_waiting(connection: Connection, files: Collection[WaitingFile]) -> int:
    """Let files wait no longer, within a write transaction; `tidy_waiting` then deletes their copies.

    Returns:
        How many had been waiting.
    """
    if not files:
        return 0
    row = SCHEMA_WAITING.c
    keys = [and_(row.source == file.source, row.sha256 == file.sha256) for file in files]
    return sum(
        connection.execute(delete(SCHEMA_WAITING).where(or_(*keys[at : at + 200]))).rowcount
        for at in range(0, len(keys), 200)
    )


def tidy_waiting(lake: Lake, released: Collection[WaitingFile]) -> None:
    """Delete the copies of files that wait no longer, and what imports and decisions that died left behind."""
    folder = lake.root / WAITING
    if not folder.is_dir():
        return
    present = list(folder.iterdir())
    with lake.state.read() as connection:
        known = {file.sha256 for file in find_waiting(connection)}
    gone = {file.sha256 for file in released}
    for path in present:
        digest = path.name.partition(".")[0].partition("-")[0]
        age_s = lake.clock.now_us() / SECOND_US - path.stat().st_mtime
        if digest in known or (digest not in gone and age_s < _SPARED_S):
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _link(copy: Path, place: Path, file: WaitingFile) -> None:
    try:
        os.link(copy, place)
    except FileNotFoundError as error:
        raise DamagedFileError(
            f"the kept copy of {file.path} is gone from the lake",
            hint=f"import the file again, or `quantmill schema refuse {file.source}`",
        ) from error
    except OSError:
        # Not every file system has hard links.
        shutil.copyfile(copy, place)
