"""The provider `sim`: synthetic bars that need no key, no network and no past state."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

import numpy as np
import polars as pl

from quantmill.core.arrays import Floats
from quantmill.core.bars import ts_of
from quantmill.core.calendar import calendar_for
from quantmill.core.digest import digest
from quantmill.core.instants import date_of_day, day_of_date
from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.core.span import Span
from quantmill.core.symbols import canonical_symbol, describe_symbol
from quantmill.errors import NoDataError, UsageError
from quantmill.providers.protocol import PAGE_SCHEMA, Capability
from quantmill.providers.sim.factors import Factors, FactorSession
from quantmill.providers.sim.planted import DEFAULT_STRENGTH, MAX_STRENGTH, PlantedSignal, planted_signal
from quantmill.providers.sim.sessions import SymbolSession, fear_index_session, simulate_session
from quantmill.providers.sim.symbols import SymbolModel, model_of

__all__ = ["DEFAULT_N_SESSIONS", "DEFAULT_START", "SimProvider", "default_span"]

DEFAULT_START: Final = date(2023, 1, 3)
DEFAULT_N_SESSIONS: Final = 250
_EARLIEST, _LATEST = date(2004, 1, 2), date(2034, 12, 29)
_PAGE_SESSIONS: Final = 64
_FEAR_INDEX: Final = "I:VIX"
_NOTHING_PLANTED: Final = PlantedSignal(decay=0.0, pull=0.0, calm=1.0)


def default_span() -> tuple[date, date]:
    """First session and excluded end of the default 250 sessions from 2023-01-03."""
    sessions = calendar_for("XNYS").next_sessions(DEFAULT_START, DEFAULT_N_SESSIONS + 1)
    return sessions[0], sessions[-1]


class SimProvider:
    """A synthetic market of US equities on XNYS sessions, 2004 to 2034, regular hours.

    A bar is a function of (seed, symbol, session) and of what is planted, whatever span is asked.
    Each session's minutes come from its own random numbers as moves relative to the session's first price; volatility
    by day is one cheap path over all days. A session's first price is the symbol's price of 2023-01-03
    times all moves in between, so asking for a session makes those between it and 2023-01-03
    (about 0.05 ms each, once per provider); the levels are kept, the minutes are not.

    Args:
        seed: Which market; another seed is another one.
        planted: Correlation of the planted signal with the next minute's return [0.12]; the
            formula is `planted_signal`'s.
        noise_only: Nothing planted: prices are a martingale up to rounding to ticks.
        planted_symbols: Symbols that carry the signal [all equities].
    """

    name: str = "sim"
    is_synthetic: bool = True

    def __init__(
        self,
        *,
        seed: int = 0,
        planted: float | None = None,
        noise_only: bool = False,
        planted_symbols: Sequence[str] | None = None,
    ) -> None:
        if noise_only and planted:
            raise UsageError(f"planted {planted} and noise_only exclude one another")
        self.planted = 0.0 if noise_only else DEFAULT_STRENGTH if planted is None else planted
        if not 0.0 <= self.planted <= MAX_STRENGTH:
            raise UsageError(f"planted strength is {planted}, needed 0 to {MAX_STRENGTH}")
        self.seed = seed
        self.planted_symbols = (
            None if planted_symbols is None else frozenset(map(canonical_symbol, planted_symbols))
        )
        self._calendar = calendar_for("XNYS")
        self._factors = Factors(seed)
        self._levels: dict[str, _Levels] = {}

    @property
    def feed(self) -> str:
        """Which market, such as `sim-s0-p0.12` or `sim-s1-noise`: bars of two are never mixed unseen."""
        if self.planted == 0.0:
            return f"sim-s{self.seed}-noise"
        feed = f"sim-s{self.seed}-p{self.planted:g}"
        return feed if self.planted_symbols is None else f"{feed}-{digest(sorted(self.planted_symbols))[:6]}"

    @property
    def capability(self) -> Capability:
        """Equities and `I:VIX`, 2004 to 2034."""
        return Capability(
            frozenset({"equity", "index"}), earliest=_EARLIEST, latest=_LATEST, grade="synthetic"
        )

    def carries_signal(self, symbol: str) -> bool:
        """Whether the symbol's past says something about its next minute."""
        if self.planted == 0.0 or describe_symbol(symbol).asset_class != "equity":
            return False
        return self.planted_symbols is None or symbol in self.planted_symbols

    def bars(self, symbol: str, span: Span, *, progress: Progress = NO_PROGRESS) -> Iterator[pl.DataFrame]:
        """Pages of at most 64 sessions; see `BarProvider.bars`."""
        if describe_symbol(symbol).asset_class != "equity" and symbol != _FEAR_INDEX:
            raise NoDataError(
                f"sim has no {symbol}", hint=f"it makes up US equities and {_FEAR_INDEX}, such as SPY or QQQ"
            )
        calendar = self._calendar
        first = int(np.searchsorted(calendar.close_us, span.start_us, side="right"))
        end = int(np.searchsorted(calendar.open_us, span.end_us, side="left"))
        indices = [
            at for at in range(first, end) if _EARLIEST <= date_of_day(int(calendar.days[at])) <= _LATEST
        ]
        if first < end and not indices:
            raise NoDataError(f"sim has sessions from {_EARLIEST} to {_LATEST}, not {span.start:%Y-%m-%d}")
        for at in range(0, len(indices), _PAGE_SESSIONS):
            part = indices[at : at + _PAGE_SESSIONS]
            page = self._page(symbol, part)
            progress.advance(len(part), note=symbol)
            yield page.filter(pl.col("ts").is_between(span.start, span.end, closed="left"))

    def _page(self, symbol: str, indices: list[int]) -> pl.DataFrame:
        made = [self._session(symbol, at) for at in indices]
        starts = [self._calendar.regular_minutes(date_of_day(int(self._calendar.days[at]))) for at in indices]
        open_, high, low, close = (np.concatenate([prices[row] for prices, _ in made]) for row in range(4))
        traded = [session for _, session in made if session is not None]
        columns: dict[str, object] = {"open": open_, "high": high, "low": low, "close": close}
        if traded:
            columns["volume"] = np.concatenate([session.volume for session in traded])
            # Within the bar's range by construction; four decimals as tapes report it.
            columns["vwap"] = np.clip(np.round((open_ + high + low + close) / 4, 4), low, high)
            columns["trade_count"] = np.concatenate([session.trade_count for session in traded])
        frame = pl.DataFrame(columns).with_columns(
            pl.lit(symbol).alias("symbol"),
            ts_of(np.concatenate(starts)),
            pl.lit(self.name).alias("provider"),
            pl.lit(self.feed).alias("feed"),
        )
        return frame.select(
            (pl.col(name) if name in frame.columns else pl.lit(None)).cast(kind).alias(name)
            for name, kind in PAGE_SCHEMA.items()
        )

    def _session(self, symbol: str, at: int) -> tuple[Floats, SymbolSession | None]:
        factors = self._factors_of(at)
        if symbol == _FEAR_INDEX:
            return np.round(fear_index_session(self.seed, int(self._calendar.days[at]), factors), 2), None
        levels = self._levels.get(symbol)
        if levels is None:
            model = model_of(self.seed, symbol)
            anchor = int(np.searchsorted(self._calendar.days, day_of_date(DEFAULT_START)))
            levels = self._levels.setdefault(symbol, _Levels(self, symbol, model, anchor))
        session = levels.session(at)
        return _to_ticks(np.exp(levels.log_open(at) + session.log_bars)), session

    def _factors_of(self, at: int) -> FactorSession:
        days = self._calendar.days
        n_minutes = int(self._calendar.close_us[at] - self._calendar.open_us[at]) // 60_000_000
        return self._factors.session(int(days[at]), int(days[at - 1]), n_minutes)

    def simulate(self, symbol: str, model: SymbolModel, at: int) -> SymbolSession:
        """The session at a place in the calendar, before it has a price level."""
        planted = planted_signal(self.planted) if self.carries_signal(symbol) else _NOTHING_PLANTED
        return simulate_session(
            self.seed, symbol, int(self._calendar.days[at]), model, self._factors_of(at), planted
        )


