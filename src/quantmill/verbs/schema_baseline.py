"""The verb `schema baseline`: the columns that each source is known to have, or set anew from files."""

from pathlib import Path
from typing import Annotated, Any, Final

import polars as pl
from pydantic import Field

from quantmill.core.bars import UTC_TIME
from quantmill.core.instants import from_us
from quantmill.core.progress import Progress
from quantmill.errors import NotFoundError
from quantmill.ingest.drift_decisions import set_baselines
from quantmill.ingest.drift_records import find_baselines
from quantmill.providers.files.formats import FileFormat
from quantmill.providers.files.options import FileOptions
from quantmill.verbs.mill import Mill
from quantmill.verbs.request import POSITIONAL, Request
from quantmill.verbs.source_name import AnySource

__all__ = ["READS_ONLY", "SchemaBaselineRequest", "run"]

READS_ONLY: Final = False
TERMINAL_COLUMNS: Final = ("source", "column", "types", "is_needed", "reason", "since")
WHEN_EMPTY: Final = "no source has a baseline yet: the first import sets it"
_LAKE: Final = "lake:"
_SCHEMA: Final[dict[str, Any]] = {
    "source": pl.String(),
    "column": pl.String(),
    "types": pl.String(),
    "is_needed": pl.Boolean(),
    "reason": pl.String(),
    "since": UTC_TIME,
}


class SchemaBaselineRequest(Request):
    """Show the columns that sources are known to have, or set them from files.

    With files, their columns become the baseline of their source, and nothing is imported: a column that all
    of them have is needed from then on, and no other one is.
    """

    paths: Annotated[tuple[Path, ...], POSITIONAL] = Field(
        default=(), description="Files and folders to set the baseline from; without them it is shown."
    )
    source: AnySource | None = Field(
        default=None, description="One source, such as parquet:data or lake:bars; files belong to it."
    )
    format: FileFormat = Field(default="auto", description="auto goes by each file's name.")
    table: str | None = Field(
        default=None, description="Table of DuckDB and SQLite files; otherwise the only one that fits."
    )


def run(mill: Mill, request: SchemaBaselineRequest, progress: Progress) -> pl.DataFrame:
    """One row per source and column; reason is first, told, auto, accepted, set, or declared for lake datasets.

    Raises:
        UsageError: If a path does not exist.
        NotFoundError: If there is no such source, or no file tells its columns.
    """
    sources = None if request.source is None else [request.source]
    if request.paths:
        options = FileOptions(file_format=request.format, table=request.table)
        if request.source is not None and request.source.startswith(_LAKE):
            raise NotFoundError(
                f"{request.source} is declared by quantmill; files set the baseline of a source of files"
            )
        sources = list(set_baselines(mill.lake, request.paths, options=options, source=request.source))
    rows: list[tuple[object, ...]] = []
    with mill.state.read() as connection:
        for name, stored in find_baselines(connection, sources).items():
            rows += [
                (
                    name,
                    column,
                    " or ".join(known.types),
                    known.is_needed,
                    stored.reason,
                    from_us(stored.since_us),
                )
                for column, known in stored.baseline.columns.items()
            ]
    if not request.paths:
        rows += _declared(mill, request.source)
    if request.source is not None and not rows:
        raise NotFoundError(
            f"no source is named {request.source!r}", hint="`quantmill schema check` lists them"
        )
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _declared(mill: Mill, source: str | None) -> list[tuple[object, ...]]:
    if source is not None and not source.startswith(_LAKE):
        return []
    dataset = None if source is None else source.removeprefix(_LAKE)
    return [
        (f"{_LAKE}{checked.name}", column, kind, column in checked.needed, "declared", None)
        for checked in mill.lake.check_schemas(dataset=dataset)
        for column, kind in checked.columns.items()
    ]
