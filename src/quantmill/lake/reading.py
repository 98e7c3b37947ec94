"""Reads: the files of one snapshot, found by one catalogue query and opened by name."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, TypeVar

import polars as pl
from polars.exceptions import ComputeError
from sqlalchemy import Connection, select

from quantmill.core.bars import us_of
from quantmill.core.calendar import calendar_for
from quantmill.core.digest import digest
from quantmill.core.instants import date_of_day
from quantmill.core.span import Span
from quantmill.core.symbols import describe_symbol
from quantmill.errors import DamagedFileError, NotFoundError
from quantmill.lake.actions import SPLIT
from quantmill.lake.adjusting import Adjust, adjust_bars, dividend_factors, split_factors
from quantmill.lake.catalogue import (
    FileRef,
    Moment,
    find_files,
    find_hot_keys,
    find_moment,
    find_schemas,
    is_kept,
)
from quantmill.lake.content import add_digests, digest_of_rows
from quantmill.lake.datasets import BARS, CORPORATE_ACTIONS, REVISIONS, Dataset, dataset_of
from quantmill.lake.files import scan_paths
from quantmill.lake.hot import HotKey
from quantmill.lake.received import rows_received_by
from quantmill.lake.schemas import schema_from_text
from quantmill.lake.total_return import kept_fractions
from quantmill.lake.volume import Volume
from quantmill.state.engine import State
from quantmill.state.tables.symbols import SYMBOL

__all__ = ["Hours", "Reader"]

Hours = Literal["regular", "extended"]

_Result = TypeVar("_Result")
_MAX_REMEMBERED: Final = 200


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the lake; safe to share between threads."""

    volume: Volume
    state: State
    # What never changes: schemas by id, and what hot files hold of each symbol, by path.
    _schemas: dict[str, dict[str, pl.DataType]] = field(default_factory=dict[str, dict[str, pl.DataType]])
    _hot_keys: dict[str, dict[str, HotKey]] = field(default_factory=dict[str, dict[str, HotKey]])

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
            files = find_files(connection, datasets, keys=keys, span=span, as_of=as_of)
            return self._holding(connection, files, keys)

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
            return self._scan_files(files, dataset, keys)

        lazy = _in_span(self._retried([name], over, keys=keys, span=span, as_of=as_of), dataset, span)
        return lazy if columns is None else lazy.select(columns)

    def bars(
        self, symbol: str, span: Span | None, *, hours: Hours, adjust: Adjust, as_of: int | datetime | None
    ) -> pl.DataFrame:
        """One symbol's bars of one snapshot, sorted by `ts`."""

        def read(files: Sequence[FileRef]) -> pl.DataFrame:
            own = _files_of(files, BARS)
            bars = _in_span(self._scan_files(own, BARS, [symbol]), BARS, span).collect()
            return self._shaped(symbol, bars, files, hours=hours, adjust=adjust)

        names = [BARS.name, CORPORATE_ACTIONS.name]
        moment = None if as_of is None else self._moment(as_of)
        if moment is not None and not self._is_kept(moment.snapshot, [symbol]):
            bars = self._received(symbol, span, moment, hours=hours, adjust=adjust)
        else:
            # Total returns need closes before later ex-dates, which may lie in any file.
            within = None if adjust == "total" else span
            snapshot = None if moment is None else moment.snapshot
            bars = self._retried(names, read, keys=[symbol], span=within, as_of=snapshot)
        if bars.height == 0:
            self._check_known(symbol)
        return bars

    def tail(self, symbol: str, n: int, *, hours: Hours, adjust: Adjust) -> pl.DataFrame:
        """The last `n` bars; opens the newest file first and no more than needed."""

        def read(files: Sequence[FileRef]) -> pl.DataFrame:
            older = sorted(_files_of(files, BARS), key=lambda file: file.max_ts or 0)
            chosen: list[FileRef] = []
            found = 0
            while older and found < n:
                chosen.append(older.pop())
                found += self._n_bars(chosen[-1], symbol, hours)
            bars = self._some_bars(symbol, chosen, files, hours=hours, adjust=adjust).tail(n)
            # Late bars lie in newer files than their time tells: those that reach into the answer are opened too.
            reaching = [file for file in older if bars.height and (file.max_ts or 0) > _first_us(bars)]
            if reaching:
                bars = self._some_bars(symbol, [*chosen, *reaching], files, hours=hours, adjust=adjust).tail(
                    n
                )
            return bars

        bars = self._retried([BARS.name, CORPORATE_ACTIONS.name], read, keys=[symbol], span=None, as_of=None)
        if bars.height == 0:
            self._check_known(symbol)
        return bars

    def _some_bars(
        self, symbol: str, some: Sequence[FileRef], files: Sequence[FileRef], *, hours: Hours, adjust: Adjust
    ) -> pl.DataFrame:
        """The bars of some files, adjusted by what all of them say."""
        stored = self._scan_files(some, BARS, [symbol]).collect()
        return self._shaped(symbol, stored.sort("ts"), files, hours=hours, adjust=adjust)

    def _n_bars(self, file: FileRef, symbol: str, hours: Hours) -> int:
        """How many bars of the symbol a file holds in these hours."""
        if not file.is_hot:
            return file.rows - (file.n_extended if hours == "regular" else 0)
        key = self._keys_of(file)[symbol]
        return key.n_regular + (key.n_extended if hours == "extended" else 0)

    def input_digest(self, name: str, *, keys: Sequence[str] | None, as_of: int | None) -> str:
        """Digest of what a read gives: of bars by symbol, of other datasets by file."""
        if name != BARS.name:
            files = self.files([name], keys=keys, as_of=as_of)
            return digest([[file.dataset, file.key, file.period, file.content_sha256] for file in files])
        if as_of is not None and keys is not None and not self._is_kept(as_of, keys):
            moment = self._moment(as_of)
            received = {
                key: self._received(key, None, moment, hours="extended", adjust="none") for key in keys
            }
            sums = {key: digest_of_rows(rows) for key, rows in received.items() if rows.height}
        else:
            sums = self._sums_by_symbol(keys, as_of)
        return digest([[name, key, sums[key]] for key in sorted(sums)])

    def _sums_by_symbol(self, keys: Sequence[str] | None, as_of: int | None) -> dict[str, str]:
        sums: dict[str, str] = {}
        for file in self.files([BARS.name], keys=keys, as_of=as_of):
            held = {file.key: file.rows_digest or file.content_sha256}
            if file.is_hot:
                held = {symbol: key.rows_digest for symbol, key in self._keys_of(file).items()}
            for symbol, part in held.items():
                if keys is None or symbol in keys:
                    sums[symbol] = add_digests(sums[symbol], part) if symbol in sums else part
        return sums

    def _received(
        self, symbol: str, span: Span | None, moment: Moment, *, hours: Hours, adjust: Adjust
    ) -> pl.DataFrame:
        """Bars of a snapshot whose files are gone: what was received by its instant, replaced rows in their place."""

        def read(files: Sequence[FileRef]) -> pl.DataFrame:
            bars = self._scan_files(_files_of(files, BARS), BARS, [symbol])
            revisions = self._scan_files(_files_of(files, REVISIONS), REVISIONS, [symbol])
            rows = rows_received_by(moment.at_us, bars, revisions)
            return self._shaped(
                symbol, _in_span(rows, BARS, span).collect(), files, hours=hours, adjust=adjust
            )

        names = [BARS.name, REVISIONS.name, CORPORATE_ACTIONS.name]
        within = None if adjust == "total" else span
        return self._retried(names, read, keys=[symbol], span=within, as_of=None)

    def _moment(self, as_of: int | datetime) -> Moment:
        with self.state.read() as connection:
            return find_moment(connection, as_of)

    def _is_kept(self, snapshot: int, keys: Collection[str]) -> bool:
        with self.state.read() as connection:
            return is_kept(connection, [BARS.name], snapshot, keys=keys)

    def _holding(
        self, connection: Connection, files: list[FileRef], keys: Collection[str] | None
    ) -> list[FileRef]:
        """Without the hot files that hold none of the keys."""
        hot = [file for file in files if file.is_hot]
        unknown = [file for file in hot if file.path not in self._hot_keys]
        if unknown:
            if len(self._hot_keys) > _MAX_REMEMBERED:
                for path in self._hot_keys.keys() - {file.path for file in hot}:
                    self._hot_keys.pop(path, None)
            self._hot_keys.update(find_hot_keys(connection, unknown))
        if keys is None:
            return files
        return [file for file in files if not file.is_hot or any(key in self._keys_of(file) for key in keys)]

    def _keys_of(self, file: FileRef) -> dict[str, HotKey]:
        """What a hot file holds of each symbol."""
        known = self._hot_keys.get(file.path)
        if known is None:
            with self.state.read() as connection:
                known = find_hot_keys(connection, [file])[file.path]
        return known

    def _shaped(
        self, symbol: str, bars: pl.DataFrame, files: Sequence[FileRef], *, hours: Hours, adjust: Adjust
    ) -> pl.DataFrame:
        only_regular = hours == "regular" and any(file.n_extended for file in files)
        actions = _files_of(files, CORPORATE_ACTIONS) if adjust != "none" else []
        if bars.height == 0 or not (only_regular or actions):
            return bars
        calendar = calendar_for(describe_symbol(symbol).calendar)
        labels = calendar.label(us_of(bars["ts"]))
        if actions:
            rows = self._scan_files(actions, CORPORATE_ACTIONS, [symbol]).collect()
            splits = rows.filter(pl.col("kind") == SPLIT)
            shares = split_factors(
                labels.session, splits["ex_date"].to_list(), splits["ratio"].to_list(), adjust=adjust
            )
            prices = shares
            if adjust == "total":
                stored = self._scan_files(_files_of(files, BARS), BARS, [symbol])
                after = date_of_day(int(labels.session[0]))
                kept = kept_fractions(symbol, rows, stored, calendar, after=after)
                prices = shares * dividend_factors(labels.session, *kept)
            bars = adjust_bars(bars, prices, shares)
        return bars.filter(pl.Series(labels.is_regular)) if only_regular else bars

    def _check_known(self, symbol: str) -> None:
        with self.state.read() as connection:
            known = sorted(connection.execute(select(SYMBOL.c.symbol)).scalars())
        if symbol not in known:
            named = ", ".join(known[:10]) + (" …" if len(known) > 10 else "")
            hint = f"stored are {named}" if known else "nothing is stored yet: import or ingest bars first"
            raise NotFoundError(f"no bars are stored for {symbol}", hint=hint)

    def _scan_files(
        self, files: Sequence[FileRef], dataset: Dataset, keys: Sequence[str] | None
    ) -> pl.LazyFrame:
        schema = dict(dataset.columns)
        if dataset.is_open:
            for columns in self._schemas_of(files):
                schema.update(columns)
        base = self._scan([file for file in files if not file.is_hot], schema)
        hot = [file for file in files if file.is_hot]
        if not hot:
            return base
        rows = self._scan(hot, schema)
        if keys is not None:
            rows = rows.filter(pl.col(dataset.key).is_in(keys))
        return pl.concat([base, rows]).sort(dataset.key, *dataset.order)

    def _scan(self, files: Sequence[FileRef], schema: Mapping[str, pl.DataType]) -> pl.LazyFrame:
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


def _first_us(bars: pl.DataFrame) -> int:
    return int(bars["ts"].to_physical()[0])


def _files_of(files: Sequence[FileRef], dataset: Dataset) -> list[FileRef]:
    return [file for file in files if file.dataset == dataset.name]


def _in_span(lazy: pl.LazyFrame, dataset: Dataset, span: Span | None) -> pl.LazyFrame:
    if span is None or dataset.time is None:
        return lazy
    return lazy.filter(pl.col(dataset.time) >= span.start, pl.col(dataset.time) < span.end)


def _of(keys: Sequence[str] | None) -> str:
    return "" if keys is None else f" for {', '.join(keys)}"