class _Levels:
    """Log first prices of one symbol's sessions, extended from the anchor as far as asked."""

    def __init__(self, provider: SimProvider, symbol: str, model: SymbolModel, anchor: int) -> None:
        self._provider, self._symbol, self._model = provider, symbol, model
        self._log_open = {anchor: float(np.log(model.price_usd))}
        self._first = self._last = anchor
        self._newest: tuple[int, SymbolSession] | None = None

    def session(self, at: int) -> SymbolSession:
        if self._newest is None or self._newest[0] != at:
            self._newest = (at, self._provider.simulate(self._symbol, self._model, at))
        return self._newest[1]

    def log_open(self, at: int) -> float:
        session = self._newest
        while self._last < at:
            day = self.session(self._last).day
            self._last += 1
            self._log_open[self._last] = self._log_open[self._last - 1] + day + self.session(self._last).night
        while self._first > at:
            night = self.session(self._first).night
            self._first -= 1
            self._log_open[self._first] = (
                self._log_open[self._first + 1] - night - self.session(self._first).day
            )
        self._newest = session
        return self._log_open[at]


def _to_ticks(prices: Floats) -> Floats:
    """Prices in whole cents, below one dollar in hundredths of a cent; never below one tick."""
    cents = np.round(prices, 2)
    return np.where(prices >= 1.0, cents, np.maximum(np.round(prices, 4), 0.0001))
