"""Providers asked in turn: a session comes from the first one that has it, and each step down has its reason."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import numpy as np
import polars as pl

from quantmill.core.bars import us_of
from quantmill.core.calendar import SessionCalendar, calendar_for
from quantmill.core.instants import day_of_date
from quantmill.core.symbols import describe_symbol
from quantmill.errors import AuthError, ConfigError, NoDataError, ProviderError, SchemaDriftError
from quantmill.ingest.report import Fallback
from quantmill.ingest.session_answers import SessionAnswer, outcome_of
from quantmill.lake.periods import count_sessions
from quantmill.providers.access import Access
from quantmill.providers.pages import in_order
from quantmill.providers.protocol import PAGE_SCHEMA, BarProvider, ManySymbols
from quantmill.providers.registry import make_provider

__all__ = ["Chain", "Delivery", "Wanted"]

_MOSTLY: Final = 0.5


@dataclass(frozen=True, slots=True)
class Wanted:
    """Sessions of one symbol to ask for.

    Args:
        symbol: Canonical.
        sessions: In order.
        known_empty: Providers that finally said of a session that they have nothing: they are not asked again.
        only: Ask this provider alone, whose bars of these sessions are stored already.
    """

    symbol: str
    sessions: tuple[date, ...]
    known_empty: Mapping[date, frozenset[str]] = field(default_factory=dict[date, frozenset[str]])
    only: str | None = None


@dataclass
class Delivery:
    """What the chain brought: rows by symbol, what each provider said, and the steps down.

    `unanswered` are the pairs of symbol and session of which providers failed and none said anything.
    """

    rows: dict[str, list[pl.DataFrame]] = field(default_factory=lambda: defaultdict(list))
    answers: list[SessionAnswer] = field(default_factory=list[SessionAnswer])
    fallbacks: list[Fallback] = field(default_factory=list[Fallback])
    unanswered: set[tuple[str, date]] = field(default_factory=set[tuple[str, date]])


@dataclass(frozen=True)
class Chain:
    """Providers in the order in which they are asked, and those that cannot be.

    Args:
        providers: Usable ones.
        skipped: Name to reason, such as missing credentials.
    """

    providers: Sequence[BarProvider]
    skipped: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def of(cls, names: Sequence[str], access: Access) -> "Chain":
        """The chain of these providers.

        Raises:
            UsageError: If a name is unknown.
            ConfigError: If none of them can be used; each says why.
        """
        providers: list[BarProvider] = []
        skipped: dict[str, str] = {}
        for name in names:
            try:
                providers.append(make_provider(name, access))
            except ConfigError as error:
                skipped[name] = f"{error}; {error.hint}" if error.hint else str(error)
        if not providers:
            raise ConfigError(
                "no provider can be used: " + "; ".join(f"{name}: {why}" for name, why in skipped.items()),
                hint="set the credentials of one, or use --provider sim or yahoo",
            )
        return cls(tuple(providers), skipped)

    @property
    def is_synthetic(self) -> bool:
        """Whether the bars are made up."""
        return self.providers[0].is_synthetic

    def fetch(
        self, wanted: Sequence[Wanted], *, asked_us: int, final_us: Mapping[tuple[str, date], int]
    ) -> Delivery:
        """Ask for sessions, provider after provider until each has one with regular bars.

        Args:
            wanted: Symbols of one calendar.
            asked_us: The present.
            final_us: When each (calendar, session) is final; an answer before is provisional.

        Raises:
            AuthError: If a provider refuses its credentials; nothing else is asked.
        """
        delivery = Delivery()
        left = {(one.symbol, day): one for one in wanted for day in one.sessions}
        for provider in self.providers:
            if not left:
                break
            self._ask(provider, left, delivery, asked_us, final_us)
        delivery.unanswered -= {(answer.symbol, answer.session) for answer in delivery.answers}
        return delivery

    def _ask(
        self,
        provider: BarProvider,
        left: dict[tuple[str, date], Wanted],
        delivery: Delivery,
        asked_us: int,
        final_us: Mapping[tuple[str, date], int],
    ) -> None:
        todo: dict[str, list[date]] = defaultdict(list)
        for (symbol, day), one in left.items():
            if one.only not in {None, provider.name}:
                continue
            if provider.name in one.known_empty.get(day, ()):
                continue
            todo[symbol].append(day)
        for symbol, days in list(todo.items()):
            todo[symbol], reason = _served(provider, symbol, days)
            excluded = [day for day in days if day not in set(todo[symbol])]
            if excluded:
                delivery.fallbacks.append(_fallback(provider, symbol, excluded, reason))
            if not todo[symbol]:
                del todo[symbol]
        for symbols, days in _alike(todo, together=isinstance(provider, ManySymbols)):
            for run in _runs(calendar_for(describe_symbol(symbols[0]).calendar), days):
                parts, fault = _read(provider, symbols, run)
                if fault is not None and not isinstance(fault, NoDataError):
                    delivery.unanswered |= {(symbol, day) for symbol in symbols for day in run}
                    delivery.fallbacks += [_fallback(provider, name, run, str(fault)) for name in symbols]
                    continue
                for symbol, part in parts.items():
                    answers = _answers(provider, symbol, run, part, asked_us, final_us)
                    empty = [answer.session for answer in answers if answer.outcome == "empty"]
                    if empty:
                        reason = str(fault) if fault else f"{provider.name} has no bars of these sessions"
                        delivery.fallbacks.append(_fallback(provider, symbol, empty, reason))
                    delivery.answers += answers
                    if part.rows.height:
                        kept = _of_sessions(part.rows, symbol, set(run) - set(empty)) if empty else part.rows
                        delivery.rows[symbol].append(kept)
                    for day in set(run) - set(empty):
                        del left[symbol, day]


@dataclass(frozen=True, slots=True)
class _Part:
    """One symbol's rows of an answer, and how many regular and extended bars its sessions have, as days since 1970."""

    rows: pl.DataFrame
    counts: Mapping[int, tuple[int, int]]


