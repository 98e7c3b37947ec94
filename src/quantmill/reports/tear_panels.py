"""The pictures of a tear sheet: equity, drawdown, hit rate, trades on the price."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from quantmill.core.arrays import Floats
from quantmill.core.panels import Picture, Trace, TracePanel
from quantmill.reports.bar_axis import bar_axis
from quantmill.reports.rolling_hits import WINDOW_BARS
from quantmill.reports.tear_sheet import TearSheet, drawdown
from quantmill.reports.thinning import kept_places

__all__ = [
    "MAX_MARKED",
    "MarkedTrades",
    "closing_panel",
    "drawdown_panel",
    "equity_panel",
    "hit_rate_panel",
    "marked_trades",
    "picture_of",
    "price_panel",
    "whole_picture",
]

STRATEGY: Final = "strategy"
BUY_HOLD: Final = "buy & hold"
HIT_RATE: Final = f"hit rate of the last {WINDOW_BARS} bars that count"
EQUITY: Final = "equity"
PRICE: Final = "price"
BUY: Final = "buy ▲"
SELL: Final = "sell ▼"
# More markers than these hide one another and the price.
MAX_MARKED: Final = 100
_HEIGHT_IN: Final = 2.9
_PERCENT: Final = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class MarkedTrades:
    """Trades that are drawn on a stretch of the price, of how many there are on it."""

    trades: pl.DataFrame
    n_trades: int
    first_bar: int


def equity_panel(sheet: TearSheet) -> TracePanel:
    """Equity of the strategy and of buy and hold."""
    # The last one lies on top.
    lines = {BUY_HOLD: _thinned(sheet.buy_hold), STRATEGY: _thinned(sheet.equity)}
    return TracePanel("Equity", "USD", sheet.along, lines=lines)


def drawdown_panel(sheet: TearSheet) -> TracePanel:
    """How far the equity of both is below its last peak."""
    start = sheet.initial_cash_usd
    own, other = (
        _thinned(_PERCENT * drawdown(value, start=start)) for value in (sheet.equity, sheet.buy_hold)
    )
    return TracePanel(
        "Drawdown", "below the peak, %", sheet.along, areas={STRATEGY: own}, lines={BUY_HOLD: other}
    )


def hit_rate_panel(sheet: TearSheet) -> TracePanel:
    """The rolling hit rate on the second axis, beside the equity."""
    kept = kept_places(sheet.hit_rate.y)
    rate = Trace(sheet.hit_rate.x[kept], _PERCENT * sheet.hit_rate.y[kept])
    return TracePanel(
        "Hit rate",
        "equity, USD",
        sheet.along,
        lines={EQUITY: _thinned(sheet.equity)},
        right={HIT_RATE: rate},
        right_axis="hit rate, %",
        across=(50.0,),
    )


def marked_trades(sheet: TearSheet) -> tuple[MarkedTrades, MarkedTrades | None]:
    """Trades to draw on the whole price, and where those are not all, the last ones on the end of it.

    On the whole price those with the largest profit or loss are drawn, and a position that is still open.
    """
    trades = sheet.trades
    n_trades = trades.height
    if n_trades <= MAX_MARKED:
        return MarkedTrades(trades, n_trades, 0), None
    size = pl.col("pnl_usd").abs().fill_null(float("inf"))
    largest = trades.sort(size, descending=True).head(MAX_MARKED).sort("trade")
    last = trades.tail(MAX_MARKED // 3)
    first_bar = max(0, int(last["entry_bar"][0]) - 30)
    return MarkedTrades(largest, n_trades, 0), MarkedTrades(last, n_trades, first_bar)


def price_panel(sheet: TearSheet, marked: MarkedTrades) -> TracePanel:
    """The price of all bars with the fills of some trades."""
    ups, downs = _fills(marked.trades)
    return TracePanel(
        "Trades",
        "price, USD",
        sheet.along,
        lines={PRICE: _thinned(sheet.close)},
        ups={BUY: ups},
        downs={SELL: downs},
    )


def closing_panel(sheet: TearSheet, marked: MarkedTrades) -> TracePanel:
    """The price of the last bars with the fills of all trades that began there."""
    first = marked.first_bar
    price = _thinned(sheet.close[first:], first=first)
    ups, downs = _fills(marked.trades)
    return TracePanel(
        f"The last {marked.trades.height} trades",
        "price, USD",
        bar_axis(sheet.ts_us[first:], sheet.calendar, first=first),
        lines={PRICE: price},
        ups={BUY: ups},
        downs={SELL: downs},
    )


def picture_of(panel: TracePanel) -> Picture:
    """One panel for a page that has its title beside it."""
    names = panel.series
    legend = tuple(name for name in (STRATEGY, BUY_HOLD, HIT_RATE, BUY, SELL, EQUITY, PRICE) if name in names)
    return Picture(
        "",
        ((replace(panel, title=""),),),
        (_HEIGHT_IN,),
        legend=legend,
        faint=tuple(name for name in legend if name in {EQUITY, PRICE}),
    )


def whole_picture(sheet: TearSheet) -> Picture:
    """All panels in one picture."""
    marked, last = marked_trades(sheet)
    panels = [equity_panel(sheet), drawdown_panel(sheet)]
    if sheet.hit_rate.x.size:
        panels.append(hit_rate_panel(sheet))
    panels.append(price_panel(sheet, marked))
    if last is not None:
        panels.append(closing_panel(sheet, last))
    record = sheet.record
    synthetic = "   SYNTHETIC BARS" if record.is_synthetic else ""
    return Picture(
        f"{record.symbol}, {record.model_name}, run {record.run_id}{synthetic}",
        tuple((panel,) for panel in panels),
        (_HEIGHT_IN,) * len(panels),
        legend=(STRATEGY, BUY_HOLD, HIT_RATE, BUY, SELL, EQUITY, PRICE)
        if sheet.hit_rate.x.size
        else (STRATEGY, BUY_HOLD, BUY, SELL, PRICE),
        faint=(EQUITY, PRICE),
        note=f"Marked are {marked.trades.height:,} of {marked.n_trades:,} trades. Sessions stand side by side, without "
        "the nights between.",
    )


def _thinned(values: Floats, *, first: int = 0) -> Trace:
    kept = kept_places(values)
    return Trace((first + kept).astype(np.float64), values[kept])


def _fills(trades: pl.DataFrame) -> tuple[Trace, Trace]:
    """Purchases and sales: a trade of shares held buys first, one of shares owed sells first."""
    is_long = pl.col("shares") > 0
    closed = trades.drop_nulls("exit_bar")
    bought = pl.concat([_entries(trades.filter(is_long)), _exits(closed.filter(~is_long))])
    sold = pl.concat([_entries(trades.filter(~is_long)), _exits(closed.filter(is_long))])
    return _trace(bought), _trace(sold)


def _entries(trades: pl.DataFrame) -> pl.DataFrame:
    return trades.select(bar="entry_bar", price="entry_price")


def _exits(trades: pl.DataFrame) -> pl.DataFrame:
    return trades.select(bar="exit_bar", price="exit_price")


def _trace(fills: pl.DataFrame) -> Trace:
    return Trace(fills["bar"].to_numpy().astype(np.float64), fills["price"].to_numpy())
