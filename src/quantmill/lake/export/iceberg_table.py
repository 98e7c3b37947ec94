"""Export to an Iceberg table, partitioned by key and year, with its own SQLite catalogue."""

# pyright: basic
# pyiceberg's signatures name types of PyArrow, which ships none.

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import polars as pl
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import IdentityTransform, YearTransform
from pyiceberg.typedef import EMPTY_DICT, Properties
from pyiceberg.types import (
    BooleanType,
    DateType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    NestedField,
    PrimitiveType,
    StringType,
    TimestamptzType,
)

from quantmill.core.bars import UTC_TIME
from quantmill.core.progress import Progress
from quantmill.lake.export.places import ExportRecord
from quantmill.lake.export.plain_types import plain_schema
from quantmill.lake.export.rows import Rows

__all__ = ["StagedFiles", "write"]

_FINAL: Final = "quantmill.final"
_STAGING: Final = "quantmill.staging"
_ROW_GROUP_ROWS: Final = 100_000
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9.]+")
_CATALOGUE: Final = "catalog.db"
_TYPES: Final[dict[pl.DataType, PrimitiveType]] = {
    pl.Boolean(): BooleanType(),
    pl.Date(): DateType(),
    pl.Float32(): FloatType(),
    pl.Float64(): DoubleType(),
    pl.Int32(): IntegerType(),
    pl.Int64(): LongType(),
    pl.String(): StringType(),
    UTC_TIME: TimestamptzType(),
}


class StagedFiles(PyArrowFileIO):
    """Files of a table that is written beside the place that its metadata names."""

    @staticmethod
    def parse_location(location: str, properties: Properties = EMPTY_DICT) -> tuple[str, str, str]:
        """Scheme, host and path, the final folder replaced by the one that is being written."""
        scheme, host, path = PyArrowFileIO.parse_location(location, properties)
        final = properties.get(_FINAL, "")
        if final and path.startswith(f"{final}/"):
            path = properties[_STAGING] + path[len(final) :]
        return scheme, host, path


def write(rows: Rows, staging: Path, final: Path, record: ExportRecord, progress: Progress) -> int:
    """Write the table `lake.<dataset>` into `staging` and return the number of rows.

    Iceberg names every file by its absolute path: the export cannot be moved. `catalog.db` is a catalogue for
    `pyiceberg`; without it the folder `metadata` says by `version-hint.text` which metadata file holds.
    """
    (staging / "data").mkdir()
    schema = plain_schema(rows.schema)
    paths: list[str] = []
    n_rows = 0
    for key in rows.keys:
        for part in rows.parts(key):
            name = f"{len(paths):06}-{_NOT_IN_NAMES.sub('_', key)}-{part.year or 'all'}.parquet"
            part.frame.cast(schema).write_parquet(staging / "data" / name, row_group_size=_ROW_GROUP_ROWS)  # pyright: ignore[reportArgumentType] - a mapping of columns to types
            paths.append(f"{_location(final)}/data/{name}")
            n_rows += part.frame.height
        progress.advance(note=key)
    catalog = SqlCatalog(
        "quantmill",
        uri=f"sqlite:///{staging / _CATALOGUE}",
        **{"py-io-impl": f"{__name__}.{StagedFiles.__name__}", _FINAL: str(final), _STAGING: str(staging)},
    )
    try:
        catalog.create_namespace("lake")
        fields = [
            NestedField(at, name, _TYPES[dtype]) for at, (name, dtype) in enumerate(schema.items(), start=1)
        ]
        table = catalog.create_table(
            ("lake", rows.table),
            Schema(*fields),
            location=_location(final),
            partition_spec=_partitions(rows, fields),
            properties={"quantmill.snapshot": str(rows.snapshot), "quantmill.export": record.text()},
        )
        table.add_files(paths, check_duplicate_files=False)
        current = table.metadata_location.rpartition("/")[2].removesuffix(".metadata.json")
        (staging / "metadata" / "version-hint.text").write_text(current, encoding="utf-8")
    finally:
        catalog.close()
    return n_rows


def _location(folder: Path) -> str:
    """The folder as metadata names it: an address, unless its name has characters that an address takes apart."""
    return str(folder) if set(str(folder)) & set("#?%") else f"file://{folder}"


def _partitions(rows: Rows, fields: Sequence[NestedField]) -> PartitionSpec:
    ids = {field.name: field.field_id for field in fields}
    key = rows.dataset.key
    parts = [PartitionField(ids[key], 1000, IdentityTransform(), f"{key}_part")]
    if rows.years:
        parts.append(PartitionField(ids[rows.dataset.time or ""], 1001, YearTransform(), "year"))
    return PartitionSpec(*parts)
