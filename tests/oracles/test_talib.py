"""SOURCE: TA-Lib 0.8 in its Python wrapper: every indicator that it has, on random and on real bars, in float64.

Expected numbers come from TA-Lib on the same arrays. They may differ by 1e-9 standard deviations of the indicator
after the warm-up, which each feature declares. Where ours is null because a range or a move is zero, TA-Lib
returns a made-up number; those bars are counted, not compared.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import talib

from quantmill.core.arrays import Floats
from quantmill.core.bars import BarArrays
from quantmill.core.calendar import calendar_for
from quantmill.features.compute import compute_feature
from quantmill.features.registry import FEATURES
from tests.unit.features.market import minute_bars

TOLERANCE = 1e-9


def bands(bars: BarArrays) -> tuple[Floats, Floats, Floats]:
    return talib.BBANDS(bars.close, 20, 2.0, 2.0)


def macd(part: int) -> Callable[[BarArrays], Floats]:
    return lambda bars: talib.MACD(bars.close, 12, 26, 9)[part]


def stochastic(part: int) -> Callable[[BarArrays], Floats]:
    return lambda bars: talib.STOCHF(bars.high, bars.low, bars.close, 14, 3, 0)[part]


def band_position(bars: BarArrays) -> Floats:
    upper, _, lower = bands(bars)
    with np.errstate(all="ignore"):
        return (bars.close - lower) / (upper - lower)


ORACLES: dict[str, Callable[[BarArrays], Floats]] = {
    **{f"sma_{n}": lambda bars, n=n: talib.SMA(bars.close, n) for n in (20, 50, 200)},
    **{f"sma_{n}_dist": lambda bars, n=n: bars.close / talib.SMA(bars.close, n) - 1 for n in (20, 50, 200)},
    **{f"ema_{n}": lambda bars, n=n: talib.EMA(bars.close, n) for n in (9, 12, 21, 26)},
    **{f"ema_{n}_dist": lambda bars, n=n: bars.close / talib.EMA(bars.close, n) - 1 for n in (9, 12, 21, 26)},
    **{f"roc_{n}": lambda bars, n=n: talib.ROC(bars.close, n) for n in (1, 5, 15, 30, 60)},
    "macd": macd(0),
    "macd_signal": macd(1),
    "macd_hist": macd(2),
    "rsi_14": lambda bars: talib.RSI(bars.close, 14),
    "stoch_k": stochastic(0),
    "stoch_d": stochastic(1),
    "bb_upper": lambda bars: bands(bars)[0],
    "bb_mid": lambda bars: bands(bars)[1],
    "bb_lower": lambda bars: bands(bars)[2],
    "bb_width": lambda bars: (bands(bars)[0] - bands(bars)[2]) / bands(bars)[1],
    "bb_pct": band_position,
    "atr_14": lambda bars: talib.ATR(bars.high, bars.low, bars.close, 14),
    "atr_14_pct": lambda bars: talib.NATR(bars.high, bars.low, bars.close, 14) / 100.0,
    "obv": lambda bars: talib.OBV(bars.close, bars.volume),
}
every_indicator = pytest.mark.parametrize("name", ORACLES)


@pytest.fixture(scope="module", params=["random", "SPY", "QQQ", "AAPL"])
def bars(request: pytest.FixtureRequest) -> BarArrays:
    if request.param == "random":
        return minute_bars(n_sessions=12, seed=7)
    real_data: Path = request.getfixturevalue("real_data")
    stored = pl.scan_parquet(real_data / "bars" / "em2015_1m.parquet")
    frame = stored.filter(pl.col("symbol") == request.param).sort("ts").collect()
    return BarArrays.of(
        frame.with_columns(pl.col("ts").cast(pl.Datetime("us", "UTC")), vwap=pl.lit(None, pl.Float64)),
        calendar_for("XNYS"),
    )


@every_indicator
def test_indicator_equals_talib(name: str, bars: BarArrays) -> None:
    feature = FEATURES[name]
    ours, theirs = compute_feature(feature, bars), ORACLES[name](bars)

    warm = slice(feature.lookback_bars - 1, None)
    ours, theirs = ours[warm], theirs[warm]

    # TA-Lib leaves all outputs of a function out until the last of them exists: the MACD waits for its signal.
    first = int(np.flatnonzero(np.isfinite(theirs))[0])
    ours, theirs = ours[first:], theirs[first:]
    is_null = np.isnan(ours)
    assert first <= feature.lookback_bars
    assert np.isfinite(theirs[~is_null]).all()
    assert is_null.mean() < 0.01
    scale = float(np.std(theirs[~is_null]))
    assert float(np.max(np.abs(ours[~is_null] - theirs[~is_null]))) <= TOLERANCE * scale