def _read(
    provider: BarProvider, symbols: Sequence[str], run: Sequence[date]
) -> tuple[dict[str, _Part], ProviderError | SchemaDriftError | None]:
    """Rows of a stretch of sessions; what comes short is asked for once more, unless most of it is."""
    calendar = calendar_for(describe_symbol(symbols[0]).calendar)
    try:
        rows = _request(provider, symbols, calendar, run)
        parts = _by_symbol(rows, symbols)
        if not provider.is_synthetic:
            thin = _thin_sessions(parts, calendar, run)
            if thin and len(thin) <= _MOSTLY * len(run):
                again = [_again(provider, symbols, calendar, part) for part in _runs(calendar, thin)]
                parts = _by_symbol(in_order([rows, *again]), symbols)
    except AuthError:
        raise
    except (ProviderError, SchemaDriftError) as error:
        return _by_symbol(pl.DataFrame(schema=PAGE_SCHEMA), symbols), error
    return parts, None


def _request(
    provider: BarProvider, symbols: Sequence[str], calendar: SessionCalendar, run: Sequence[date]
) -> pl.DataFrame:
    span = calendar.day_span(run[0], run[-1] + timedelta(days=1))
    if len(symbols) > 1 and isinstance(provider, ManySymbols):
        pages = list(provider.bars_of(symbols, span))
    else:
        pages = [page for symbol in symbols for page in provider.bars(symbol, span)]
    pages = [page for page in pages if page.height]
    return pl.concat(pages) if pages else pl.DataFrame(schema=PAGE_SCHEMA)


def _again(
    provider: BarProvider, symbols: Sequence[str], calendar: SessionCalendar, run: Sequence[date]
) -> pl.DataFrame:
    """The second answer for sessions that came short: nothing confirms it."""
    try:
        return _request(provider, symbols, calendar, run)
    except NoDataError:
        return pl.DataFrame(schema=PAGE_SCHEMA)


