"""The text of the views in SQL, for `quantmill sql` and for the script of the plain DuckDB command line."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from quantmill.core.bars import UTC_TIME
from quantmill.lake.datasets import BARS, Dataset
from quantmill.lake.view_files import ViewFile

__all__ = ["empty_select", "file_view", "files_select", "quoted"]

_SQL_TYPES: Final[dict[pl.DataType, str]] = {
    pl.String(): "VARCHAR",
    pl.Boolean(): "BOOLEAN",
    pl.Float64(): "DOUBLE",
    pl.Int64(): "BIGINT",
    pl.Int32(): "INTEGER",
    pl.Date(): "DATE",
    UTC_TIME: "TIMESTAMPTZ",
}
# The session of a bar is its date in exchange time; markets that never close keep UTC.
_SESSION_DATE: Final = "CAST(timezone(CASE WHEN starts_with(symbol, 'X:') THEN 'UTC' ELSE 'America/New_York' END, ts) AS DATE) AS dt"


def file_view(name: str, files: Sequence[ViewFile], paths: Sequence[str], dataset: Dataset) -> str:
    """Statement that makes a view over files; one without rows, with the declared columns, when there are none.

    Args:
        name: Name of the view.
        files: The files as the catalogue knows them.
        paths: Where the same files lie on this machine.
        dataset: Their dataset.
    """
    if not files:
        return f"CREATE VIEW {name} AS {empty_select(dataset)}"
    listed = f"[{', '.join(quoted(path) for path in paths)}]"
    is_mixed = len({file.schema_id for file in files}) > 1
    return f"CREATE VIEW {name} AS {files_select(dataset, listed, str(is_mixed).lower())}"


def files_select(dataset: Dataset, paths: str, by_name: str) -> str:
    """Query of the rows of files, with bars' session date as `dt`; of rows in several versions the newest.

    Args:
        dataset: The dataset of the files.
        paths: Expression of the list of paths.
        by_name: Expression that is true where the files' columns differ; it costs a look at every file.
    """
    source = f"FROM read_parquet({paths}, hive_partitioning = false, union_by_name = {by_name})"
    if dataset.identity:
        versions = f"PARTITION BY {', '.join(dataset.identity)}"
        return f"SELECT * {source} QUALIFY available_at = max(available_at) OVER ({versions})"
    if dataset.has_grown:
        # The declared columns come first, also those that no file has.
        return f"{empty_select(dataset)} UNION ALL BY NAME SELECT * {source}"
    return f"SELECT *, {_SESSION_DATE} {source}" if dataset is BARS else f"SELECT * {source}"


def empty_select(dataset: Dataset) -> str:
    """Query without rows, with the declared columns."""
    columns = [f'NULL::{_SQL_TYPES[dtype]} AS "{name}"' for name, dtype in dataset.columns.items()]
    if dataset is BARS:
        columns.append("NULL::DATE AS dt")
    return f"SELECT {', '.join(columns)} WHERE false"


def quoted(text: str) -> str:
    """A text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"
