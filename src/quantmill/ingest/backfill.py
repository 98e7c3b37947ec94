"""Missing sessions from a provider into the lake."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final

import numpy as np
import polars as pl

from quantmill.core.bars import us_of
from quantmill.core.calendar import SessionCalendar, calendar_for
from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.core.symbols import canonical_symbol, describe_symbol
from quantmill.errors import ConflictError, NoDataError, SymbolKindError
from quantmill.ingest.quarantine import quarantine_rows, released_bars, without_released
from quantmill.ingest.report import IngestReport, Tally
from quantmill.ingest.split_signs import NO_SPLITS, stored_splits
from quantmill.ingest.validation import DEFAULT_RULES, ValidationRules, validate_bars
from quantmill.lake.merging import OnConflict
from quantmill.lake.store import Lake
from quantmill.providers.protocol import PAGE_SCHEMA, BarProvider

__all__ = ["ingest_symbols", "missing_sessions"]

_SESSIONS_PER_COMMIT: Final = 260


def ingest_symbols(
    lake: Lake,
    provider: BarProvider,
    symbols: Sequence[str],
    start: date,
    end: date,
    *,
    force: bool = False,
    on_conflict: OnConflict = "keep",
    rules: ValidationRules = DEFAULT_RULES,
    progress: Progress = NO_PROGRESS,
) -> IngestReport:
    """Fetch the sessions that the lake lacks and store their bars.

    Each run of about a year is committed by itself, so an interrupted backfill goes on where it stopped;
    repeated, it asks for nothing and changes nothing. Sessions that have not closed yet are left out.

    Args:
        lake: Where to.
        provider: Where from.
        symbols: Symbols in any accepted spelling.
        start: First session.
        end: Sessions before it; excluded.
        force: Ask for complete sessions too.
        on_conflict: What happens to stored rows that differ.
        rules: What counts as a bad row beyond what a bar is.
        progress: Told of each session.

    Raises:
        UsageError: If a symbol or the dates cannot be meant.
        NoDataError: If the provider has nothing, or no session has closed yet.
        SymbolKindError: If synthetic bars would come over real ones or the other way round; nothing is asked.
        ConflictError: If the symbol holds synthetic bars of another market; nothing is asked.
    """
    names = list(dict.fromkeys(canonical_symbol(symbol) for symbol in symbols))
    _check_kinds(lake, provider, names)
    work = _Backfill(lake, provider, on_conflict, rules)
    plans = {name: work.plan(name, start, end, force=force) for name in names}
    progress.start(f"Fetching from {provider.name}", sum(map(len, plans.values())))
    for name, sessions in plans.items():
        work.fetch(name, sessions, progress)
    report = work.tally.report(
        snapshot=lake.snapshot(),
        provider=provider.name,
        feed=provider.feed,
        is_synthetic=provider.is_synthetic,
    )
    if report.rows_read == 0 and report.sessions_requested:
        raise NoDataError(
            f"{provider.name} has no bars of {', '.join(names)} in {report.sessions_requested} sessions "
            f"from {start} to {end}"
        )
    return report


def missing_sessions(lake: Lake, symbol: str, start: date, end: date) -> list[date]:
    """Closed sessions of `start` to `end`, the latter excluded, that the lake does not hold completely.

    A synthetic session is complete with a bar per regular minute. Elsewhere minutes without a trade
    are absent, so a session with any regular bar counts as complete here; `find_gaps` lists short ones.
    """
    calendar = calendar_for(describe_symbol(symbol).calendar)
    now = lake.clock.now()
    closed = [day for day in calendar.sessions(start, end) if calendar.session_span(day).end <= now]
    known = lake.symbols().filter(pl.col("symbol") == symbol)
    is_synthetic = known.height > 0 and bool(known["is_synthetic"][0])
    stored: dict[date, int] = dict(lake.sessions(symbol).select("session", "n_regular").iter_rows())
    return [
        day for day in closed if stored.get(day, 0) < (calendar.session_minutes(day) if is_synthetic else 1)
    ]


class _Backfill:
    """One backfill under way."""

    def __init__(
        self, lake: Lake, provider: BarProvider, on_conflict: OnConflict, rules: ValidationRules
    ) -> None:
        self._lake, self._provider, self._rules = lake, provider, rules
        self._on_conflict: OnConflict = on_conflict
        self._splits = stored_splits(lake)
        self._released = released_bars(lake)
        self.tally = Tally()

    def plan(self, symbol: str, start: date, end: date, *, force: bool) -> list[date]:
        """Sessions to ask for."""
        calendar = calendar_for(describe_symbol(symbol).calendar)
        asked = calendar.sessions(start, end)
        now = self._lake.clock.now()
        closed = [day for day in asked if calendar.session_span(day).end <= now]
        if len(closed) < len(asked):
            self.tally.notes.append(
                f"{symbol}: {len(asked) - len(closed)} sessions have not closed yet; left out"
            )
        if not asked:
            raise NoDataError(f"{calendar.name} has no session from {start} to {end}")
        if not closed:
            raise NoDataError(f"{symbol}: no session from {start} to {end} has closed yet")
        self.tally.symbols.add(symbol)
        sessions = closed if force else missing_sessions(self._lake, symbol, start, end)
        if len(sessions) < len(closed):
            self.tally.notes.append(f"{symbol}: {len(closed) - len(sessions)} sessions were there already")
        return sessions

    def fetch(self, symbol: str, sessions: list[date], progress: Progress) -> None:
        """Ask for sessions and store them, about a year at a time."""
        calendar = calendar_for(describe_symbol(symbol).calendar)
        for at in range(0, len(sessions), _SESSIONS_PER_COMMIT):
            part = sessions[at : at + _SESSIONS_PER_COMMIT]
            pages: list[pl.DataFrame] = []
            for run in _runs(calendar, part):
                span = calendar.day_span(run[0], run[-1] + timedelta(days=1))
                pages += self._provider.bars(symbol, span, progress=progress)
            self.tally.sessions_requested += len(part)
            pages = [page for page in pages if page.height]
            if pages:
                self._store(symbol, calendar, pl.concat(pages))

    def _store(self, symbol: str, calendar: SessionCalendar, rows: pl.DataFrame) -> None:
        lake, tally = self._lake, self.tally
        checked = validate_bars(
            rows,
            describe_symbol(symbol),
            calendar,
            now_us=lake.clock.now_us(),
            rules=self._rules,
            splits=self._splits.get(symbol, NO_SPLITS),
        )
        bad, again = without_released(
            quarantine_rows(
                checked.bad,
                checked.bad.drop("reason").to_dicts(),
                source=self._provider.feed,
                provider=self._provider.name,
            ),
            self._released,
        )
        good = pl.concat([checked.good.select(*PAGE_SCHEMA), again]).unique("ts", keep="first").sort("ts")
        labels = calendar.label(us_of(good["ts"]))
        tally.rows_read += rows.height
        tally.rows_duplicate += checked.n_duplicates
        tally.rows_overruled += checked.overruled.height
        tally.n_unsorted += checked.n_unsorted
        tally.rows_extended += int((~labels.is_regular).sum())
        tally.sessions += int(np.unique(labels.session).size)
        if bad.height:
            tally.reasons.update(bad["reason"].to_list())
            once = bad.unique("row_digest", keep="first", maintain_order=True)
            lake.write("quarantine", once, note=f"quarantine {symbol}")
        commit = lake.write(
            "bars",
            good,
            on_conflict=self._on_conflict,
            overruled=checked.overruled.select(*PAGE_SCHEMA),
            note=f"ingest {symbol}",
        )
        tally.rows_stored += commit.inserted
        tally.rows_existing += commit.existing - commit.replaced
        tally.rows_replaced += commit.replaced
        tally.conflicts += commit.conflicts + checked.overruled.height


def _check_kinds(lake: Lake, provider: BarProvider, names: Sequence[str]) -> None:
    known: dict[str, bool] = dict(lake.symbols().select("symbol", "is_synthetic").iter_rows())
    for name in names:
        if name not in known:
            continue
        if known[name] != provider.is_synthetic:
            asked, stored = ("synthetic", "real") if provider.is_synthetic else ("real", "synthetic")
            raise SymbolKindError(f"{asked} bars asked for {name}, which holds {stored} ones")
        if provider.is_synthetic:
            feeds = lake.scan("bars", keys=[name], columns=["feed"]).unique().collect()["feed"].to_list()
            others = sorted(feed for feed in feeds if feed != provider.feed)
            if others:
                raise ConflictError(
                    f"{name} holds bars of the synthetic market {others[0]}, asked were ones of {provider.feed}",
                    hint="use another --home for another market, or the seed and strength of the stored one",
                )


def _runs(calendar: SessionCalendar, sessions: list[date]) -> Iterator[list[date]]:
    """Stretches of sessions that follow one another."""
    run: list[date] = []
    for day in sessions:
        if run and calendar.next_sessions(run[-1] + timedelta(days=1), 1) != [day]:
            yield run
            run = []
        run.append(day)
    if run:
        yield run
