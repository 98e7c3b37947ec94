"""The rows that an export takes of the lake: of one snapshot, in parts of one key and year that fit into memory."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

import polars as pl
from sqlalchemy import func, select

from quantmill.core.calendar import FIRST_DATE, LAST_DATE, calendar_for
from quantmill.core.instants import from_us
from quantmill.core.span import Span
from quantmill.core.symbols import describe_symbol
from quantmill.errors import NotFoundError, UsageError
from quantmill.lake.adjusting import Adjust
from quantmill.lake.catalogue import find_files, find_hot_files, find_hot_keys, is_live_at
from quantmill.lake.datasets import BARS, FEATURES, Dataset, dataset_of
from quantmill.lake.reading import Hours
from quantmill.lake.store import Lake
from quantmill.state.tables.catalogue import FILE

__all__ = ["Part", "Rows", "rows_of"]

_SYMBOL: Final = "symbol"
_NEW_YORK: Final = "XNYS"
_NOT_IN_NAMES: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one key in one UTC year, in the order of the lake; `year` is None where rows need not have a time."""

    key: str
    year: int | None
    frame: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Rows:
    """One dataset as an export takes it; every part has the columns of `schema`.

    `table` is its name where others read it, `sources` the stored dataset of each key; `symbols` is empty when all
    are taken.
    """

    lake: Lake
    name: str
    table: str
    dataset: Dataset
    sources: dict[str, str]
    schema: dict[str, pl.DataType]
    years: tuple[int, ...]
    snapshot: int
    symbols: tuple[str, ...]
    start: date | None
    end: date | None
    hours: Hours
    adjust: Adjust

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys, sorted."""
        return tuple(sorted(self.sources))

    @property
    def partition_columns(self) -> tuple[str, ...]:
        """What divides the parts: the key, and the year where rows have a time."""
        return (self.dataset.key, "year") if self.years else (self.dataset.key,)

    def parts(self, key: str) -> Iterator[Part]:
        """The parts of one key that hold rows, by year.

        Raises:
            DamagedFileError: If a file is missing or cannot be read.
        """
        span = _span(self.dataset, key, self.start, self.end)
        for year in self.years or (None,):
            of_year = span if year is None else _cut(span, year)
            if year is not None and of_year is None:
                continue
            frame = self._read(key, of_year)
            if frame.height:
                yield Part(key, year, frame)

    def _read(self, key: str, span: Span | None) -> pl.DataFrame:
        if self.dataset is BARS:
            return self.lake.read_bars(key, span, hours=self.hours, adjust=self.adjust, as_of=self.snapshot)
        frame = self.lake.scan(self.sources[key], keys=[key], span=span, as_of=self.snapshot).collect()
        missing = [
            pl.lit(None, dtype).alias(name)
            for name, dtype in self.schema.items()
            if name not in frame.columns
        ]
        return frame.with_columns(missing).select(list(self.schema))


def rows_of(
    lake: Lake,
    name: str,
    *,
    symbols: Sequence[str] = (),
    start: date | None = None,
    end: date | None = None,
    hours: Hours = "extended",
    adjust: Adjust = "none",
    as_of: int | None = None,
) -> Rows:
    """The rows of a dataset, of every symbol or of those named.

    Args:
        lake: The lake.
        name: A dataset; `features` is the newest version of set `core` of each symbol.
        symbols: Symbols to take, all when empty.
        start: First session, the first there is when None.
        end: Session after the last one, the last there is when None.
        hours: `extended` takes all stored bars, `regular` those of regular hours.
        adjust: As in `Lake.read_bars`.
        as_of: Snapshot to read, the newest when None.

    Raises:
        NotFoundError: If the dataset, snapshot or a symbol is unknown, or nothing is stored in the dataset.
        UsageError: If an option does not apply to the dataset.
    """
    dataset = FEATURES if name == FEATURES.name else dataset_of(name)
    _check_options(name, dataset, symbols, start, end, hours, adjust)
    snapshot = lake.snapshot() if as_of is None else as_of
    sources = _sources(lake, name, snapshot)
    unknown = [symbol for symbol in symbols if symbol not in sources]
    if unknown or not sources:
        stored = ", ".join(sorted(sources)[:10])
        hint = f"stored are {stored}" if stored else '`quantmill sql "SHOW TABLES"` lists what there may be'
        raise NotFoundError(
            f"{name} holds no {', '.join(unknown) or 'rows'} at snapshot {snapshot}", hint=hint
        )
    if symbols:
        sources = {symbol: sources[symbol] for symbol in symbols}
    return Rows(
        lake,
        name,
        _NOT_IN_NAMES.sub("_", name),
        dataset,
        sources,
        _schema(lake, dataset, sources, snapshot),
        _years(lake, dataset, sources, snapshot),
        snapshot,
        tuple(sorted(set(symbols))),
        start,
        end,
        hours,
        adjust,
    )


def _check_options(
    name: str,
    dataset: Dataset,
    symbols: Sequence[str],
    start: date | None,
    end: date | None,
    hours: Hours,
    adjust: Adjust,
) -> None:
    if symbols and dataset.key != _SYMBOL:
        raise UsageError(f"{name} is kept by {dataset.key}, not by symbol", hint="leave --symbols out")
    if (start or end) and dataset.time is None:
        raise UsageError(f"rows of {name} have no time", hint="leave --start and --end out")
    if (hours != "extended" or adjust != "none") and dataset is not BARS:
        raise UsageError(f"hours and adjust are those of bars, not of {name}", hint="leave both out")


def _sources(lake: Lake, name: str, snapshot: int) -> dict[str, str]:
    """The dataset of each key: of `features` the newest version that the key has."""
    is_core = FILE.c.dataset.like("features/core@%/1m")
    wanted = is_core if name == FEATURES.name else FILE.c.dataset == name
    newest = func.max(FILE.c.added)
    statement = (
        select(FILE.c.key, FILE.c.dataset)
        .where(wanted, FILE.c.tier == "base", is_live_at(snapshot))
        .group_by(FILE.c.key, FILE.c.dataset)
        .order_by(newest, FILE.c.dataset)
    )
    with lake.state.read() as connection:
        found: dict[str, str] = {row.key: row.dataset for row in connection.execute(statement)}
        # Refuses a snapshot whose files were cleaned away.
        find_files(connection, sorted({name, *found.values()}), as_of=snapshot)
        if name == BARS.name:
            hot = find_hot_keys(connection, find_hot_files(connection, as_of=snapshot))
            found |= {symbol: name for held in hot.values() for symbol in held}
    return found


def _schema(lake: Lake, dataset: Dataset, sources: dict[str, str], snapshot: int) -> dict[str, pl.DataType]:
    schema = dict(dataset.columns)
    if dataset.is_open:
        for source in sorted(set(sources.values())):
            schema |= dict(lake.scan(source, as_of=snapshot).collect_schema())
    return schema


def _years(lake: Lake, dataset: Dataset, sources: dict[str, str], snapshot: int) -> tuple[int, ...]:
    if dataset.time is None or dataset.time in dataset.nullable:
        return ()
    statement = select(func.min(FILE.c.min_ts), func.max(FILE.c.max_ts)).where(
        FILE.c.dataset.in_(sorted(set(sources.values()))), is_live_at(snapshot)
    )
    with lake.state.read() as connection:
        first, last = connection.execute(statement).one()
    return () if first is None else tuple(range(from_us(first).year, from_us(last).year + 1))


def _span(dataset: Dataset, key: str, start: date | None, end: date | None) -> Span | None:
    if start is None and end is None:
        return None
    calendar = describe_symbol(key).calendar if dataset.key == _SYMBOL else _NEW_YORK
    return calendar_for(calendar).day_span(start or FIRST_DATE, end or LAST_DATE)


def _cut(span: Span | None, year: int) -> Span | None:
    """The part of a span that lies in a UTC year, None when there is none."""
    first, last = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    if span is None:
        return Span(first, last)
    start, end = max(first, span.start), min(last, span.end)
    return Span(start, end) if start < end else None
