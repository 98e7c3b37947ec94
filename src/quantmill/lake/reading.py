"""Reads: the files of one snapshot, found by one catalogue query and opened by name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import polars as pl
from polars.exceptions import ComputeError
from sqlalchemy import select

from quantmill.core.bars import us_of
from quantmill.core.calendar import calendar_for
from quantmill.core.span import Span
from quantmill.core.symbols import describe_symbol
from quantmill.errors import DamagedFileError, NotFoundError
from quantmill.lake.adjusting import Adjust, adjust_bars, split_factors
from quantmill.lake.catalogue import FileRef, find_files, find_schemas
from quantmill.lake.datasets import BARS, CORPORATE_ACTIONS, Dataset, dataset_of
from quantmill.lake.files import scan_paths
from quantmill.lake.schemas import schema_from_text
from quantmill.lake.volume import Volume
from quantmill.state.engine import State
from quantmill.state.tables.symbols import SYMBOL

__all__ = ["Hours", "Reader"]

Hours = Literal["regular", "extended"]

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the lake; safe to share between threads."""

    volume: Volume
    state: State
    _schemas: dict[str, dict[str, pl.DataType]] = field(default_factory=dict[str, dict[str, pl.DataType]])

    def files(
        self,
        datasets: Sequence[str],
        *,
        keys: Sequence[str] | None = None,
        span: Span | None = None,
        as_of: int | None = None,
    ) -> list[FileRef]:
        """The files of a snapshot that may hold rows of the keys and span."""
        with self.state.read() as connection:
            return find_files(connection, datasets, keys=keys, span=span, as_of=as_of)

    def scan(
        self,
        name: str,
        *,
        keys: Sequence[str] | None,
        span: Span | None,
        as_of: int | None,
        columns: Sequence[str] | None,
    ) -> pl.LazyFrame:
        """A lazy frame over the files of one snapshot."""
        dataset = dataset_of(name)

        def over(files: Sequence[FileRef]) -> pl.LazyFrame:
            if not files and dataset.is_open:
                raise NotFoundError(f"nothing is stored in {name}{_of(keys)}")
            return self._scan_files(files, dataset)

        lazy = _in_span(self._retried([name], over, keys=keys, span=span, as_of=as_of), dataset, span)
        return lazy if columns is None else lazy.select(columns)

    def bars(
        self, symbol: str, span: Span | None, *, hours: Hours, adjust: Adjust, as_of: int | None
    ) -> pl.DataFrame:
        """One symbol's bars of one snapshot, sorted by `ts`."""

        def read(files: Sequence[FileRef]) -> pl.DataFrame:
            own = _files_of(files, BARS)
            bars = _in_span(self._scan_files(own, BARS), BARS, span).collect()
            return self._shaped(symbol, bars, files, hours=hours, adjust=adjust)

        names = [BARS.name, CORPORATE_ACTIONS.name]
        bars = self._retried(names, read, keys=[symbol], span=span, as_of=as_of)
        if bars.height == 0:
            self._check_known(symbol)
        return bars

    def tail(self, symbol: str, n: int, *, hours: Hours, adjust: Adjust) -> pl.DataFrame:
        """The last `n` bars; opens the newest file first and no more than needed."""

        def read(files: Sequence[FileRef]) -> pl.DataFrame:
            own = _files_of(files, BARS)
            parts: list[pl.DataFrame] = []
            missing = n
            while own and missing > 0:
                stored = self._scan_files([own.pop()], BARS).collect()
                part = self._shaped(symbol, stored, files, hours=hours, adjust=adjust).tail(missing)
                parts.append(part)
                missing -= part.height
            return pl.concat(parts[::-1]) if parts else pl.DataFrame(schema=dict(BARS.columns))

        bars = self._retried([BARS.name, CORPORATE_ACTIONS.name], read, keys=[symbol], span=None, as_of=None)
        if bars.height == 0:
            self._check_known(symbol)
        return bars

    def _shaped(
        self, symbol: str, bars: pl.DataFrame, files: Sequence[FileRef], *, hours: Hours, adjust: Adjust
    ) -> pl.DataFrame:
        only_regular = hours == "regular" and any(file.n_extended for file in files)
        actions = _files_of(files, CORPORATE_ACTIONS) if adjust != "none" else []
        if bars.height == 0 or not (only_regular or actions):
            return bars
        labels = calendar_for(describe_symbol(symbol).calendar).label(us_of(bars["ts"]))
        if actions:
            rows = self._scan_files(actions, CORPORATE_ACTIONS).filter(pl.col("kind") == "split").collect()
            factors = split_factors(
                labels.session, rows["ex_date"].to_list(), rows["ratio"].to_list(), adjust=adjust
            )
            bars = adjust_bars(bars, factors)
        return bars.filter(pl.Series(labels.is_regular)) if only_regular else bars

    def _check_known(self, symbol: str) -> None:
        with self.state.read() as connection:
            known = sorted(connection.execute(select(SYMBOL.c.symbol)).scalars())
        if symbol not in known:
            named = ", ".join(known[:10]) + (" …" if len(known) > 10 else "")
            hint = f"stored are {named}" if known else "nothing is stored yet: import or ingest bars first"
            raise NotFoundError(f"no bars are stored for {symbol}", hint=hint)

    def _scan_files(self, files: Sequence[FileRef], dataset: Dataset) -> pl.LazyFrame:
        schema = dict(dataset.columns)
        if dataset.is_open:
            for columns in self._schemas_of(files):
                schema.update(columns)
        return scan_paths(self.volume.local([file.path for file in files]), schema)

    def _schemas_of(self, files: Sequence[FileRef]) -> list[Mapping[str, pl.DataType]]:
        ids = list(dict.fromkeys(file.schema_id for file in files))
        unknown = [id_ for id_ in ids if id_ not in self._schemas]
        if unknown:
            with self.state.read() as connection:
                found = find_schemas(connection, unknown)
            self._schemas.update({id_: schema_from_text(text) for id_, text in found.items()})
        return [self._schemas[id_] for id_ in ids]

    def _retried(
        self,
        names: Sequence[str],
        read: Callable[[Sequence[FileRef]], _Result],
        *,
        keys: Sequence[str] | None,
        span: Span | None,
        as_of: int | None,
    ) -> _Result:
        """Resolve and read; once more when a file is gone, since a cleaning may have overtaken the read."""
        for is_last in (False, True):
            try:
                return read(self.files(names, keys=keys, span=span, as_of=as_of))
            except FileNotFoundError as error:
                if is_last:
                    raise DamagedFileError(f"a lake file is missing: {str(error).splitlines()[0]}") from error
            except ComputeError as error:
                raise DamagedFileError(f"a lake file cannot be read: {str(error).splitlines()[0]}") from error
        raise AssertionError("unreachable")


def _files_of(files: Sequence[FileRef], dataset: Dataset) -> list[FileRef]:
    return [file for file in files if file.dataset == dataset.name]


def _in_span(lazy: pl.LazyFrame, dataset: Dataset, span: Span | None) -> pl.LazyFrame:
    if span is None or dataset.time is None:
        return lazy
    return lazy.filter(pl.col(dataset.time) >= span.start, pl.col(dataset.time) < span.end)


def _of(keys: Sequence[str] | None) -> str:
    return "" if keys is None else f" for {', '.join(keys)}"
