"""The verb `schema check`: each source's columns against what is known of it, stored ones against declared ones."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import polars as pl
from pydantic import Field

from quantmill.core.calendar import calendar_for
from quantmill.core.progress import Progress
from quantmill.core.span import Span
from quantmill.errors import NotFoundError
from quantmill.ingest.drift_records import find_baselines, find_events
from quantmill.ingest.source_survey import survey_files
from quantmill.ingest.waiting import find_waiting
from quantmill.providers.files.finding import find_files
from quantmill.providers.files.formats import FileFormat
from quantmill.providers.files.options import FileOptions
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import POSITIONAL, Request
from quantmill.verbs.source_name import AnySource

__all__ = ["READS_ONLY", "CheckedSource", "SchemaCheckRequest", "SchemaVerdict", "run"]

READS_ONLY: Final = True
_LAKE: Final = "lake:"
_TABLE: Final[dict[str, Any]] = {
    "source": pl.String(),
    "columns": pl.Int64(),
    "open_drift": pl.Int64(),
    "waiting_files": pl.Int64(),
    "waiting_rows": pl.Int64(),
}


class SchemaCheckRequest(Request):
    """Compare the columns of sources and stored files with those known; fails while drift is open.

    Of Parquet files only the footers are read. Files that are named are compared too, and nothing is imported.
    """

    paths: Annotated[tuple[Path, ...], POSITIONAL] = Field(
        default=(), description="Arriving files and folders to compare with the baseline of their source."
    )
    source: AnySource | None = Field(
        default=None, description="One source, such as parquet:data or lake:bars; files belong to it."
    )
    date: datetime.date | None = Field(
        default=None,
        description="As it stood at the end of this session; of the lake only files that hold it.",
    )
    format: FileFormat = Field(default="auto", description="auto goes by each file's name.")
    table: str | None = Field(
        default=None, description="Table of DuckDB and SQLite files; otherwise the only one that fits."
    )


@dataclass(frozen=True)
class CheckedSource:
    """A source: how many columns are known, its open drift in words, and the files that wait."""

    source: str
    columns: int
    drift: tuple[str, ...]
    waiting_files: int = 0
    waiting_rows: int = 0


@dataclass(frozen=True)
class SchemaVerdict(Outcome):
    """Whether nothing has drifted, and every source that was looked at."""

    ok: bool
    sources: tuple[CheckedSource, ...]

    @property
    def succeeded(self) -> bool:
        """Whether no drift is open and no file waits."""
        return self.ok

    def table(self) -> pl.DataFrame:
        """One row per source."""
        rows = [
            (one.source, one.columns, len(one.drift), one.waiting_files, one.waiting_rows)
            for one in self.sources
        ]
        return pl.DataFrame(rows, schema=_TABLE, orient="row")

    def lines(self) -> list[str]:
        """The drift of each source, what waits for it, and the verdict."""
        lines: list[str] = []
        for one in self.sources:
            lines += [f"{one.source}: {said}" for said in one.drift]
            if one.waiting_files:
                lines.append(
                    f"{one.source}: in quarantine: files {one.waiting_files}, rows {one.waiting_rows:,}; "
                    f"`quantmill schema accept {one.source}` stores them, `refuse` drops them"
                )
        if not self.sources:
            return ["nothing to check: no source of files is known, and nothing is stored"]
        n_drifts = sum(len(one.drift) for one in self.sources)
        verdict = "no drift is open" if self.ok else f"open drift: {n_drifts}"
        return [*lines, f"{verdict}; sources: {len(self.sources)}"]


def run(mill: Mill, request: SchemaCheckRequest, progress: Progress) -> SchemaVerdict:
    """Reads no rows, and changes nothing.

    Raises:
        UsageError: If a path does not exist.
        NotFoundError: If there is no such source.
    """
    if request.paths:
        sources = tuple(_arriving(mill, request))
    else:
        sources = (*_known(mill, request), *_stored(mill, request))
    if request.source is not None and not sources:
        raise NotFoundError(
            f"no source is named {request.source!r}", hint="`quantmill schema check` lists them all"
        )
    return SchemaVerdict(not any(one.drift or one.waiting_files for one in sources), sources)


def _known(mill: Mill, request: SchemaCheckRequest) -> Iterator[CheckedSource]:
    span = _session(request.date)
    until = None if span is None else span.end_us
    with mill.state.read() as connection:
        baselines = find_baselines(connection, at_us=until)
        for name, stored in baselines.items():
            if request.source in {None, name}:
                events = find_events(connection, name, only_open=True, at_us=until)
                waiting = find_waiting(connection, name, before_us=until)
                yield CheckedSource(
                    name,
                    len(stored.baseline.columns),
                    tuple(str(event) for event in events),
                    len(waiting),
                    sum(file.rows for file in waiting),
                )


def _stored(mill: Mill, request: SchemaCheckRequest) -> Iterator[CheckedSource]:
    if request.source is not None and not request.source.startswith(_LAKE):
        return
    dataset = None if request.source is None else request.source.removeprefix(_LAKE)
    for checked in mill.lake.check_schemas(dataset=dataset, span=_session(request.date)):
        yield CheckedSource(
            f"{_LAKE}{checked.name}", len(checked.columns), tuple(str(drift) for drift in checked.drifts)
        )


def _arriving(mill: Mill, request: SchemaCheckRequest) -> Iterator[CheckedSource]:
    options = FileOptions(file_format=request.format, table=request.table)
    found = find_files(request.paths, request.format).paths
    surveyed = survey_files(mill.state, found, options, named=request.paths, source=request.source)
    if not surveyed:
        raise NotFoundError(
            f"none of {len(found)} files tells its columns", hint="name CSV, Parquet, DuckDB or SQLite files"
        )
    for name, source in surveyed.items():
        seen: dict[str, list[str]] = {}
        for path, judged in source.files.items():
            for drift in judged.drifts:
                seen.setdefault(str(drift), []).append(path.name)
        said = (
            f"{words}: {files[0]}{f' and {len(files) - 1} more' if files[1:] else ''}"
            for words, files in seen.items()
        )
        yield CheckedSource(name, len(source.base.columns), tuple(said))


def _session(day: datetime.date | None) -> Span | None:
    return None if day is None else calendar_for("XNYS").day_span(day, day + datetime.timedelta(days=1))
