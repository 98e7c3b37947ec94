"""A process that serves a million bars as a provider does, from texts made before, and can cut a page short."""

import multiprocessing
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from multiprocessing.connection import Connection
from typing import Final

import numpy as np
import polars as pl

from quantmill.core.bars import ts_of
from quantmill.core.calendar import calendar_for
from tests.standins.server import StandIn

__all__ = ["FIRST", "LAST", "N_BARS", "SYMBOLS", "Served", "serving"]

N_BARS: Final = 1_000_000
SYMBOLS: Final = ("AAPL", "IWM", "MSFT", "QQQ", "SPY")
FIRST: Final = date(2022, 1, 3)
# Sessions before it have bars.
LAST: Final = date(2024, 1, 23)
# Of the pages that come after the order to cut one.
CUT_PAGE: Final = 7


@dataclass(frozen=True, slots=True)
class Served:
    """Where the bars are to be had."""

    url: str
    _connection: Connection

    def cut_page(self) -> None:
        """Let one of the next pages come with half its text, in an answer that says that all is well."""
        self._connection.send("cut")
        self._connection.recv()


@contextmanager
def serving(make_server: Callable[[pl.DataFrame], StandIn]) -> Generator[Served]:
    """A server with `N_BARS` bars, in a process of its own; `make_server` is a class or function of a module."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, make_server), daemon=True)
    process.start()
    try:
        yield Served(here.recv(), here)
    finally:
        here.send("stop")
        process.join()


def _serve(connection: Connection, make_server: Callable[[pl.DataFrame], StandIn]) -> None:
    with make_server(make_bars()) as server:
        connection.send(server.url)
        while connection.recv() == "cut":
            server.faults = {len(server.requests) + CUT_PAGE: "cut JSON"}
            connection.send("ready")


def make_bars() -> pl.DataFrame:
    """Regular minutes of `SYMBOLS`, one random walk each, in cents and whole shares as providers send them."""
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
