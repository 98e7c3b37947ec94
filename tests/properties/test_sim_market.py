"""Promises of the synthetic market: bars depend on nothing but their session; the signal is there, or nothing is."""

from datetime import date
from functools import lru_cache

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantmill.core.bars import us_of
from quantmill.core.calendar import calendar_for
from quantmill.core.instants import date_of_day, day_of_date
from quantmill.providers.sim.planted import MEMORY_BARS
from quantmill.providers.sim.provider import SimProvider, default_span

XNYS = calendar_for("XNYS")
SPAN = XNYS.day_span(*default_span())


@lru_cache(maxsize=64)
def returns_and_distances(
    seed: int, symbol: str, planted: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Next one-minute log returns in basis points, distances to the EMA, minutes, from the printed closes alone."""
    bars = pl.concat(SimProvider(seed=seed, planted=planted).bars(symbol, SPAN))
    labels = XNYS.label(us_of(bars["ts"]))
    decay = 1 - 2 / (MEMORY_BARS + 1)
    gained, distances, minutes = [], [], []
    log_close, first_price = np.log(bars["close"].to_numpy()), np.log(bars["open"].to_numpy())
    starts = np.flatnonzero(np.append(True, labels.session[1:] != labels.session[:-1]))
    for start, end in zip(starts, np.append(starts[1:], labels.session.size), strict=True):
        moves = np.diff(log_close[start:end], prepend=first_price[start])
        # distance[i] = decay * (distance[i-1] + move[i]), summed up as weights of past moves.
        ages = np.arange(moves.size)
        distance = np.convolve(moves, decay ** (ages + 1))[: moves.size]
        gained.append(moves[1:] * 1e4)
        distances.append(distance[:-1])
        minutes.append(ages[:-1])
    return np.concatenate(gained), np.concatenate(distances), np.concatenate(minutes)


@settings(max_examples=10)
@given(
    seed=st.integers(0, 3),
    symbol=st.sampled_from(["SPY", "VIXY", "ABCD"]),
    place=st.integers(0, 80),
    length=st.integers(1, 4),
    first_asked=st.integers(0, 99),
)
def test_bars_do_not_depend_on_the_span(
    seed: int, symbol: str, place: int, length: int, first_asked: int
) -> None:
    days = XNYS.next_sessions(date(2022, 11, 1), 100)
    span = XNYS.day_span(days[place], date_of_day(day_of_date(days[place + length - 1]) + 1))
    used = SimProvider(seed=seed)
    # Another session first, earlier or later: what was asked before leaves no trace.
    list(used.bars(symbol, XNYS.session_span(days[first_asked])))

    at_once = pl.concat(used.bars(symbol, span))
    one_by_one = pl.concat(
        page
        for day in days[place : place + length][::-1]
        for page in SimProvider(seed=seed).bars(symbol, XNYS.session_span(day))
    )

    assert at_once.equals(one_by_one.sort("ts"))


@pytest.mark.parametrize("symbol", ["SPY", "QQQ", "AAPL"])
def test_planted_signal_has_the_stated_strength(symbol: str) -> None:
    for seed in (11, 12):
        gained, distance, minute = returns_and_distances(seed, symbol, 0.15)
        late = minute > 60  # past the restart at the open

        correlation = np.corrcoef(distance[late], gained[late])[0, 1]

        # 82,000 minutes give a standard error of 0.0035; volatility that changes takes off up to a fifth.
        assert 0.11 < correlation < 0.17


def test_strength_orders_the_markets() -> None:
    found = []
    for planted in (0.0, 0.05, 0.1, 0.2):
        gained, distance, _ = returns_and_distances(5, "QQQ", planted)
        found.append(float(np.corrcoef(distance, gained)[0, 1]))

    assert found == sorted(found)
    assert abs(found[0]) < 0.015


@pytest.mark.parametrize("symbol", ["SPY", "QQQ", "AAPL"])
def test_noise_cannot_be_foreseen(symbol: str) -> None:
    statistics = []
    for seed in range(4):
        gained, distance, _ = returns_and_distances(seed, symbol, 0.0)
        before = gained[:-1]
        standard = gained / gained.std()
        for signal, following in ((distance, gained), (before, gained[1:]), (np.sign(before), gained[1:])):
            # Heteroscedasticity-robust t statistic of the covariance.
            product = (signal - signal.mean()) / signal.std() * following
            statistics.append(product.mean() / product.std() * np.sqrt(product.size))
        assert abs(standard.mean()) * np.sqrt(standard.size) < 4

    # Twelve statistics of noise: each within 4, the sum of squares within the 99.99 % point of chi-square, about 40,
    # with some allowance for rounding to cents.
    assert np.max(np.abs(statistics)) < 4.5
    assert np.sum(np.square(statistics)) < 50


def test_noise_over_nights_cannot_be_foreseen() -> None:
    statistics = []
    for seed in range(4):
        bars = pl.concat(SimProvider(seed=seed, noise_only=True).bars("SPY", SPAN))
        days = bars.group_by(pl.col("ts").dt.date(), maintain_order=True).agg(
            pl.col("open").first(), pl.col("close").last()
        )
        day = np.log(days["close"].to_numpy() / days["open"].to_numpy())
        night = np.log(days["open"].to_numpy()[1:] / days["close"].to_numpy()[:-1])
        statistics += [
            np.corrcoef(day[:-1], night)[0, 1] * np.sqrt(night.size),
            night.mean() / night.std() * np.sqrt(night.size),
            day.mean() / day.std() * np.sqrt(day.size),
        ]

    assert np.max(np.abs(statistics)) < 4
    assert np.sum(np.square(statistics)) < 40


def test_volatility_clusters() -> None:
    sizes = []
    for seed in range(3):
        bars = pl.concat(SimProvider(seed=seed, noise_only=True).bars("SPY", SPAN))
        days = bars.group_by(pl.col("ts").dt.date(), maintain_order=True).agg(
            np.log(pl.col("close")).diff().std().alias("volatility")
        )
        volatility = np.log(days["volatility"].to_numpy())
        sizes.append(np.corrcoef(volatility[:-1], volatility[1:])[0, 1])

    assert np.mean(sizes) > 0.5