def _by_symbol(rows: pl.DataFrame, symbols: Sequence[str]) -> dict[str, _Part]:
    parts: dict[str, _Part] = {}
    for symbol in symbols:
        own = rows.filter(pl.col("symbol") == symbol) if len(symbols) > 1 else rows
        counts = count_sessions(symbol, own)
        bars = zip(counts.n_regular.tolist(), counts.n_extended.tolist(), strict=True)
        parts[symbol] = _Part(own, dict(zip(counts.session.tolist(), bars, strict=True)))
    return parts


def _thin_sessions(parts: Mapping[str, _Part], calendar: SessionCalendar, run: Sequence[date]) -> list[date]:
    """Sessions of which some symbol has too few regular bars, though it has others in full."""
    needed = {day: calendar.session_minutes(day) for day in run}
    return [
        day
        for day, n_minutes in needed.items()
        if any(
            outcome_of(part.counts.get(day_of_date(day), (0, 0))[0], n_minutes) != "bars"
            for part in parts.values()
        )
    ]


def _answers(
    provider: BarProvider,
    symbol: str,
    run: Sequence[date],
    part: _Part,
    asked_us: int,
    final_us: Mapping[tuple[str, date], int],
) -> list[SessionAnswer]:
    calendar = calendar_for(describe_symbol(symbol).calendar)
    found: list[SessionAnswer] = []
    for day in run:
        n_regular, n_extended = part.counts.get(day_of_date(day), (0, 0))
        found.append(
            SessionAnswer(
                symbol,
                day,
                provider.name,
                provider.feed,
                outcome_of(n_regular, calendar.session_minutes(day)),
                n_regular,
                n_extended,
                asked_us < final_us[calendar.name, day],
                asked_us,
            )
        )
    return found


def _of_sessions(rows: pl.DataFrame, symbol: str, days: Iterable[date]) -> pl.DataFrame:
    """The rows of these dates and of dates without a session, which the validation judges."""
    calendar = calendar_for(describe_symbol(symbol).calendar)
    labels = calendar.label(us_of(rows["ts"]))
    wanted = np.isin(labels.session, [day_of_date(day) for day in days]) | ~labels.is_session
    return rows.filter(pl.Series(wanted))


def _served(provider: BarProvider, symbol: str, days: list[date]) -> tuple[list[date], str]:
    """The sessions that a provider says it can have, and why not the others."""
    capability = provider.capability
    kind = describe_symbol(symbol).asset_class
    if kind not in capability.asset_classes:
        return (
            [],
            f"{provider.name} serves {', '.join(sorted(capability.asset_classes))}; {symbol} is of class {kind}",
        )
    first, last = capability.earliest or days[0], capability.latest or days[-1]
    served = [day for day in days if first <= day <= last]
    bounds = [f"begins with {first}"] if days[0] < first else []
    bounds += [f"ends with {last}"] if days[-1] > last else []
    return served, f"{provider.name} {' and '.join(bounds)}"


def _fallback(provider: BarProvider, symbol: str, days: Sequence[date], reason: str) -> Fallback:
    return Fallback(provider.name, symbol, len(days), days[0], reason)


def _alike(todo: Mapping[str, list[date]], *, together: bool) -> Iterator[tuple[tuple[str, ...], list[date]]]:
    """Symbols that want the same sessions, which one request can bring, if the provider takes many."""
    groups: dict[tuple[date, ...], list[str]] = defaultdict(list)
    for symbol, days in todo.items():
        groups[tuple(days)].append(symbol)
    for days, symbols in groups.items():
        if together:
            yield tuple(symbols), list(days)
        else:
            yield from (((symbol,), list(days)) for symbol in symbols)


def _runs(calendar: SessionCalendar, sessions: Sequence[date]) -> Iterator[list[date]]:
    """Stretches of sessions that follow one another."""
    run: list[date] = []
    for day in sessions:
        if run and calendar.next_sessions(run[-1] + timedelta(days=1), 1) != [day]:
            yield run
            run = []
        run.append(day)
    if run:
        yield run
