"""What the lake's files take on disk, answered by the catalogue: by dataset and key, and since when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import polars as pl
from sqlalchemy import Connection, case, func, select

from quantmill.errors import DamagedFileError
from quantmill.lake.volume import Volume
from quantmill.state.tables.catalogue import FILE, FILE_SESSION, SNAPSHOT

__all__ = ["EncodedSize", "list_changes", "list_usage", "measure_encoded", "sample_paths"]

_COUNTS: Final = ("files", "rows", "bytes", "hot_bytes", "retired_files", "retired_bytes", "sessions")


@dataclass(frozen=True, slots=True)
class EncodedSize:
    """Bytes of a dataset's files on disk and before compression, over the files looked at."""

    n_files: int
    n_bytes: int
    encoded_bytes: int

    @property
    def ratio(self) -> float:
        """How many times smaller the files are than their encoded columns."""
        return self.encoded_bytes / self.n_bytes


def list_usage(connection: Connection) -> pl.DataFrame:
    """One row per dataset and key.

    Returns:
        `dataset`, `key`; `files`, `rows` and `bytes` of the newest snapshot, `hot_bytes` the part of them in the hot tier;
        `retired_files` and `retired_bytes` of files that older snapshots hold until they are cleaned; `sessions` counts
        dates with bars, null for other datasets.
    """
    is_live = FILE.c.removed.is_(None)

    def total(column: Any, condition: Any) -> Any:  # noqa: ANN401 - SQLAlchemy's types differ by column
        return func.coalesce(func.sum(case((condition, column), else_=0)), 0)

    statement = (
        select(
            FILE.c.dataset,
            FILE.c.key,
            total(1, is_live).label("files"),
            total(FILE.c.rows, is_live).label("rows"),
            total(FILE.c.bytes, is_live).label("bytes"),
            total(FILE.c.bytes, is_live & (FILE.c.tier == "hot")).label("hot_bytes"),
            total(1, ~is_live).label("retired_files"),
            total(FILE.c.bytes, ~is_live).label("retired_bytes"),
        )
        .group_by(FILE.c.dataset, FILE.c.key)
        .order_by(FILE.c.dataset, FILE.c.key)
    )
    counted = _sessions(connection)
    rows = [
        (row[0], row[1], *(int(value) for value in row[2:]), counted.get((row[0], row[1])))
        for row in connection.execute(statement)
    ]
    schema = {"dataset": pl.String(), "key": pl.String(), **dict.fromkeys(_COUNTS, pl.Int64())}
    return pl.DataFrame(rows, schema=schema, orient="row")


def list_changes(connection: Connection) -> pl.DataFrame:
    """By how many bytes each dataset grew or shrank at each commit: `at_us`, `dataset`, `change_bytes`, in time order.

    Files that were cleaned are not counted, neither when they came nor when they went.
    """
    came = select(SNAPSHOT.c.at_us, FILE.c.dataset, func.sum(FILE.c.bytes)).join(
        FILE, FILE.c.added == SNAPSHOT.c.id
    )
    went = select(SNAPSHOT.c.at_us, FILE.c.dataset, -func.sum(FILE.c.bytes)).join(
        FILE, FILE.c.removed == SNAPSHOT.c.id
    )
    rows = [
        (int(at_us), dataset, int(change))
        for statement in (came, went)
        for at_us, dataset, change in connection.execute(statement.group_by(SNAPSHOT.c.at_us, FILE.c.dataset))
    ]
    schema = {"at_us": pl.Int64(), "dataset": pl.String(), "change_bytes": pl.Int64()}
    return pl.DataFrame(rows, schema=schema, orient="row").sort("at_us", "dataset", "change_bytes")


def sample_paths(connection: Connection, *, most: int) -> dict[str, list[str]]:
    """Paths of the largest live files by dataset, at most `most` of each."""
    statement = select(FILE.c.dataset, FILE.c.path).where(FILE.c.removed.is_(None))
    paths: dict[str, list[str]] = {}
    for dataset, path in connection.execute(statement.order_by(FILE.c.bytes.desc(), FILE.c.path)):
        if len(chosen := paths.setdefault(dataset, [])) < most:
            chosen.append(path)
    return paths


def measure_encoded(volume: Volume, paths: Mapping[str, Sequence[str]]) -> dict[str, EncodedSize]:
    """The sizes before and after compression of files by dataset, from their footers alone.

    Raises:
        DamagedFileError: If a file is missing or is no whole Parquet file.
    """
    query = """
        SELECT sum(total_uncompressed_size)::BIGINT FROM parquet_metadata($paths)
    """
    sizes: dict[str, EncodedSize] = {}
    with duckdb.connect(":memory:") as connection:
        for dataset, some in paths.items():
            try:
                local = volume.local(some)
                n_bytes = sum(path.stat().st_size for path in local)
                found = connection.execute(query, {"paths": [str(path) for path in local]}).fetchone()
            except (duckdb.Error, FileNotFoundError) as error:
                line = str(error).splitlines()[0]
                raise DamagedFileError(f"a lake file of {dataset} cannot be read: {line}") from error
            if found is not None and found[0] and n_bytes:
                sizes[dataset] = EncodedSize(len(local), n_bytes, int(found[0]))
    return sizes


def _sessions(connection: Connection) -> dict[tuple[str, str], int]:
    counts = (
        select(FILE.c.dataset, FILE_SESSION.c.key, func.count(FILE_SESSION.c.session.distinct()))
        .join(FILE, FILE.c.id == FILE_SESSION.c.file_id)
        .where(FILE.c.removed.is_(None))
        .group_by(FILE.c.dataset, FILE_SESSION.c.key)
    )
    return {(dataset, key): int(n) for dataset, key, n in connection.execute(counts)}
