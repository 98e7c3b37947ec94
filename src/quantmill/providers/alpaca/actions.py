"""Alpaca's splits, stock dividends and cash dividends as ratios and amounts per share."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final

import msgspec
import polars as pl

from quantmill.providers.access import Access
from quantmill.providers.actions_protocol import ACTION_PAGE_SCHEMA, one_a_day
from quantmill.providers.alpaca.server import NAME, data_server
from quantmill.providers.pages import LoopGuard

__all__ = ["AlpacaActions"]

_PATH: Final = "/v1/corporate-actions"
_MAX_ROWS: Final = 1000
_MAX_SYMBOLS: Final = 100
_TYPES: Final = ("forward_split", "reverse_split", "stock_dividend", "cash_dividend")
# Alpaca looks at the day on which it processes an action: of a dividend that is weeks after the ex-date.
_BEFORE, _AFTER = timedelta(days=31), timedelta(days=184)


class _Split(msgspec.Struct):
    id: str
    symbol: str
    ex_date: date
    old_rate: float
    new_rate: float


class _Dividend(msgspec.Struct):
    """`rate` is an amount of cash per share, or of a stock dividend the new shares for each old one."""

    id: str
    symbol: str
    ex_date: date
    rate: float


class _Lists(msgspec.Struct):
    forward_splits: list[_Split] = []
    reverse_splits: list[_Split] = []
    stock_dividends: list[_Dividend] = []
    cash_dividends: list[_Dividend] = []


class _Page(msgspec.Struct):
    corporate_actions: _Lists | None = None
    next_page_token: str | None = None


_PAGE: Final = msgspec.json.Decoder(_Page)


class AlpacaActions:
    """Splits and dividends of US equities.

    Args:
        access: Credentials, limits.

    Raises:
        ConfigError: If no key is set.
    """

    name: str = NAME

    def __init__(self, access: Access) -> None:
        self._server = data_server(access)

    def actions(self, symbols: Sequence[str], start: date, end: date) -> Iterator[pl.DataFrame]:
        """As `ActionProvider.actions`: one page per hundred symbols, a stock dividend of 5 % as a split of 1.05."""
        for at in range(0, len(symbols), _MAX_SYMBOLS):
            rows = {row[0]: row[1:] for row in self._rows(symbols[at : at + _MAX_SYMBOLS], start, end)}
            frame = pl.DataFrame(list(rows.values()), schema=ACTION_PAGE_SCHEMA, orient="row")
            frame = frame.filter(pl.col("ex_date").is_between(start, end, closed="left"))
            if frame.height:
                yield one_a_day(frame)

    def _rows(
        self, symbols: Sequence[str], start: date, end: date
    ) -> Iterator[tuple[str, str, date, str, float | None, float | None, str, str]]:
        """Each action with its id before the columns of `ACTION_PAGE_SCHEMA`."""
        query: dict[str, str | int] = {
            "symbols": ",".join(symbols),
            "types": ",".join(_TYPES),
            # Without dates Alpaca sends what happens today, and nothing else.
            "start": (start - _BEFORE).isoformat(),
            "end": (end + _AFTER).isoformat(),
            "limit": _MAX_ROWS,
            "sort": "asc",
        }
        guard = LoopGuard(NAME)
        while True:
            page = self._server.get(_PATH, _PAGE, query)
            lists = page.corporate_actions or _Lists()
            for source in ("forward_splits", "reverse_splits"):
                splits: list[_Split] = getattr(lists, source)
                for one in splits:
                    ratio = one.new_rate / one.old_rate if one.old_rate else None
                    yield one.id, one.symbol, one.ex_date, "split", ratio, None, NAME, source
            for gift in lists.stock_dividends:
                yield (
                    gift.id,
                    gift.symbol,
                    gift.ex_date,
                    "split",
                    1 + gift.rate,
                    None,
                    NAME,
                    "stock_dividends",
                )
            for cash in lists.cash_dividends:
                yield cash.id, cash.symbol, cash.ex_date, "dividend", None, cash.rate, NAME, "cash_dividends"
            if not page.next_page_token:
                return
            guard.check(page.next_page_token)
            query["page_token"] = page.next_page_token
