"""SOURCE: alpaca-py 0.44, the vendor's own client: it sees the same bars on the stand-in as our provider does."""

import json
import warnings
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from quantmill.config.settings import Settings
from quantmill.core.bars import ts_of
from quantmill.core.calendar import calendar_for
from quantmill.errors import NoDataError
from quantmill.providers.access import Access
from quantmill.providers.alpaca.bars import AlpacaProvider
from tests.standins.alpaca import AlpacaStandIn
from tests.standins.server import Answer, Request

with warnings.catch_warnings():
    # It imports a part of `websockets` that is deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    from alpaca.data.enums import DataFeed
    from alpaca.data.historical.stock import StockHistoricalDataClient
    from alpaca.data.requests import StockBarsRequest
    from alpaca.data.timeframe import TimeFrame

SYMBOLS = ("AAPL", "QQQ", "SPY")
CALENDAR = calendar_for("XNYS")
SPAN = CALENDAR.day_span(date(2024, 11, 27), date(2024, 12, 4))
FIELDS = ("open", "high", "low", "close", "volume", "vwap", "trade_count")
PAYLOADS = ("get_bars_multi_empty_response", "get_bars_single_empty_response", "multisymbol_get_bars")


class Recorded(AlpacaStandIn):
    """Answers every request for bars with one recorded body."""

    def __init__(self, body: bytes) -> None:
        super().__init__(random_bars(("SPY",)))
        self._body = body

    def answer(self, request: Request) -> Answer:
        return Answer(self._body, 200, {"Content-Type": "application/json"})


def test_the_vendors_client_sees_the_bars_that_our_provider_gives() -> None:
    with AlpacaStandIn(random_bars(SYMBOLS), page_rows=500) as server:
        ours = pl.concat(list(provider_on(server).bars_of(SYMBOLS, SPAN)))
        n_ours = len(server.requests)
        theirs = vendor_rows(server)
        n_theirs = len(server.requests) - n_ours

    rows = ours.sort("symbol", "ts").select("symbol", "ts", *FIELDS).rows()
    assert rows == theirs
    assert n_ours == n_theirs == 4


@pytest.mark.parametrize("name", PAYLOADS)
def test_recorded_answers_decode(name: str, real_data: Path) -> None:
    body = (real_data / "payloads" / "alpaca" / f"historical_stock_data__{name}.json").read_bytes()
    bars: dict[str, list[dict[str, Any]]] = json.loads(body)["bars"] or {}
    if not isinstance(bars, dict):
        pytest.skip("the answer of the address of one symbol, which is not used")
    times = [datetime.fromisoformat(bar["t"]) for rows in bars.values() for bar in rows]
    day = min(times, default=SPAN.start).date()
    span = CALENDAR.day_span(day, day + timedelta(days=1))

    with Recorded(body) as server:
        if times:
            found = pl.concat(list(provider_on(server).bars_of(sorted(bars), span)))
            assert sorted(found.select("symbol", "open", "vwap", "trade_count").rows()) == sorted(
                (symbol, float(bar["o"]), bar["vw"], bar["n"])
                for symbol, rows in bars.items()
                for bar in rows
            )
        else:
            with pytest.raises(NoDataError):
                list(provider_on(server).bars("SPY", span))


def provider_on(server: AlpacaStandIn) -> AlpacaProvider:
    return AlpacaProvider(Access(Settings.model_validate(server.settings)))


def vendor_rows(server: AlpacaStandIn) -> list[tuple[Any, ...]]:
    client = StockHistoricalDataClient(*server.key, url_override=server.url)
    request = StockBarsRequest(
        symbol_or_symbols=list(SYMBOLS),
        timeframe=TimeFrame.Minute,
        start=SPAN.start,
        end=SPAN.end,
        feed=DataFeed.IEX,
    )
    return [
        (symbol, bar.timestamp, *(getattr(bar, field) for field in FIELDS))
        for symbol, bars in sorted(client.get_stock_bars(request).data.items())
        for bar in bars
    ]


def random_bars(symbols: tuple[str, ...]) -> pl.DataFrame:
    """Regular minutes of four sessions, one of them a half day; some minutes had no trade."""
    sessions = CALENDAR.sessions(date(2024, 11, 27), date(2024, 12, 4))
    minutes = np.concatenate([CALENDAR.regular_minutes(day) for day in sessions])
    rng = np.random.default_rng(5)
    frames: list[pl.DataFrame] = []
    for symbol in symbols:
        ts = minutes[rng.random(minutes.size) < 0.4]
        prices = np.round(rng.uniform(99.0, 101.0, (2, ts.size)), 2)
        frames.append(
            pl.DataFrame(
                {
                    "symbol": symbol,
                    "ts": ts_of(ts),
                    "open": prices[0],
                    "high": prices.max(axis=0),
                    "low": prices.min(axis=0),
                    "close": prices[1],
                    "volume": rng.integers(1, 10_000, ts.size).astype(np.float64),
                    "vwap": np.round(prices.mean(axis=0), 4),
                    "trade_count": rng.integers(1, 500, ts.size),
                }
            )
        )
    return pl.concat(frames)
