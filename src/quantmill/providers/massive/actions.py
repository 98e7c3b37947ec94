"""Massive's splits and cash dividends."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final, TypeVar

import msgspec
import polars as pl

from quantmill.core.symbols import describe_symbol
from quantmill.providers.access import Access
from quantmill.providers.actions_protocol import ACTION_PAGE_SCHEMA, one_a_day
from quantmill.providers.massive.names import from_massive, to_massive
from quantmill.providers.massive.server import NAME, server
from quantmill.providers.pages import LoopGuard

__all__ = ["MassiveActions"]

_SPLITS: Final = "/v3/reference/splits"
_DIVIDENDS: Final = "/v3/reference/dividends"
_MAX_ROWS: Final = 1000


class _Split(msgspec.Struct):
    """`split_from` old shares became `split_to` new ones on the execution date."""

    ticker: str
    execution_date: date
    split_from: float
    split_to: float


class _Dividend(msgspec.Struct):
    """Cash per share, in US dollars unless it says otherwise."""

    ticker: str
    ex_dividend_date: date
    cash_amount: float
    currency: str = "USD"


class _Splits(msgspec.Struct):
    results: list[_Split] = []
    next_url: str | None = None

    def __len__(self) -> int:
        return len(self.results)


class _Dividends(msgspec.Struct):
    results: list[_Dividend] = []
    next_url: str | None = None

    def __len__(self) -> int:
        return len(self.results)


_Answer = TypeVar("_Answer", _Splits, _Dividends)
_SPLITS_DECODER: Final = msgspec.json.Decoder(_Splits)
_DIVIDENDS_DECODER: Final = msgspec.json.Decoder(_Dividends)


class MassiveActions:
    """Splits and cash dividends of US equities; those in other currencies than the quotes' are left out.

    Args:
        access: Credentials, limits, clock.

    Raises:
        ConfigError: If no key is set.
    """

    name: str = NAME

    def __init__(self, access: Access) -> None:
        self._server = server(access)

    def actions(self, symbols: Sequence[str], start: date, end: date) -> Iterator[pl.DataFrame]:
        """As `ActionProvider.actions`: two frames for each symbol."""
        for symbol in symbols:
            splits = self._pages(_SPLITS, _SPLITS_DECODER, "execution_date", symbol, start, end)
            yield _frame(
                [
                    (
                        from_massive(one.ticker),
                        one.execution_date,
                        "split",
                        one.split_to / one.split_from,
                        None,
                    )
                    for page in splits
                    for one in page.results
                ],
                "splits",
            )
            currency = describe_symbol(symbol).currency
            dividends = self._pages(_DIVIDENDS, _DIVIDENDS_DECODER, "ex_dividend_date", symbol, start, end)
            yield _frame(
                [
                    (from_massive(one.ticker), one.ex_dividend_date, "dividend", None, one.cash_amount)
                    for page in dividends
                    for one in page.results
                    if one.currency == currency
                ],
                "dividends",
            )

    def _pages(
        self,
        path: str,
        decoder: msgspec.json.Decoder[_Answer],
        day: str,
        symbol: str,
        start: date,
        end: date,
    ) -> Iterator[_Answer]:
        query: dict[str, str | int] | None = {
            "ticker": to_massive(symbol),
            f"{day}.gte": start.isoformat(),
            f"{day}.lt": end.isoformat(),
            "order": "asc",
            "limit": _MAX_ROWS,
        }
        guard = LoopGuard(NAME)
        while True:
            page = self._server.get(path, decoder, query)
            yield page
            if not page.next_url:
                return
            guard.check(page.next_url)
            path, query = page.next_url, None


def _frame(rows: list[tuple[str, date, str, float | None, float | None]], source: str) -> pl.DataFrame:
    names = list(ACTION_PAGE_SCHEMA)[:5]
    schema = {name: ACTION_PAGE_SCHEMA[name] for name in names}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return one_a_day(frame.with_columns(provider=pl.lit(NAME), source=pl.lit(source)))
