"""Features that look ahead, each in a way that has fooled somebody."""

import numpy as np

from quantmill.core.arrays import Floats
from quantmill.core.bars import BarArrays
from quantmill.features.context.as_of import Beside
from quantmill.features.context.volatility import realized_source
from quantmill.features.declaration import Feature
from quantmill.features.regimes.conditions import fit_rows, market_conditions
from quantmill.features.regimes.definition import REGIMES
from quantmill.features.regimes.fitting import fitter
from quantmill.features.regimes.mixture import label_rows


def next_return(bars: BarArrays) -> Floats:
    """Shift −1: the return of the next bar."""
    return np.append(np.diff(np.log(bars.close)), np.nan)


def centred_mean(bars: BarArrays) -> Floats:
    """Rolling mean with the bar in the middle of its window."""
    return np.convolve(bars.close, np.ones(5) / 5.0)[2 : bars.n_bars + 2]


def whole_sample_z_score(bars: BarArrays) -> Floats:
    """Standardized by the mean and deviation of everything."""
    return (bars.close - np.nanmean(bars.close)) / np.nanstd(bars.close)


def bucket_close(bars: BarArrays) -> Floats:
    """The close of the five-minute bucket, told from its first minute on."""
    bucket = bars.session * 100_000 + bars.minute // 5
    last = np.searchsorted(bucket, bucket, side="right") - 1
    return bars.close[last]


def filled_gap(bars: BarArrays) -> Floats:
    """A missing volume filled from the next bar that has one."""
    position = np.where(np.isfinite(bars.volume), np.arange(bars.n_bars), bars.n_bars - 1)
    return bars.volume[np.minimum.accumulate(position[::-1])[::-1]]


def minutes_to_last_bar(bars: BarArrays) -> Floats:
    """Time left by the data's last bar of the session, not by the calendar."""
    last = np.searchsorted(bars.session, bars.session, side="right") - 1
    return (bars.minute[last] - bars.minute).astype(np.float64)


def session_range_place(bars: BarArrays) -> Floats:
    """Where the close lies in the whole session's range."""
    lows, highs = (np.zeros(bars.n_bars) for _ in range(2))
    for session in np.unique(bars.session):
        inside = bars.session == session
        lows[inside], highs[inside] = np.min(bars.low[inside]), np.max(bars.high[inside])
    return (bars.close - lows) / (highs - lows)


def whole_sample_rank(bars: BarArrays) -> Floats:
    """Rank of the close among all closes."""
    return np.argsort(np.argsort(bars.close)).astype(np.float64)


def seconds_to_next_bar(bars: BarArrays) -> Floats:
    """How long until the next minute that trades."""
    return np.append(np.diff(bars.ts_us) / 1e6, np.nan)


def backfilled_warm_up(bars: BarArrays) -> Floats:
    """A 20-bar mean whose warm-up is filled with its first value."""
    mean = np.convolve(bars.close, np.ones(20) / 20.0)[: bars.n_bars]
    mean[:19] = mean[min(19, bars.n_bars - 1)]
    return mean


def spike_free_close(bars: BarArrays) -> Floats:
    """A price cleaned by comparing with both neighbors."""
    cleaned = bars.close.copy()
    before, after = bars.close[:-2], bars.close[2:]
    is_spike = np.abs(bars.close[1:-1] - (before + after) / 2.0) > 0.001 * before
    cleaned[1:-1][is_spike] = before[is_spike]
    return cleaned


def whole_history_mixture(bars: BarArrays, beside: Beside[BarArrays]) -> Floats:
    """States of the market from one mixture fitted to everything."""
    market = beside.source
    with np.errstate(all="ignore"):
        conditions = market_conditions(market, realized_source(market), REGIMES)
    rows = conditions[fit_rows(market, REGIMES)]
    return beside.as_of.of(label_rows(fitter(REGIMES)(rows[np.isfinite(rows).all(axis=1)], 2), conditions))


def future_filled_context(bars: BarArrays, beside: Beside[BarArrays]) -> Floats:
    """A gap of the benchmark filled with its next bar."""
    following = np.searchsorted(beside.source.ts_us, bars.ts_us, side="left")
    return beside.source.close[np.minimum(following, beside.source.n_bars - 1)]


def context_one_minute_early(bars: BarArrays, beside: Beside[BarArrays]) -> Floats:
    """The benchmark as it closes a minute after the bar."""
    newest = np.searchsorted(beside.source.ts_us, bars.ts_us + 60_000_000, side="right") - 1
    return beside.source.close[newest]


LEAKS = (
    next_return,
    centred_mean,
    whole_sample_z_score,
    bucket_close,
    filled_gap,
    minutes_to_last_bar,
    session_range_place,
    whole_sample_rank,
    seconds_to_next_bar,
    backfilled_warm_up,
    spike_free_close,
)
CONTEXT_LEAKS = (whole_history_mixture, future_filled_context, context_one_minute_early)


def leaking_features() -> list[Feature]:
    own = [
        Feature(leak.__name__, leak, "other", lookback_bars=1, explains=str(leak.__doc__)) for leak in LEAKS
    ]
    with_context = [
        Feature(leak.__name__, leak, "other", 1, str(leak.__doc__), inputs=(), context="benchmark")
        for leak in CONTEXT_LEAKS
    ]
    return own + with_context
