"""Where a history is cut to prove that features know nothing of what follows."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from quantmill.core.arrays import Bools, Ints
from quantmill.core.bars import BarArrays
from quantmill.core.instants import DAY_US, MINUTE_US
from quantmill.features.context.as_of import join_as_of
from quantmill.features.market import NO_MARKET, Market
from quantmill.features.regimes.walk_forward import first_sessions_of_months

__all__ = ["Cut", "choose_cuts"]

_BUCKET_MINUTES: Final = (5, 15, 60)
_PER_PLACE: Final = 2


@dataclass(frozen=True, slots=True)
class Cut:
    """A present: bars `0 .. bar-1` are known, and `place` says why just there."""

    bar: int
    place: str


def choose_cuts(bars: BarArrays, market: Market = NO_MARKET, *, seed: int, n_random: int) -> tuple[Cut, ...]:
    """Cuts at the places where look-ahead hides, up to two of each drawn by `seed`, and random ones.

    Places: among the first bars; before and after a session's first and last bar, also of half days and of
    the first session after a clock change; inside and at the edge of 5, 15 and 60-minute buckets; after a bar
    without volume, before the bar that follows a minute without trade; at the first bar of a month, where the
    market's mixture is refitted; where the newest bar of the benchmark is older than the symbol's.
    """
    rng = np.random.default_rng(seed)
    chosen: dict[int, str] = {}
    for place, where in _places(bars, market).items():
        found = [bar for bar in where.tolist() if 0 < bar < bars.n_bars and bar not in chosen]
        chosen.update(dict.fromkeys(rng.permutation(found)[:_PER_PLACE].tolist(), place))
    left = [bar for bar in range(1, bars.n_bars) if bar not in chosen]
    chosen.update(dict.fromkeys(rng.permutation(left)[:n_random].tolist(), "random bar"))
    return tuple(Cut(bar, chosen[bar]) for bar in sorted(chosen))


def _places(bars: BarArrays, market: Market) -> dict[str, Ints]:
    opens = np.flatnonzero(bars.opens_session)
    last = np.flatnonzero(bars.closes_session)
    first_of_clock = opens[_clock_changes(bars)[opens]]
    is_short = (bars.labels.n_minutes > 0) & (bars.labels.n_minutes < bars.labels.n_minutes.max(initial=0))
    minute = bars.minute
    # The rarest first, for a bar is cut once.
    places = {
        "half day's first bar": opens[is_short[opens]] + 1,
        "half day's last hour": np.flatnonzero(is_short & (bars.labels.n_minutes - minute == 30)),
        "half day's last bar": last[is_short[last]],
        "month's first bar": opens[first_sessions_of_months(bars.session[opens])],
        "clock change's first bar": first_of_clock,
        "clock change's session": first_of_clock + 61,
        "among the first bars": np.arange(1, 20),
        "before a session's first bar": opens,
        "after a session's first bar": opens + 1,
        "before a session's last bar": last,
        "after a bar without volume": np.flatnonzero(~np.isfinite(bars.volume)) + 1,
        "before a minute that did not trade": np.flatnonzero(_skips_a_minute(bars)),
        "where the context is old": np.flatnonzero(_has_old_context(bars, market)),
        "after a bar with old context": np.flatnonzero(_has_old_context(bars, market)) + 1,
    }
    for width in _BUCKET_MINUTES:
        places[f"edge of a {width}-minute bucket"] = np.flatnonzero(minute % width == 0)
        places[f"inside a {width}-minute bucket"] = np.flatnonzero(minute % width == width // 2)
    return places


def _clock_changes(bars: BarArrays) -> Bools:
    """True from the first bar whose exchange clock differs from the bar before's by a clock change."""
    offset_us = bars.session * DAY_US + bars.labels.minute_of_day * MINUTE_US - bars.ts_us
    changes = np.zeros(bars.n_bars, dtype=np.bool_)
    changes[1:] = offset_us[1:] // MINUTE_US != offset_us[:-1] // MINUTE_US
    return changes


def _skips_a_minute(bars: BarArrays) -> Bools:
    skips = np.zeros(bars.n_bars, dtype=np.bool_)
    skips[1:] = (np.diff(bars.ts_us) > bars.interval_minutes * MINUTE_US) & ~bars.opens_session[1:]
    return skips


def _has_old_context(bars: BarArrays, market: Market) -> Bools:
    if market.benchmark is None:
        return np.zeros(bars.n_bars, dtype=np.bool_)
    return join_as_of(bars.ts_us, market.benchmark.ts_us).age_minutes > 0
