"""What can be read of a lake: bars and rows of any dataset, SQL, what there is, and whether it is intact."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

import polars as pl

from quantmill.core.clock import Clock
from quantmill.core.interval import Interval
from quantmill.core.span import Span
from quantmill.errors import NotFoundError
from quantmill.lake.adjusting import Adjust
from quantmill.lake.catalogue import FileRef, find_head
from quantmill.lake.datasets import DAILY, NEWS, NEWS_SENTIMENT, dataset_of
from quantmill.lake.known import known_by
from quantmill.lake.news import news_known_by
from quantmill.lake.overview import list_keys, list_sessions, list_symbols
from quantmill.lake.query import run_query
from quantmill.lake.reading import Hours, Reader
from quantmill.lake.resampling import resample_bars, widened
from quantmill.lake.schema_checking import CheckedDataset, check_stored_schemas
from quantmill.lake.verifying import VerifyReport, verify_lake
from quantmill.lake.volume import Volume
from quantmill.state.engine import State

__all__ = ["ReadableLake"]

_QUERY_TIMEOUT_S: Final = 60.0
_MAX_NAMED: Final = 10


@dataclass(frozen=True, slots=True)
class ReadableLake:
    """Everything that can be read of a lake; readers see whole commits only and never wait for a writer."""

    root: Path
    volume: Volume
    state: State
    clock: Clock
    _reader: Reader

    def snapshot(self) -> int:
        """The newest snapshot; 0 before the first commit."""
        with self.state.read() as connection:
            return find_head(connection)

    def files(
        self,
        dataset: str,
        *,
        keys: Sequence[str] | None = None,
        span: Span | None = None,
        as_of: int | None = None,
    ) -> list[FileRef]:
        """The files that a read with the same arguments opens, by key and time."""
        return self._reader.files([dataset], keys=keys, span=span, as_of=as_of)

    def input_digest(
        self, dataset: str, *, keys: Sequence[str] | None = None, as_of: int | None = None
    ) -> str:
        """Digest of the content that a read with the same arguments gives.

        Equal rows give the same digest in every home, whenever they were stored; equal bars also however they
        are cut into files.
        """
        return self._reader.input_digest(dataset, keys=keys, as_of=as_of)

    def scan(
        self,
        dataset: str,
        *,
        keys: Sequence[str] | None = None,
        span: Span | None = None,
        as_of: int | None = None,
        columns: Sequence[str] | None = None,
    ) -> pl.LazyFrame:
        """Rows of one snapshot as a lazy frame, by key and time; collect it soon.

        Args:
            dataset: Name of the dataset.
            keys: Keys to read, all when None.
            span: Bars whose start lies in it.
            as_of: Snapshot to read, the newest when None.
            columns: Columns to read, all when None.

        Raises:
            NotFoundError: If the dataset or snapshot is unknown, or a dataset of free columns holds nothing.
            DamagedFileError: If a file is missing.
        """
        return self._reader.scan(dataset, keys=keys, span=span, as_of=as_of, columns=columns)

    def read_bars(
        self,
        symbol: str,
        span: Span | None = None,
        *,
        hours: Hours = "regular",
        adjust: Adjust = "forward",
        as_of: int | datetime | None = None,
    ) -> pl.DataFrame:
        """One symbol's bars, sorted by `ts`; the one source of bars for all stages.

        Args:
            symbol: A canonical symbol.
            span: Bars whose start lies in it; all when None.
            hours: `regular` bars lie in [open, close) of their session; `extended` gives all.
            adjust: `forward` multiplies prices by the splits up to each bar's session and never changes the
                past, `back` divides by later splits, `none` gives stored prices. Volume moves the other way.
                `total` is `back` with later dividends taken out too, so that returns are total returns; it looks
                at later closes up to the last stored session.
            as_of: Snapshot to read, or an instant: what had been received by then; the newest when None. Where
                files of an early snapshot were cleaned away, revisions tell what the bars were when it was made.

        Returns:
            The columns of `BAR_SCHEMA`; no rows when the symbol has none in the span.

        Raises:
            NotFoundError: If the symbol or snapshot is unknown, or `total` needs a close that is not stored.
            DataError: If a dividend is not below the close before it (`total`).
            DamagedFileError: If a file is missing or cannot be read.
        """
        return self._reader.bars(symbol, span, hours=hours, adjust=adjust, as_of=as_of)

    def resampled_bars(
        self,
        symbol: str,
        interval: Interval,
        span: Span | None = None,
        *,
        hours: Hours = "regular",
        adjust: Adjust = "forward",
        as_of: int | datetime | None = None,
    ) -> pl.DataFrame:
        """One symbol's bars of 5 minutes to a session, made of what `read_bars` gives; see `resample_bars`.

        Args:
            symbol: A canonical symbol.
            interval: Longer than a minute.
            span: Bars whose start lies in it, each made of all its minutes; all when None.
            hours: As in `read_bars`; extended bars say their `phase`.
            adjust: As in `read_bars`: minutes are adjusted before they are put together.
            as_of: As in `read_bars`.

        Raises:
            UsageError: If the interval is one minute.
            NotFoundError: If the symbol or snapshot is unknown.
            DamagedFileError: If a file is missing or cannot be read.
        """
        minutes = self.read_bars(symbol, widened(span, interval), hours=hours, adjust=adjust, as_of=as_of)
        resampled = resample_bars(minutes, interval, hours=hours)
        if span is None:
            return resampled
        return resampled.filter(pl.col("ts").is_between(span.start, span.end, closed="left"))

    def tail(
        self, symbol: str, n: int, *, hours: Hours = "regular", adjust: Adjust = "forward"
    ) -> pl.DataFrame:
        """The last `n` bars of a symbol in ascending order; arguments as in `read_bars`."""
        return self._reader.tail(symbol, n, hours=hours, adjust=adjust)

    def read_daily(
        self,
        symbol: str,
        start: date | None = None,
        end: date | None = None,
        *,
        known_at: datetime | None = None,
    ) -> pl.DataFrame:
        """One symbol's daily rows as known at an instant, sorted by session; none before its `available_at`.

        Args:
            symbol: A canonical symbol.
            start: First session, the first there is when None.
            end: Session after the last one, the last there is when None.
            known_at: The instant; now when None. Of a corrected row it sees the version that was known then.

        Returns:
            The columns of dataset `daily`; volume is null for indices, and so are prices that the source got wrong.

        Raises:
            NotFoundError: If no daily rows of the symbol are stored.
        """
        stored = self.scan(DAILY.name, keys=[symbol])
        if not self.files(DAILY.name, keys=[symbol]):
            known = ", ".join(self.keys(DAILY.name)[:_MAX_NAMED])
            hint = f"stored are {known}" if known else "`quantmill daily import FILE` stores some"
            raise NotFoundError(f"no daily rows are stored for {symbol}", hint=hint)
        if start is not None:
            stored = stored.filter(pl.col("session") >= start)
        if end is not None:
            stored = stored.filter(pl.col("session") < end)
        rows = known_by(known_at or self.clock.now(), stored, DAILY)
        return rows.sort("session").collect()

    def read_news(
        self,
        symbols: Sequence[str] | None = None,
        span: Span | None = None,
        *,
        known_at: datetime | None = None,
    ) -> pl.DataFrame:
        """News as known at an instant, one row per article and symbol; see `quantmill.lake.news`.

        Args:
            symbols: Canonical symbols; all, and articles about none, when None.
            span: When articles were first published.
            known_at: The instant; now when None. Articles and sentiment that came later do not show.

        Returns:
            The columns of `NEWS_ROWS` by time of publication; no rows when nothing was known.
        """
        articles = self.scan(NEWS.name, span=span)
        sentiment = self.scan(NEWS_SENTIMENT.name, span=span)
        return news_known_by(known_at or self.clock.now(), articles, sentiment, symbols).collect()

    def keys(self, dataset: str) -> list[str]:
        """Keys (symbols, models, batches or runs) that a dataset holds, sorted."""
        dataset_of(dataset)
        with self.state.read() as connection:
            return list_keys(connection, dataset)

    def sessions(self, symbol: str) -> pl.DataFrame:
        """Bars per session of a symbol, from the catalogue: `session`, `n_regular`, `n_extended`."""
        with self.state.read() as connection:
            return list_sessions(connection, symbol)

    def symbols(self) -> pl.DataFrame:
        """Every known symbol: what it is, and what is stored of it, from the catalogue."""
        with self.state.read() as connection:
            return list_symbols(connection)

    def sql(
        self,
        query: str,
        *,
        limit: int | None = None,
        timeout_s: float = _QUERY_TIMEOUT_S,
        tables: Mapping[str, pl.DataFrame] | None = None,
    ) -> pl.DataFrame:
        """The result of one SQL query over the newest snapshot.

        Views are `bars`, `features` (of each symbol the newest version of set `core`), every other dataset
        under its name, `symbols` and `sessions`. Prices in `bars` are as stored, extended hours included;
        `bars_5m` to `bars_1d` are made of its regular bars, `bars_with_phase` adds each bar's session and phase.

        Args:
            query: One statement of DuckDB that only reads.
            limit: Rows to return at most.
            timeout_s: Seconds after which the query is given up.
            tables: Further tables by name.

        Raises:
            QueryError: If the query does more than read, is wrong, or takes too long or too much memory.
            DamagedFileError: If a file is missing.
        """
        return run_query(
            self.volume, self.state, query, limit=limit, timeout_s=timeout_s, tables=tables or {}
        )

    def verify(self) -> VerifyReport:
        """Read every live file and compare it with the catalogue."""
        return verify_lake(self.volume, self.state)

    def check_schemas(self, *, dataset: str | None = None, span: Span | None = None) -> list[CheckedDataset]:
        """Compare the columns of stored files, read from their footers, with those declared and committed."""
        return check_stored_schemas(self.volume, self.state, dataset=dataset, span=span)
