"""The synthetic market: options, calendar, shape of bars and volume, relations between symbols."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from quantmill.core.bars import us_of
from quantmill.core.calendar import calendar_for
from quantmill.errors import NoDataError, UsageError
from quantmill.providers.sim.kernels import clustered_returns, daily_volatility, minute_path
from quantmill.providers.sim.planted import planted_signal
from quantmill.providers.sim.provider import DEFAULT_N_SESSIONS, SimProvider, default_span

XNYS = calendar_for("XNYS")


def bars_of(provider: SimProvider, symbol: str, first: date, end: date) -> pl.DataFrame:
    return pl.concat(provider.bars(symbol, XNYS.day_span(first, end)))


def test_default_span_is_250_sessions_of_2023() -> None:
    first, end = default_span()

    assert (first, end) == (date(2023, 1, 3), date(2024, 1, 2))
    assert len(XNYS.sessions(first, end)) == DEFAULT_N_SESSIONS


def test_half_day_ends_at_its_close() -> None:
    bars = bars_of(SimProvider(), "QQQ", date(2023, 11, 24), date(2023, 11, 25))

    # The day after Thanksgiving closes at 13:00 in New York.
    assert bars.height == 210
    assert str(bars["ts"][-1]) == "2023-11-24 17:59:00+00:00"


def test_prices_are_whole_cents_and_consistent() -> None:
    bars = bars_of(SimProvider(), "AAPL", date(2023, 3, 1), date(2023, 3, 10))

    for name in ("open", "high", "low", "close"):
        cents = bars[name].to_numpy() * 100
        np.testing.assert_allclose(cents, np.rint(cents), atol=1e-6)
    assert bars.filter(
        (pl.col("high") < pl.max_horizontal("open", "close"))
        | (pl.col("low") > pl.min_horizontal("open", "close"))
        | ~pl.col("vwap").is_between(pl.col("low"), pl.col("high"))
        | (pl.col("volume") < 1)
        | (pl.col("trade_count") < 1)
    ).is_empty()


def test_volume_is_u_shaped() -> None:
    bars = bars_of(SimProvider(), "SPY", date(2023, 3, 1), date(2023, 4, 1))
    minute = pl.Series("minute", XNYS.label(us_of(bars["ts"])).minute)
    by_half_hour = (
        bars.group_by((minute // 30).alias("part")).agg(pl.col("volume").mean()).sort("part")["volume"]
    )

    noon = by_half_hour[6]
    assert by_half_hour[0] > 1.5 * noon
    assert by_half_hour[-1] > 1.3 * noon


def test_fear_rises_when_the_market_falls() -> None:
    provider = SimProvider(seed=4)
    first, end = date(2023, 1, 3), date(2023, 7, 1)

    def daily(symbol: str) -> np.ndarray:
        bars = bars_of(provider, symbol, first, end)
        closes = bars.group_by(pl.col("ts").dt.date(), maintain_order=True).agg(pl.col("close").last())
        return np.diff(np.log(closes["close"].to_numpy()))

    returns = {symbol: daily(symbol) for symbol in ("SPY", "QQQ", "DIA", "AAPL", "VIXY", "I:VIX")}

    assert np.corrcoef(returns["SPY"], returns["QQQ"])[0, 1] > 0.75
    assert np.corrcoef(returns["SPY"], returns["DIA"])[0, 1] > 0.85
    assert 0.3 < np.corrcoef(returns["SPY"], returns["AAPL"])[0, 1] < 0.9
    assert np.corrcoef(returns["SPY"], returns["VIXY"])[0, 1] < -0.35
    assert 0.005 < returns["SPY"].std() < 0.025


def test_index_has_no_volume() -> None:
    bars = bars_of(SimProvider(), "I:VIX", date(2023, 3, 1), date(2023, 3, 3))

    assert bars.select("volume", "vwap", "trade_count").null_count().row(0) == (780, 780, 780)
    assert bars["close"].is_between(5, 90).all()


def test_unknown_symbols_have_a_market_of_their_own() -> None:
    first, end = date(2023, 3, 1), date(2023, 3, 2)

    one, other = (bars_of(SimProvider(seed=seed), "ZZZ", first, end) for seed in (0, 1))

    assert one["close"][0] != other["close"][0]
    assert one["volume"].mean() != other["volume"].mean()


def test_feed_names_the_market() -> None:
    feeds = [
        SimProvider(seed=7).feed,
        SimProvider(planted=0.05).feed,
        SimProvider(planted=0.0).feed,
        SimProvider(noise_only=True).feed,
        SimProvider(planted_symbols=["SPY"]).feed,
    ]

    assert feeds[:4] == ["sim-s7-p0.12", "sim-s0-p0.05", "sim-s0-noise", "sim-s0-noise"]
    assert feeds[4].startswith("sim-s0-p0.12-")


def test_signal_is_where_it_was_planted() -> None:
    provider = SimProvider(planted_symbols=["spy"])

    assert [provider.carries_signal(symbol) for symbol in ("SPY", "QQQ", "I:VIX")] == [True, False, False]
    assert not SimProvider(noise_only=True).carries_signal("SPY")
    first, end = date(2023, 3, 1), date(2023, 3, 3)
    noise = SimProvider(noise_only=True)
    assert bars_of(provider, "QQQ", first, end)["close"].equals(bars_of(noise, "QQQ", first, end)["close"])


@pytest.mark.parametrize(
    "options", [{"planted": 0.5}, {"planted": -0.1}, {"planted": 0.1, "noise_only": True}]
)
def test_impossible_options(options: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        SimProvider(**options)  # type: ignore[arg-type] - options by name


def test_out_of_reach() -> None:
    with pytest.raises(NoDataError, match="sim has sessions from 2004-01-02"):
        list(SimProvider().bars("SPY", XNYS.day_span(date(1999, 1, 4), date(1999, 1, 8))))
    with pytest.raises(NoDataError, match="sim has no O:SPY"):
        list(SimProvider().bars("O:SPY250304C00601000", XNYS.day_span(*default_span())))


def test_planted_pull_matches_hand_calculation() -> None:
    # b = 29/31; strength 0.15: odds = 0.0225/0.9775 = 0.0230179. In
    # b² 1.0230179 k² + 2 · 0.0230179 b² k - 0.0230179 (1 - b²) = 0 the positive root is k = 0.0384649,
    # and indeed k² b² / (1 - b² (1+k)²) = 0.0230179.
    signal = planted_signal(0.15)

    assert signal.pull == pytest.approx(0.0384649, abs=1e-7)
    # Long-run impact 1 + k b / (1 - b (1 + k)) = 2.261116, whose root's inverse is 0.665026.
    assert signal.calm == pytest.approx(0.665026, abs=1e-6)
    assert planted_signal(0.0).pull == 0.0
    assert planted_signal(0.0).calm == 1.0


def test_kernels_match_their_python() -> None:
    random = np.random.default_rng(5)
    noise, draws = random.standard_normal((2, 60)), 1.0 - random.random((2, 60))
    variance = np.full(60, 1e-6)
    levels, exits = np.array([0.65, 1.0, 1.9]), np.array([0.1, 0.2, 0.3])
    calls = [
        (daily_volatility, (noise[0], draws[0], 0.95, 0.06, levels, exits)),
        (clustered_returns, (noise[0], variance, 0.05, 0.93)),
        (minute_path, (noise[0] * 1e-3, variance, noise[1], draws[0], draws[1], 0.9, 0.03, 0.03)),
    ]

    for kernel, arguments in calls:
        compiled, plain = kernel(*arguments), kernel.py_func(*arguments)  # type: ignore[attr-defined] - numba keeps the Python function
        for left, right in zip(np.atleast_1d(compiled), np.atleast_1d(plain), strict=True):
            np.testing.assert_allclose(left, right, rtol=1e-12)
