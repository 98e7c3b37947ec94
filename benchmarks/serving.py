"""A process that serves a million bars as Alpaca does, from rows that were made into text before."""

import json
import multiprocessing
from bisect import bisect_left, bisect_right
from collections.abc import Generator
from contextlib import contextmanager
from datetime import date
from multiprocessing.connection import Connection
from typing import Final

import numpy as np
import polars as pl

from quantmill.core.bars import ts_of
from quantmill.core.calendar import calendar_for
from tests.standins.alpaca import AlpacaStandIn, instant, page_offset, page_token
from tests.standins.server import Answer, Request

__all__ = ["FIRST", "KEY", "LAST", "N_BARS", "SYMBOLS", "alpaca_server"]

N_BARS: Final = 1_000_000
SYMBOLS: Final = ("AAPL", "IWM", "MSFT", "QQQ", "SPY")
FIRST: Final = date(2022, 1, 3)
# Sessions before it have bars.
LAST: Final = date(2024, 1, 23)
KEY: Final = ("AKBENCH", "benchmark-value")


class PreparedAlpaca(AlpacaStandIn):
    """Joins texts, so that serving costs the machine next to nothing."""

    def __init__(self, bars: pl.DataFrame) -> None:
        super().__init__(bars, key=KEY)
        self._times: dict[str, list[str]] = {}
        self._rows: dict[str, list[str]] = {}
        for (symbol,), part in bars.group_by("symbol", maintain_order=True):
            times = part["ts"].dt.strftime("%Y-%m-%dT%H:%M:%SZ").to_list()
            numbers = part.select("open", "high", "low", "close", "volume").rows()
            self._times[str(symbol)] = times
            self._rows[str(symbol)] = [
                f'{{"t":"{t}","o":{o},"h":{h},"l":{low},"c":{c},"v":{int(v)},"n":{int(v) % 977 + 1},"vw":{c}}}'
                for t, (o, h, low, c, v) in zip(times, numbers, strict=True)
            ]

    def answer(self, request: Request) -> Answer:
        query = request.query
        start, end = (f"{instant(query[name]):%Y-%m-%dT%H:%M:%SZ}" for name in ("start", "end"))
        limit = min(self.page_rows, int(query.get("limit", "1000")))
        skipped, wanted = page_offset(query), limit
        parts: list[str] = []
        has_more = False
        for symbol in sorted(query["symbols"].split(",")):
            times = self._times[symbol]
            at, stop = bisect_left(times, start), bisect_right(times, end)
            first = min(at + skipped, stop)
            skipped -= first - at
            taken = min(wanted, stop - first)
            wanted -= taken
            has_more = has_more or first + taken < stop
            if taken:
                parts.append(f'"{symbol}":[{",".join(self._rows[symbol][first : first + taken])}]')
        token = json.dumps(page_token(page_offset(query) + limit) if has_more else None)
        body = f'{{"bars":{{{",".join(parts)}}},"next_page_token":{token}}}'
        return Answer(body.encode(), 200, {"Content-Type": "application/json"})


@contextmanager
def alpaca_server() -> Generator[str]:
    """The address of a server with `N_BARS` bars, in a process of its own."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there,), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        here.send("stop")
        process.join()


def _serve(connection: Connection) -> None:
    with PreparedAlpaca(make_bars()) as server:
        connection.send(server.url)
        connection.recv()


def make_bars() -> pl.DataFrame:
    """Regular minutes of `SYMBOLS`, one random walk each, cents and whole shares as Alpaca sends them."""
    calendar = calendar_for("XNYS")
    minutes = np.concatenate([calendar.regular_minutes(day) for day in calendar.sessions(FIRST, LAST)])
    n_each = N_BARS // len(SYMBOLS)
    frames: list[pl.DataFrame] = []
    for seed, symbol in enumerate(SYMBOLS):
        rng = np.random.default_rng(seed)
        close = np.round(300.0 * np.exp(np.cumsum(rng.normal(0.0, 4e-4, n_each))), 2)
        opened = np.append(close[0], close[:-1])
        frames.append(
            pl.DataFrame(
                {
                    "symbol": symbol,
                    "ts": ts_of(minutes[:n_each]),
                    "open": opened,
                    "high": np.round(np.maximum(opened, close) + 0.01, 2),
                    "low": np.round(np.minimum(opened, close) - 0.01, 2),
                    "close": close,
                    "volume": rng.integers(100, 100_000, n_each).astype(np.float64),
                }
            )
        )
    return pl.concat(frames)
