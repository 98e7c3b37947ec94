"""The list of a run's trades as a table, its middle left out where it is long."""

from collections.abc import Iterator
from typing import Any, Final

import polars as pl

from quantmill.reports.bar_axis import zone_words
from quantmill.reports.figures import MISSING, dollars, percent
from quantmill.reports.markup import Part, element, table
from quantmill.reports.tear_sections import Section
from quantmill.reports.tear_sheet import TearSheet

__all__ = ["MAX_LISTED", "trades_section"]

MAX_LISTED: Final = 500
_AT_EACH_END: Final = 200
_COLUMNS: Final = {
    "No.": "number",
    "Entry": "time",
    "Exit": "time",
    "Closed by": "",
    "Bars": "number",
    "Shares": "number",
    "Entry price": "number",
    "Exit price": "number",
    "Fees": "number",
    "Spread": "number",
    "Profit": "number",
    "MAE": "number",
    "MFE": "number",
}


def trades_section(sheet: TearSheet) -> Section:
    """All trades up to `MAX_LISTED`, else the first and the last ones and where the others are."""
    trades = sheet.trades
    if not trades.height:
        return Section("Trades", (element("p", "No order was filled.", class_="note"),))
    note = (
        f"Times are the start of the bar that filled the order, in {zone_words(sheet.calendar)}. Prices, fees, spread and "
        "profit in USD; prices are adjusted for splits as they were traded. MAE and MFE: the worst and the best close "
        "or exit against the entry. Shares below zero were sold short."
    )
    above = element("p", note, class_="note")
    if trades.height <= MAX_LISTED:
        return Section("Trades", (above, _table(sheet, trades)))
    first, last = trades.head(_AT_EACH_END), trades.tail(_AT_EACH_END)
    left_out = element(
        "p",
        f"{trades.height - 2 * _AT_EACH_END:,} of {trades.height:,} trades are left out here. All of them: ",
        element("code", f"quantmill runs show {sheet.record.run_id} --rows trades --out trades.csv"),
        class_="left-out",
    )
    return Section("Trades", (above, _table(sheet, first), left_out, _table(sheet, last)))


def _table(sheet: TearSheet, trades: pl.DataFrame) -> Part:
    zone = sheet.calendar.timezone.key
    local = trades.with_columns(pl.col("entry_ts", "exit_ts").dt.convert_time_zone(zone))
    return table(_COLUMNS, (_row(trade) for trade in local.iter_rows(named=True)), class_="trades")


def _row(trade: dict[str, Any]) -> Iterator[Part]:
    is_open = trade["exit_ts"] is None
    profit = trade["pnl_usd"]
    yield str(trade["trade"])
    yield f"{trade['entry_ts']:%Y-%m-%d %H:%M}"
    yield "still open" if is_open else f"{trade['exit_ts']:%Y-%m-%d %H:%M}"
    yield trade["exit_reason"] or MISSING
    yield MISSING if is_open else f"{trade['exit_bar'] - trade['entry_bar']:,}"
    yield f"{trade['shares']:,.10g}".replace("-", "−")
    yield _price(trade["entry_price"])
    yield _price(trade["exit_price"])
    yield dollars(trade["fees_usd"])
    yield dollars(trade["spread_usd"])
    yield (
        dollars(profit) if profit is None or profit >= 0 else element("span", dollars(profit), class_="loss")
    )
    yield percent(trade["mae_frac"])
    yield percent(trade["mfe_frac"])


def _price(value: float | None) -> str:
    return MISSING if value is None else f"{value:,.4f}"
