"""Export to a Delta table, partitioned by key and year, in one commit."""

import json
from pathlib import Path
from typing import Final

import polars as pl
from deltalake import CommitProperties, Field, Schema
from deltalake.schema import PrimitiveType
from deltalake.transaction import AddAction, create_table_with_add_actions

from quantmill.core.bars import UTC_TIME
from quantmill.core.progress import Progress
from quantmill.core.symbols import path_part
from quantmill.lake.export.places import ExportRecord
from quantmill.lake.export.plain_types import plain_schema
from quantmill.lake.export.rows import Part, Rows

__all__ = ["write"]

_ROW_GROUP_ROWS: Final = 100_000
_TYPES: Final[dict[pl.DataType, str]] = {
    pl.Boolean(): "boolean",
    pl.Date(): "date",
    pl.Float32(): "float",
    pl.Float64(): "double",
    pl.Int32(): "integer",
    pl.Int64(): "long",
    pl.String(): "string",
    UTC_TIME: "timestamp",
}


def write(rows: Rows, staging: Path, _final: Path, record: ExportRecord, progress: Progress) -> int:
    """Write the table into `staging` and return the number of rows.

    Rows are written anew, not linked: what is exported need not be whole files of the lake, a Delta file leaves
    its partition columns out, and an engine that vacuums or rewrites the table must not reach into the lake.
    The year is that of `ts` in UTC. File statistics say the number of rows and, where there is one, the range of `ts`.
    """
    schema = plain_schema(rows.schema)
    actions: list[AddAction] = []
    n_rows = 0
    for key in rows.keys:
        for part in rows.parts(key):
            actions.append(_add(rows, part, staging, schema))
            n_rows += part.frame.height
        progress.advance(note=key)
    columns = [Field(name, PrimitiveType(_TYPES[dtype])) for name, dtype in schema.items()]
    if rows.years:
        columns.append(Field("year", PrimitiveType("integer")))
    create_table_with_add_actions(
        str(staging),
        Schema(columns),
        actions,
        mode="error",
        partition_by=list(rows.partition_columns),
        name=rows.table,
        description=f"quantmill snapshot {rows.snapshot}",
        commit_properties=CommitProperties(custom_metadata={"quantmill": record.text()}),
    )
    return n_rows


def _add(rows: Rows, part: Part, staging: Path, schema: dict[str, pl.DataType]) -> AddAction:
    values = dict(zip(rows.partition_columns, (part.key, str(part.year)), strict=False))
    place = "/".join(f"{name}={path_part(value)}" for name, value in values.items()) + "/part-0.parquet"
    path = staging / place
    path.parent.mkdir(parents=True)
    part.frame.cast(schema).drop(values, strict=False).write_parquet(path, row_group_size=_ROW_GROUP_ROWS)  # pyright: ignore[reportArgumentType] - a mapping of columns to types
    return AddAction(place, path.stat().st_size, values, 0, data_change=True, stats=_stats(rows, part))


def _stats(rows: Rows, part: Part) -> str:
    stats: dict[str, object] = {"numRecords": part.frame.height}
    if part.year is not None:
        ts = part.frame[rows.dataset.time or ""].dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
        stats |= {"minValues": {"ts": ts.min()}, "maxValues": {"ts": ts.max()}, "nullCount": {"ts": 0}}
    return json.dumps(stats)
