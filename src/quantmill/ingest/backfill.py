"""Missing sessions from a chain of providers into the lake."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Final

import polars as pl
from sqlalchemy import Connection

from quantmill.core.calendar import calendar_for
from quantmill.core.instants import MINUTE_US
from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.core.symbols import canonical_symbol, describe_symbol
from quantmill.errors import (
    ConflictError,
    NoDataError,
    SymbolKindError,
    UnavailableError,
)
from quantmill.ingest.chain import Chain, Delivery
from quantmill.ingest.planning import Chunk, Plan, plan_backfill
from quantmill.ingest.quarantine import quarantine_rows, released_bars, without_released
from quantmill.ingest.report import Fallback, IngestReport, Tally
from quantmill.ingest.session_answers import record
from quantmill.ingest.split_signs import NO_SPLITS, find_split_signs, stored_splits
from quantmill.ingest.validation import DEFAULT_RULES, ValidationRules, validate_bars
from quantmill.ingest.workers import fetch_ahead
from quantmill.lake.merging import OnConflict
from quantmill.lake.periods import count_sessions
from quantmill.lake.staging import Staged
from quantmill.lake.store import Lake
from quantmill.providers.http.traffic import Traffic
from quantmill.providers.protocol import PAGE_SCHEMA

__all__ = ["ingest_symbols"]

_MAX_FAILED_IN_A_ROW: Final = 3
_MAX_TOLD: Final = 6


def ingest_symbols(
    lake: Lake,
    chain: Chain,
    symbols: Sequence[str],
    start: date,
    end: date,
    *,
    force: bool = False,
    on_conflict: OnConflict = "keep",
    rules: ValidationRules = DEFAULT_RULES,
    parallel: int = 4,
    lateness_minutes: int = 15,
    traffic: Traffic | None = None,
    progress: Progress = NO_PROGRESS,
) -> IngestReport:
    """Fetch the sessions that the lake lacks and store their bars.

    A year of a symbol, or as much of several, is committed at a time, together with what each provider said of each
    session, so an interrupted backfill goes on where it stopped; repeated, it asks for nothing and changes nothing.
    Bars that are not over yet are left out; sessions that are not final are asked for once more, and what changed
    since becomes a revision.

    Args:
        lake: Where to.
        chain: Where from.
        symbols: Symbols in any accepted spelling.
        start: First session.
        end: Sessions before it; excluded.
        force: Ask for complete sessions and those known to be empty too.
        on_conflict: What happens to stored rows that differ; in sessions that were not final they are replaced.
        rules: What counts as a bad row beyond what a bar is.
        parallel: Fetches under way at a time.
        lateness_minutes: From so long after a day's last minute a session is final.
        traffic: Counts the requests that the chain's providers send; the report shows it.
        progress: Told of each session.

    Raises:
        UsageError: If a symbol or the dates cannot be meant.
        NoDataError: If no provider has anything, or no session has begun yet; it says what each answered.
        AuthError: If a provider refuses its credentials; nothing else is asked.
        UnavailableError: If providers failed and some session was answered by none; what came before is stored.
        SymbolKindError: If synthetic bars would come over real ones or the other way round; nothing is asked.
        ConflictError: If the symbol holds synthetic bars of another market; nothing is asked.
    """
    names = list(dict.fromkeys(canonical_symbol(symbol) for symbol in symbols))
    _check_kinds(lake, chain, names)
    plan = plan_backfill(lake, chain, names, start, end, force=force, lateness_minutes=lateness_minutes)
    work = _Backfill(lake, chain, on_conflict, rules, plan)
    work.tally.symbols.update(names)
    work.run(parallel, progress)
    return work.report(traffic or Traffic())


class _Backfill:
    """One backfill under way."""

    def __init__(
        self, lake: Lake, chain: Chain, on_conflict: OnConflict, rules: ValidationRules, plan: Plan
    ) -> None:
        self._lake, self._chain, self._rules, self._plan = lake, chain, rules, plan
        self._on_conflict: OnConflict = on_conflict
        self._splits = stored_splits(lake)
        self._released = released_bars(lake)
        self._fallbacks: list[Fallback] = []
        self._sources: Counter[tuple[str, str]] = Counter()
        self._n_unanswered = 0
        self._n_unfinished = 0
        self.tally = Tally()
        self.tally.notes += plan.notes

    def run(self, parallel: int, progress: Progress) -> None:
        """Fetch and store all chunks."""
        progress.start(
            f"Fetching from {', '.join(one.name for one in self._chain.providers)}", self._plan.n_sessions
        )
        failed_in_a_row = 0
        for chunk, delivery in fetch_ahead(self._plan.chunks, self._fetch, parallel=parallel):
            self._fallbacks += delivery.fallbacks
            self.tally.sessions_requested += chunk.n_sessions
            if delivery.answers:
                self._store(chunk, delivery)
            if delivery.unanswered:
                self._n_unanswered += len(delivery.unanswered)
            is_down = bool(delivery.unanswered) and not delivery.answers
            failed_in_a_row = failed_in_a_row + 1 if is_down else 0
            if failed_in_a_row == _MAX_FAILED_IN_A_ROW:
                break
            progress.advance(chunk.n_sessions, note=", ".join(one.symbol for one in chunk.wanted))

    def report(self, traffic: Traffic) -> IngestReport:
        """What was done.

        Raises:
            NoDataError: If there was nothing anywhere.
            UnavailableError: If some sessions were answered by no provider.
        """
        if self._n_unanswered:
            raise UnavailableError(
                f"{self._n_unanswered} sessions were answered by no provider; {self.tally.rows_stored:,} "
                f"bars of others are stored. {'; '.join(self._answers_in_words())}",
                hint="run it again: it goes on with what is missing",
            )
        tally, chain = self.tally, self._chain
        if tally.rows_read == 0 and tally.sessions_requested:
            raise NoDataError(
                f"no provider has bars of {', '.join(sorted(tally.symbols))} in {tally.sessions_requested} sessions: "
                + "; ".join(self._answers_in_words())
            )
        if self._n_unfinished:
            tally.notes.append(f"{self._n_unfinished} bars were not over yet; left out")
        if not chain.is_synthetic:
            tally.notes += self._fallback_notes()
        grades = {one.name: one.capability.grade for one in chain.providers}
        gave = list(self._sources) or [(one.name, one.feed) for one in chain.providers[:1]]
        return tally.report(
            snapshot=self._lake.snapshot(),
            provider=", ".join(dict.fromkeys(name for name, _ in gave)),
            feed=", ".join(dict.fromkeys(feed for _, feed in gave)),
            is_synthetic=chain.is_synthetic,
            grade=", ".join(dict.fromkeys(grades[name] for name, _ in gave)),
            fallbacks=self._fallbacks,
            requests=traffic.requests,
            retries=traffic.retries,
        )

    def _fetch(self, chunk: Chunk) -> Delivery:
        return self._chain.fetch(
            chunk.wanted, asked_us=self._lake.clock.now_us(), final_us=self._plan.final_us
        )

    def _store(self, chunk: Chunk, delivery: Delivery) -> None:
        """One commit: bars, bad rows, and what the providers said."""
        lake, tally = self._lake, self.tally
        good: list[pl.DataFrame] = []
        overruled: list[pl.DataFrame] = []
        bad: list[pl.DataFrame] = []
        for symbol, pages in delivery.rows.items():
            rows = self._finished(pl.concat(pages))
            sound, lost, wrong = self._checked(symbol, rows)
            good.append(sound)
            overruled.append(lost)
            bad += wrong
        bars = pl.concat(good) if good else None
        quarantine = pl.concat(bad).unique("row_digest", keep="first", maintain_order=True) if bad else None
        policy: OnConflict = (
            "replace" if chunk.is_again and self._on_conflict == "keep" else self._on_conflict
        )

        def stage() -> list[Staged]:
            staged: list[Staged] = []
            if bars is not None and bars.height:
                staged.append(lake.stage("bars", bars, on_conflict=policy, overruled=pl.concat(overruled)))
            if quarantine is not None and quarantine.height:
                staged.append(lake.stage("quarantine", quarantine))
            return staged

        def also(connection: Connection) -> None:
            record(connection, delivery.answers)

        names = ", ".join(one.symbol for one in chunk.wanted)
        staged = lake.write_with(stage, also, note=f"ingest {names}")
        if bars is not None and bars.height:
            commit = staged[0]
            # Of one source are whole sessions at least: there are few runs, and to group takes longer.
            for run in bars.select(pl.struct("provider", "feed").rle()).to_series():
                self._sources[run["value"]["provider"], run["value"]["feed"]] += run["len"]
            tally.rows_stored += commit.inserted
            tally.rows_existing += commit.existing - commit.replaced
            tally.rows_replaced += commit.replaced
            tally.conflicts += commit.conflicts + sum(part.height for part in overruled)

    def _finished(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The bars that are over: the one of the running minute would be final next time and differ."""
        over = rows.filter(pl.col("ts").cast(pl.Int64) <= self._lake.clock.now_us() - MINUTE_US)
        self._n_unfinished += rows.height - over.height
        return over

    def _checked(
        self, symbol: str, rows: pl.DataFrame
    ) -> tuple[pl.DataFrame, pl.DataFrame, list[pl.DataFrame]]:
        """Good, overruled and bad rows of a symbol, counted."""
        lake, tally = self._lake, self.tally
        info = describe_symbol(symbol)
        calendar = calendar_for(info.calendar)
        splits = self._splits.get(symbol, NO_SPLITS)
        checked = validate_bars(
            rows, info, calendar, now_us=lake.clock.now_us(), rules=self._rules, splits=splits
        )
        waiting: list[pl.DataFrame] = []
        again: list[pl.DataFrame] = []
        by_source = checked.bad.partition_by("provider", "feed", as_dict=True) if checked.bad.height else {}
        for (provider, feed), part in by_source.items():
            raw = part.drop("reason").to_dicts()
            one, released = without_released(
                quarantine_rows(part, raw, source=str(feed), provider=str(provider)), self._released
            )
            waiting.append(one)
            again.append(released)
        good = checked.good.select(*PAGE_SCHEMA)
        if again:
            good = pl.concat([good, *again]).unique("ts", keep="first").sort("ts")
        counts = count_sessions(symbol, good)
        tally.rows_read += rows.height
        tally.rows_duplicate += checked.n_duplicates
        tally.rows_overruled += checked.overruled.height
        tally.n_unsorted += checked.n_unsorted
        tally.rows_extended += int(counts.n_extended.sum())
        tally.sessions += counts.session.size
        for part in waiting:
            tally.reasons.update(part["reason"].to_list())
        if info.asset_class == "equity" and good.height and not self._chain.is_synthetic:
            tally.notes += map(str, find_split_signs(lake, symbol, good, calendar, splits))
        return good, checked.overruled.select(*PAGE_SCHEMA), waiting

    def _answers_in_words(self) -> list[str]:
        words = {one.provider: one.reason for one in reversed(self._fallbacks)}
        return [f"{name}: {reason}" for name, reason in (words | dict(self._chain.skipped)).items()]

    def _fallback_notes(self) -> list[str]:
        notes = [f"{name} was skipped: {reason}" for name, reason in self._chain.skipped.items()]
        groups: dict[tuple[str, str], list[Fallback]] = {}
        for one in self._fallbacks:
            groups.setdefault((one.provider, one.reason), []).append(one)
        for (provider, reason), ones in list(groups.items())[:_MAX_TOLD]:
            symbols = ", ".join(sorted({one.symbol for one in ones}))
            n_sessions = sum(one.sessions for one in ones)
            notes.append(f"{provider} did not give {n_sessions} sessions of {symbols}: {reason}")
        if len(groups) > _MAX_TOLD:
            notes.append(f"{len(groups) - _MAX_TOLD} more reasons are listed under `fallbacks`")
        return notes


def _check_kinds(lake: Lake, chain: Chain, names: Sequence[str]) -> None:
    known: dict[str, bool] = dict(lake.symbols().select("symbol", "is_synthetic").iter_rows())
    for name in names:
        if name not in known:
            continue
        if known[name] != chain.is_synthetic:
            asked, stored = ("synthetic", "real") if chain.is_synthetic else ("real", "synthetic")
            raise SymbolKindError(f"{asked} bars asked for {name}, which holds {stored} ones")
        if chain.is_synthetic:
            feed = chain.providers[0].feed
            feeds = lake.scan("bars", keys=[name], columns=["feed"]).unique().collect()["feed"].to_list()
            others = sorted(other for other in feeds if other != feed)
            if others:
                raise ConflictError(
                    f"{name} holds bars of the synthetic market {others[0]}, asked were ones of {feed}",
                    hint="use another --home for another market, or the seed and strength of the stored one",
                )
