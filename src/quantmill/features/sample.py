"""A fixed, synthetic, awkward stretch of bars on which features are certified and guarded."""

from datetime import date
from typing import Final

import numpy as np

from quantmill.core.arrays import Ints
from quantmill.core.bars import BarArrays
from quantmill.core.calendar import calendar_for
from quantmill.core.seeds import derive_seed
from quantmill.features.market import Market

__all__ = ["SAMPLE_SESSIONS", "sample_bars", "sample_market"]

# Around both clock changes of the winter 2023/24, with the half day after Thanksgiving.
SAMPLE_SESSIONS: Final = (
    date(2023, 11, 2),
    date(2023, 11, 3),
    date(2023, 11, 6),
    date(2023, 11, 22),
    date(2023, 11, 24),
    date(2023, 11, 27),
    date(2024, 3, 8),
    date(2024, 3, 11),
    date(2024, 3, 12),
)
_TICK: Final = 0.01
_SESSIONS_BEFORE: Final = 45
_FULL_BEFORE: Final = 5


def sample_bars(seed: int = 0) -> BarArrays:
    """About 3,280 regular 1-minute bars over nine sessions of XNYS.

    Prices walk at random on a grid of cents, with an overnight move. About 2 % of the minutes did not
    trade, 4 % of the bars have no range, 3 % no volume, 1 % an unknown volume; half know their vwap.
    """
    rng = np.random.default_rng(derive_seed(seed, "feature sample"))
    calendar = calendar_for("XNYS")
    minutes = np.concatenate([calendar.regular_minutes(session) for session in SAMPLE_SESSIONS])
    return _random_bars(minutes[rng.random(minutes.size) > 0.02], rng)


def sample_market(seed: int = 0) -> Market:
    """A benchmark and a volatility source beside `sample_bars`, with enough sessions before it for all regimes.

    The 45 sessions before have a bar every ten minutes, so that the sample stays small, but for the last five,
    which tell the usual volume of each minute. In the sample's own sessions about 3 % of the
    minutes did not trade, and once in an hour none for nine minutes, so that the context is old and stale.
    """
    calendar = calendar_for("XNYS")
    before = calendar.sessions(date(2023, 8, 1), SAMPLE_SESSIONS[0])[-_SESSIONS_BEFORE:]
    early = np.concatenate([calendar.regular_minutes(session)[::10] for session in before[:-_FULL_BEFORE]])
    full = np.concatenate([calendar.regular_minutes(session) for session in before[-_FULL_BEFORE:]])
    late = np.concatenate([calendar.regular_minutes(session) for session in SAMPLE_SESSIONS])
    sides: dict[str, BarArrays] = {}
    for side in ("benchmark", "volatility"):
        rng = np.random.default_rng(derive_seed(seed, "feature sample", side))
        has_traded = rng.random(late.size) > 0.03
        for first in rng.integers(0, late.size, late.size // 60):
            has_traded[first : first + 9] = False
        sides[side] = _random_bars(np.concatenate((early, full, late[has_traded])), rng)
    return Market(sides["benchmark"], sides["volatility"])


def _random_bars(ts_us: Ints, rng: np.random.Generator) -> BarArrays:
    n_bars = ts_us.size
    labels = calendar_for("XNYS").label(ts_us)
    opens = np.diff(labels.session, prepend=-1) != 0
    steps = rng.normal(0.0, 5e-4, n_bars) + np.where(opens, rng.normal(0.0, 8e-3, n_bars), 0.0)
    price = 100.0 * np.exp(np.cumsum(steps))
    first = price * np.exp(rng.normal(0.0, 3e-4, n_bars))
    above, below = (np.abs(rng.normal(0.0, 2e-4, n_bars)) for _ in range(2))
    open_, close = np.round(first, 2), np.round(price, 2)
    high = np.round(np.maximum(first, price) * (1.0 + above) + _TICK / 2, 2)
    low = np.round(np.minimum(first, price) * (1.0 - below) - _TICK / 2, 2)
    is_flat = rng.random(n_bars) < 0.04
    for values in (open_, high, low):
        values[is_flat] = close[is_flat]
    volume = np.floor(rng.lognormal(6.0, 1.2, n_bars))
    volume[rng.random(n_bars) < 0.03] = 0.0
    volume[rng.random(n_bars) < 0.01] = np.nan
    vwap = np.where(rng.random(n_bars) < 0.5, np.round((high + low + 2.0 * close) / 4.0, 4), np.nan)
    return BarArrays(ts_us, open_, high, low, close, volume, labels, vwap=vwap)
