"""What a run's tear sheet shows, as values: the curves on one axis of bars, the returns by month, the trades."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from quantmill.core.arrays import Floats, Ints
from quantmill.core.bars import us_of
from quantmill.core.calendar import SessionCalendar, calendar_for
from quantmill.core.panels import Along, Trace
from quantmill.core.symbols import describe_symbol
from quantmill.reports.bar_axis import bar_axis
from quantmill.reports.calendar_returns import CalendarReturns, calendar_returns
from quantmill.reports.rolling_hits import rolling_hit_rate
from quantmill.simulation.findings import Finding
from quantmill.simulation.history import RunRecord

__all__ = ["TearSheet", "drawdown", "tear_sheet"]


@dataclass(frozen=True, slots=True, eq=False)
class TearSheet:
    """A run with its curves; arrays of shape (n_bars,), at each bar's close.

    Attributes:
        record: The run.
        findings: What a reader must know before believing the figures.
        calendar: Sessions and clock of the symbol's exchange.
        trades: As recorded, in time order; the last may be open.
        along: The axis of all bars.
        ts_us: Starts of the bars, microseconds since 1970 UTC.
        close: Closes, adjusted as they were traded.
        equity: USD.
        buy_hold: Worth of the start cash put into the symbol at the first close, without costs; USD.
        returns: By month and year.
        hit_rate: Over the last counted bars.
        keeps_hits: Whether the run recorded its hits bar by bar.
    """

    record: RunRecord
    findings: tuple[Finding, ...]
    calendar: SessionCalendar
    trades: pl.DataFrame
    along: Along
    ts_us: Ints
    close: Floats
    equity: Floats
    buy_hold: Floats
    returns: CalendarReturns
    hit_rate: Trace
    keeps_hits: bool

    @property
    def initial_cash_usd(self) -> float:
        """What the run started with."""
        return float(self.record.params["initial_cash_usd"])


def tear_sheet(
    record: RunRecord, equity: pl.DataFrame, trades: pl.DataFrame, findings: Sequence[Finding] = ()
) -> TearSheet:
    """The tear sheet of a run.

    Args:
        record: The run.
        equity: What `read_equity` gives.
        trades: What `read_trades` gives.
        findings: What must be known before believing the run.
    """
    calendar = calendar_for(describe_symbol(record.symbol).calendar)
    ts_us = us_of(equity["ts"])
    close = equity["close"].to_numpy()
    value = equity["equity"].to_numpy()
    start = float(record.params["initial_cash_usd"])
    buy_hold = start * close / close[0]
    is_hit = equity["is_hit"]
    session = calendar.sessions_of(ts_us)
    return TearSheet(
        record,
        tuple(findings),
        calendar,
        trades,
        bar_axis(ts_us, calendar),
        ts_us,
        close,
        value,
        buy_hold,
        calendar_returns(session, value, buy_hold, start=start),
        rolling_hit_rate(is_hit),
        # A run without any counted bar has nothing that could be missing.
        is_hit.null_count() < is_hit.len() or record.metrics["n_hit_bars"] == 0,
    )


def drawdown(value: Floats, *, start: float) -> Floats:
    """Fall from the running peak as a fraction, 0 at a peak; `start` is the first peak."""
    return value / np.maximum(np.maximum.accumulate(value), start) - 1.0
