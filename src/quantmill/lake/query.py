"""SQL over the lake: DuckDB in memory, views over the files of one snapshot, nothing but reading."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from threading import Timer
from typing import Final

import duckdb
import polars as pl
from polars.exceptions import PolarsError
from sqlalchemy import or_, select

from quantmill.core.bars import UTC_TIME
from quantmill.errors import DamagedFileError, QueryError
from quantmill.lake.catalogue import is_live_at
from quantmill.lake.datasets import BARS, DATASETS, FEATURES, Dataset
from quantmill.lake.overview import list_symbols
from quantmill.lake.query_guard import Reads, check_query
from quantmill.lake.resampled_views import BAR_VIEWS, SESSIONS, bar_views, sessions_table
from quantmill.lake.volume import Volume
from quantmill.state.engine import State
from quantmill.state.tables.catalogue import FILE

__all__ = ["VIEWS_OF_DATASETS", "empty_view", "file_view", "run_query"]

VIEWS_OF_DATASETS: Final[Mapping[str, Dataset]] = {**DATASETS, FEATURES.name: FEATURES}
_MEMORY: Final = "1GB"
_CORE_FEATURES: Final = "features/core@%/1m"
_SQL_TYPES: Final[dict[pl.DataType, str]] = {
    pl.String(): "VARCHAR",
    pl.Float64(): "DOUBLE",
    pl.Int64(): "BIGINT",
    pl.Int32(): "INTEGER",
    pl.Date(): "DATE",
    UTC_TIME: "TIMESTAMPTZ",
}


def run_query(
    volume: Volume,
    state: State,
    query: str,
    *,
    limit: int | None,
    timeout_s: float,
    tables: Mapping[str, pl.DataFrame],
) -> pl.DataFrame:
    """The result of one reading query over one snapshot.

    Raises:
        QueryError: If the query is refused, wrong, or takes too long or too much memory.
        DamagedFileError: If a file is missing.
    """
    try:
        return _run(volume, state, query, limit, timeout_s, tables)
    except (duckdb.IOException, FileNotFoundError):
        # A cleaning may have overtaken the query: look the files up once more.
        pass
    try:
        return _run(volume, state, query, limit, timeout_s, tables)
    except (duckdb.IOException, FileNotFoundError) as error:
        raise DamagedFileError(f"a lake file is missing: {_first_line(error)}") from error


def file_view(name: str, paths: Sequence[str], dataset: Dataset) -> str:
    """Statement that makes a view over files."""
    listed = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
    by_name = "true" if dataset.is_open or dataset.has_grown else "false"
    source = f"read_parquet([{listed}], hive_partitioning = false, union_by_name = {by_name})"
    if not dataset.has_grown:
        return f"CREATE VIEW {name} AS SELECT * FROM {source}"
    # The declared columns come first, also those that no file has.
    return f"{empty_view(name, dataset)} UNION ALL BY NAME SELECT * FROM {source}"


def empty_view(name: str, dataset: Dataset) -> str:
    """Statement that makes a view without rows, with the declared columns."""
    columns = ", ".join(
        f'NULL::{_SQL_TYPES[dtype]} AS "{column}"' for column, dtype in dataset.columns.items()
    )
    return f"CREATE VIEW {name} AS SELECT {columns} WHERE false"


def _run(
    volume: Volume,
    state: State,
    query: str,
    limit: int | None,
    timeout_s: float,
    tables: Mapping[str, pl.DataFrame],
) -> pl.DataFrame:
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": _MEMORY,
        "temp_directory": "",
        "python_enable_replacements": False,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    names = [*VIEWS_OF_DATASETS, *BAR_VIEWS, SESSIONS, "symbols", *tables]
    with closing(duckdb.connect(":memory:", config=config)) as connection:
        reads = check_query(connection, query)
        try:
            _prepare(connection, volume, state, reads, tables)
        except duckdb.IOException:
            raise
        except duckdb.Error as error:
            raise DamagedFileError(f"a lake file cannot be read: {_first_line(error)}") from error
        clock = Timer(timeout_s, connection.interrupt)
        clock.start()
        try:
            relation = connection.sql(query)
            return (relation if limit is None else relation.limit(limit)).pl()
        except duckdb.IOException:
            raise
        except duckdb.InterruptException as error:
            raise QueryError(f"the query took longer than {timeout_s:g} s", hint="ask for less") from error
        except duckdb.OutOfMemoryException as error:
            raise QueryError(f"the query needs more than {_MEMORY} of memory", hint="ask for less") from error
        except duckdb.CatalogException as error:
            raise QueryError(_first_line(error), hint=f"tables are {', '.join(names)}") from error
        except duckdb.InvalidInputException as error:
            if ".parquet'" in (line := _first_line(error)):
                raise DamagedFileError(f"a lake file cannot be read: {line}") from error
            raise QueryError(line) from error
        except (duckdb.Error, PolarsError) as error:
            raise QueryError(_first_line(error)) from error
        finally:
            clock.cancel()


def _prepare(
    connection: duckdb.DuckDBPyConnection,
    volume: Volume,
    state: State,
    reads: Reads,
    tables: Mapping[str, pl.DataFrame],
) -> None:
    """Make the views that the query reads, then shut everything else."""
    connection.execute("SET TimeZone = 'UTC'")

    def is_read(name: str) -> bool:
        return reads.lists_tables or name in reads.tables

    of_bars = [name for name in BAR_VIEWS if is_read(name)]
    wanted = [name for name in VIEWS_OF_DATASETS if is_read(name) or (name == BARS.name and of_bars)]
    paths = _live_paths(state) if wanted else {}
    local = {name: [str(path) for path in volume.local(paths.get(name, []))] for name in wanted}
    allowed = [path for name in wanted for path in local[name]]
    if is_read("symbols"):
        with state.read() as state_connection:
            connection.register("symbols", list_symbols(state_connection))
    if of_bars or is_read(SESSIONS):
        connection.register(SESSIONS, sessions_table())
    for name, frame in tables.items():
        if is_read(name):
            connection.register(name, frame)
    for name in wanted:
        found = local[name]
        dataset = VIEWS_OF_DATASETS[name]
        connection.execute(file_view(name, found, dataset) if found else empty_view(name, dataset))
    selects = bar_views()
    for name in of_bars:
        connection.execute(f"CREATE VIEW {name} AS {selects[name]}")
    listed = ", ".join("'" + path.replace("'", "''") + "'" for path in allowed)
    connection.execute(f"SET allowed_paths = [{listed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _live_paths(state: State) -> dict[str, list[str]]:
    """Paths of the live files by view, from one statement: all views show one snapshot."""
    wanted = or_(FILE.c.dataset.in_(list(DATASETS)), FILE.c.dataset.like(_CORE_FEATURES))
    statement = select(FILE.c.dataset, FILE.c.key, FILE.c.path, FILE.c.added).where(wanted, is_live_at(None))
    with state.read() as connection:
        rows = connection.execute(statement.order_by(FILE.c.dataset, FILE.c.key, FILE.c.period)).all()
    newest: dict[str, tuple[int, str]] = {}
    for dataset, key, _path, added in rows:
        if dataset not in DATASETS:
            newest[key] = max(newest.get(key, (-1, "")), (added, dataset))
    paths: dict[str, list[str]] = defaultdict(list)
    for dataset, key, path, _added in rows:
        if dataset in DATASETS:
            paths[dataset].append(path)
        elif newest[key][1] == dataset:
            paths[FEATURES.name].append(path)
    return paths


def _first_line(error: Exception) -> str:
    line = str(error).strip().splitlines()[0]
    return re.sub(r"^[\w ]+ Error: ", "", line)
