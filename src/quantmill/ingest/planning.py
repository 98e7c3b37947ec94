"""Which sessions a backfill asks for: those that are missing, were not final, or are wanted in any case."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from quantmill.core.calendar import SessionCalendar, calendar_for
from quantmill.core.instants import MINUTE_US, to_us
from quantmill.core.span import Span
from quantmill.core.symbols import describe_symbol
from quantmill.errors import NoDataError
from quantmill.ingest.chain import Chain, Wanted
from quantmill.ingest.session_answers import SessionAnswer, answers_of
from quantmill.lake.store import Lake

__all__ = ["Chunk", "Plan", "final_from_us", "missing_sessions", "plan_backfill"]

# A chunk is what one commit stores: a year of one symbol, which is a file of the lake and would be written again by
# each commit that brings a part of it, or as many sessions of up to eight symbols; a synthetic market has no years.
_CHUNK_SESSIONS: Final = 260
_CHUNK_SYMBOLS: Final = 8


@dataclass(frozen=True, slots=True)
class Chunk:
    """Sessions that are fetched together and stored by one commit; `is_again` when stored bars are asked for anew."""

    wanted: tuple[Wanted, ...]
    is_again: bool = False

    @property
    def n_sessions(self) -> int:
        """Pairs of symbol and session."""
        return sum(len(one.sessions) for one in self.wanted)


@dataclass
class Plan:
    """All chunks of a backfill, when each session is final, and what is to be said."""

    chunks: list[Chunk] = field(default_factory=list[Chunk])
    final_us: dict[tuple[str, date], int] = field(default_factory=dict[tuple[str, date], int])
    notes: list[str] = field(default_factory=list[str])

    @property
    def n_sessions(self) -> int:
        """Pairs of symbol and session."""
        return sum(chunk.n_sessions for chunk in self.chunks)


def plan_backfill(
    lake: Lake,
    chain: Chain,
    symbols: Sequence[str],
    start: date,
    end: date,
    *,
    force: bool = False,
    lateness_minutes: int = 15,
) -> Plan:
    """What to ask for.

    A session is left out when bars of its regular hours are stored and final, when every provider of the chain finally
    said that it has none, and when it has not begun; with `force` only the latter. One under way or not final yet is
    asked for again at each backfill, and of its provider alone, so that a session stays of one source.

    Args:
        lake: What is stored.
        chain: Whom to ask.
        symbols: Canonical.
        start: First session.
        end: Sessions before it.
        force: Ask for all.
        lateness_minutes: From so long after the day's last minute a session is final.

    Raises:
        NoDataError: If there is no session in the dates, or none has begun.
    """
    plan = Plan()
    synthetic: dict[str, bool] = dict(lake.symbols().select("symbol", "is_synthetic").iter_rows())
    spans: dict[str, dict[date, Span]] = {}
    again: dict[tuple[date, ...], list[Wanted]] = defaultdict(list)
    new: dict[tuple[date, ...], list[Wanted]] = defaultdict(list)
    for symbol in symbols:
        calendar = calendar_for(describe_symbol(symbol).calendar)
        if calendar.name not in spans:
            spans[calendar.name] = {day: calendar.session_span(day) for day in calendar.sessions(start, end)}
            for day in spans[calendar.name]:
                plan.final_us[calendar.name, day] = final_from_us(calendar, day, lateness_minutes)
        begun = _begun(lake, chain, symbol, spans[calendar.name], start, end, plan)
        known = _Known(lake, symbol, start, end, chain, is_synthetic=synthetic.get(symbol, False))
        todo = (
            begun if force else [day for day in begun if known.needs(day, plan.final_us[calendar.name, day])]
        )
        if len(todo) < len(begun):
            plan.notes.append(f"{symbol}: {len(begun) - len(todo)} sessions were there already")
        empty = {} if force else {day: names for day in todo if (names := known.empty_at(day))}
        for days in _pieces(calendar, [day for day in todo if not known.is_stored(day)], chain):
            new[tuple(days)].append(Wanted(symbol, tuple(days), {d: empty[d] for d in days if d in empty}))
        by_source: dict[str | None, list[date]] = defaultdict(list)
        for day in todo:
            if known.is_stored(day):
                by_source[None if force else known.source_of(day)].append(day)
        for source, stored in by_source.items():
            for days in _pieces(calendar, stored, chain):
                again[tuple(days)].append(Wanted(symbol, tuple(days), only=source))
    for wanted, is_again in ((new, False), (again, True)):
        for ones in wanted.values():
            size = max(1, min(_CHUNK_SYMBOLS, _CHUNK_SESSIONS // len(ones[0].sessions)))
            for at in range(0, len(ones), size):
                plan.chunks.append(Chunk(tuple(ones[at : at + size]), is_again))
    return plan


def missing_sessions(lake: Lake, chain: Chain, symbol: str, start: date, end: date) -> list[date]:
    """Sessions of `start` to `end`, the latter excluded, that a backfill would ask for."""
    plan = plan_backfill(lake, chain, [symbol], start, end)
    return sorted(day for chunk in plan.chunks for one in chunk.wanted for day in one.sessions)


def final_from_us(calendar: SessionCalendar, session: date, lateness_minutes: int) -> int:
    """The instant from which no bar of a session is expected any more, microseconds since 1970 UTC.

    Trading after hours ends with the exchange's day at the latest: at 20:00 in New York, four hours before midnight.
    """
    hours_after = 0 if calendar.name == "24/7" else 4
    day_end = calendar.day_span(session, session + timedelta(days=1)).end - timedelta(hours=hours_after)
    last = max(calendar.session_span(session).end, day_end)
    return to_us(last) + lateness_minutes * MINUTE_US


def _begun(
    lake: Lake,
    chain: Chain,
    symbol: str,
    spans: Mapping[date, Span],
    start: date,
    end: date,
    plan: Plan,
) -> list[date]:
    if not spans:
        raise NoDataError(f"{symbol}: the exchange has no session from {start} to {end}")
    now = lake.clock.now()
    # A made-up session is whole or not there.
    begun = [day for day, span in spans.items() if (span.end if chain.is_synthetic else span.start) <= now]
    word = "closed" if chain.is_synthetic else "begun"
    if not begun:
        raise NoDataError(f"{symbol}: no session from {start} to {end} has {word} yet")
    if len(begun) < len(spans):
        plan.notes.append(f"{symbol}: {len(spans) - len(begun)} sessions have not {word} yet; left out")
    return begun


class _Known:
    """What is stored of a symbol's sessions, and what providers said of them."""

    def __init__(
        self, lake: Lake, symbol: str, start: date, end: date, chain: Chain, *, is_synthetic: bool
    ) -> None:
        self._is_synthetic = is_synthetic
        self._stored: dict[date, int] = dict(lake.sessions(symbol).select("session", "n_regular").iter_rows())
        self._calendar = calendar_for(describe_symbol(symbol).calendar)
        self._answers: dict[date, dict[str, SessionAnswer]] = defaultdict(dict)
        for answer in answers_of(lake.state, symbol, start, end):
            self._answers[answer.session][answer.provider] = answer
        self._providers = {
            provider.name
            for provider in chain.providers
            if describe_symbol(symbol).asset_class in provider.capability.asset_classes
        }

    def is_stored(self, day: date) -> bool:
        """Whether there are regular bars; a synthetic session is stored when all are."""
        needed = self._calendar.session_minutes(day) if self._is_synthetic else 1
        return self._stored.get(day, 0) >= needed

    def needs(self, day: date, final_us: int) -> bool:
        """Whether a session is to be asked for."""
        if not self.is_stored(day):
            return not self._providers or not self._providers <= self.empty_at(day)
        source = self._source(day)
        return source is not None and source.is_provisional

    def empty_at(self, day: date) -> frozenset[str]:
        """Providers that finally said that they have nothing of a session."""
        return frozenset(
            name
            for name, answer in self._answers[day].items()
            if answer.outcome == "empty" and not answer.is_provisional
        )

    def source_of(self, day: date) -> str | None:
        """The provider of a stored session, None when an import brought it."""
        source = self._source(day)
        return None if source is None else source.provider

    def _source(self, day: date) -> SessionAnswer | None:
        with_bars = [answer for answer in self._answers[day].values() if answer.outcome != "empty"]
        return with_bars[-1] if with_bars else None


def _pieces(calendar: SessionCalendar, days: Sequence[date], chain: Chain) -> list[list[date]]:
    """Sessions in chunks that begin at fixed places, so that symbols with other holes still share requests."""
    pieces: dict[int, list[date]] = defaultdict(list)
    first = calendar.sessions(days[0], days[-1] + timedelta(days=1)) if chain.is_synthetic and days else []
    place = {day: at // _CHUNK_SESSIONS for at, day in enumerate(first)}
    for day in days:
        pieces[place.get(day, day.year)].append(day)
    return list(pieces.values())
