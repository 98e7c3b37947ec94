"""Files of the newest snapshot with the moment at which each was written."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, select

from quantmill.lake.catalogue import FileRef, find_files
from quantmill.lake.overview import list_datasets
from quantmill.state.tables.catalogue import FILE, SNAPSHOT

__all__ = ["AgedFile", "find_aged_files"]


@dataclass(frozen=True, slots=True)
class AgedFile:
    """A live file, when it was written, and the time of its last row; µs since 1970 UTC."""

    file: FileRef
    written_us: int

    @property
    def last_row_us(self) -> int:
        """The time of the last row; of rows without a time, when they were written."""
        return self.written_us if self.file.max_ts is None else self.file.max_ts


def find_aged_files(connection: Connection, wants: Callable[[str], bool]) -> list[AgedFile]:
    """Live files of the datasets whose name `wants` accepts, by dataset, key and time."""
    names = [name for name in list_datasets(connection) if wants(name)]
    if not names:
        return []
    added = select(FILE.c.added).where(FILE.c.dataset.in_(names), FILE.c.removed.is_(None))
    moments = select(SNAPSHOT.c.id, SNAPSHOT.c.at_us).where(SNAPSHOT.c.id.in_(added))
    at_us = {row.id: row.at_us for row in connection.execute(moments)}
    return [AgedFile(file, at_us[file.added]) for file in find_files(connection, names)]
