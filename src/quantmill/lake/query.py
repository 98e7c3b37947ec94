"""SQL over the lake: DuckDB in memory, views over the files of one snapshot, nothing but reading."""

import re
import signal
import threading
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from types import FrameType
from typing import Final

import duckdb
import polars as pl
from polars.exceptions import PolarsError

from quantmill.errors import DamagedFileError, QueryError
from quantmill.lake.datasets import BARS
from quantmill.lake.overview import list_symbols
from quantmill.lake.query_guard import Reads, check_query
from quantmill.lake.resampled_views import BAR_VIEWS, SESSIONS, bar_views, sessions_table
from quantmill.lake.view_files import VIEWS_OF_DATASETS, ViewFile, files_of_views
from quantmill.lake.view_sql import file_view
from quantmill.lake.volume import Volume
from quantmill.state.engine import State

__all__ = ["run_query"]

_MEMORY: Final = "1GB"


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
        clock = threading.Timer(timeout_s, connection.interrupt)
        clock.start()
        try:
            return _fetch(connection, query, limit)
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


def _fetch(connection: duckdb.DuckDBPyConnection, query: str, limit: int | None) -> pl.DataFrame:
    """The query's rows; an interrupt ends it at once."""
    with _stopped_by_interrupt(connection):
        relation = connection.sql(query)
        return (relation if limit is None else relation.limit(limit)).pl()


@contextmanager
def _stopped_by_interrupt(connection: duckdb.DuckDBPyConnection) -> Generator[None]:
    """Makes Ctrl-C stop a running query: DuckDB lets Python see the signal, but often goes on until the query's end."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    interrupts: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        interrupts.append(number)
        connection.interrupt()
        before(number, frame)

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    except (duckdb.Error, RuntimeError) as error:
        if interrupts:
            raise KeyboardInterrupt from error
        raise
    finally:
        signal.signal(signal.SIGINT, before)


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
    files: dict[str, list[ViewFile]] = {}
    if wanted:
        with state.read() as state_connection:
            files = files_of_views(state_connection)
    local = {
        name: [str(path) for path in volume.local([file.path for file in files.get(name, ())])]
        for name in wanted
    }
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
        view = file_view(name, files.get(name, ()), local[name], VIEWS_OF_DATASETS[name])
        connection.execute(view)
    selects = bar_views()
    for name in of_bars:
        connection.execute(f"CREATE VIEW {name} AS {selects[name]}")
    listed = ", ".join("'" + path.replace("'", "''") + "'" for path in allowed)
    connection.execute(f"SET allowed_paths = [{listed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _first_line(error: Exception) -> str:
    line = str(error).strip().splitlines()[0]
    return re.sub(r"^[\w ]+ Error: ", "", line)
