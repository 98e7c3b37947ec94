"""The sections of a tear sheet that are pictures, each with what must be known to read it."""

from quantmill.core.panels import TracePanel
from quantmill.reports.figures import percent
from quantmill.reports.inline_svg import inline_svg
from quantmill.reports.markup import Html, Part, element
from quantmill.reports.rolling_hits import WINDOW_BARS
from quantmill.reports.tear_panels import (
    closing_panel,
    drawdown_panel,
    equity_panel,
    hit_rate_panel,
    marked_trades,
    picture_of,
    price_panel,
)
from quantmill.reports.tear_sections import Section
from quantmill.reports.tear_sheet import TearSheet

__all__ = ["drawdown_section", "equity_section", "hit_rate_section", "price_section"]


def equity_section(sheet: TearSheet) -> Section:
    """Equity against buy and hold."""
    return Section(
        "Equity",
        (
            _drawn(equity_panel(sheet), "equity"),
            _note("Buy & hold puts the same start cash into the first close, without costs."),
        ),
    )


def drawdown_section(sheet: TearSheet) -> Section:
    """Drawdown of both."""
    return Section(
        "Drawdown",
        (
            _drawn(drawdown_panel(sheet), "drawdown"),
            _note(
                "How far equity at each bar's close is below its highest value before, the start cash included."
            ),
        ),
    )


def hit_rate_section(sheet: TearSheet) -> Section:
    """The rolling hit rate, or why there is none."""
    title = "Hit rate"
    metrics = sheet.record.metrics
    if not sheet.keeps_hits:
        words = "This run was recorded before hits were kept bar by bar. The same simulation with "
        return Section(title, (_note(words, element("code", "--force"), " records them."),))
    if not sheet.hit_rate.x.size:
        words = f"{metrics['n_hit_bars']:,} bars count for the hit rate, too few for a rate of {WINDOW_BARS}."
        return Section(title, (_note(words),))
    words = (
        f"Counted are {metrics['n_hit_bars']:,} of {sheet.ts_us.size:,} bars: those with a signal beyond the threshold and "
        f"a known return over the horizon; {percent(metrics['hit_rate_frac'])} of them are hits. Of {WINDOW_BARS} tosses "
        "of a coin 40 to 60 % are hits in about 19 of 20 cases."
    )
    return Section(title, (_drawn(hit_rate_panel(sheet), "hits"), _note(words)))


def price_section(sheet: TearSheet) -> Section:
    """Entries and exits on the price."""
    marked, last = marked_trades(sheet)
    if not marked.n_trades:
        return Section(
            "Trades on the price", (_drawn(price_panel(sheet, marked), "price"), _note("No trade."))
        )
    if last is None:
        words = f"All {marked.n_trades:,} trades are marked, at the prices of their fills."
        return Section("Trades on the price", (_drawn(price_panel(sheet, marked), "price"), _note(words)))
    n_marked, n_last = marked.trades.height, last.trades.height
    return Section(
        "Trades on the price",
        (
            _drawn(price_panel(sheet, marked), "price"),
            _note(
                f"Marked are the {n_marked:,} of {marked.n_trades:,} trades with the largest profit or loss, at the prices "
                "of their fills."
            ),
            _drawn(closing_panel(sheet, last), "last"),
            _note(f"The end of the run with all of its last {n_last:,} trades."),
        ),
    )


def _drawn(panel: TracePanel, name: str) -> Html:
    shown = ", ".join(panel.series)
    return inline_svg(picture_of(panel), name=name, words=f"{panel.title} over the run: {shown}")


def _note(*parts: Part) -> Html:
    return element("p", *parts, class_="note")
