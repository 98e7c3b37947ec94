"""The same past with other futures: of a symbol's bars, and of the market beside them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from quantmill.core.arrays import Floats
from quantmill.core.bars import BarArrays
from quantmill.core.seeds import derive_seed
from quantmill.features.cuts import Cut
from quantmill.features.market import Market

__all__ = ["World", "other_worlds"]

_SHOCK: Final = 0.3
_REACH_BARS: Final = 600
_COLUMNS: Final = ("open", "high", "low", "close", "volume", "vwap")


@dataclass(frozen=True, slots=True)
class World:
    """What a symbol's features are computed from, and what was done to its future."""

    future: str
    bars: BarArrays
    market: Market


def other_worlds(bars: BarArrays, market: Market, cut: Cut, *, seed: int) -> Iterator[World]:
    """Worlds that share everything known at the close of the last bar before the cut.

    The future is removed; or its next 600 bars are replaced by other prices and volumes, or by missing values,
    and the rest is removed. Of the market everything that starts after that bar is future, also in minutes that
    the symbol did not trade.
    """
    last_us = int(bars.ts_us[cut.bar - 1])
    rng = np.random.default_rng(derive_seed(seed, "certificate futures", cut.bar))
    changes: dict[str, Callable[[BarArrays, int], BarArrays]] = {
        "removed": lambda past, n_known: past[:n_known],
        "replaced": lambda past, n_known: _with_future(past[: n_known + _REACH_BARS], n_known, rng),
        "missing": lambda past, n_known: _with_future(past[: n_known + _REACH_BARS], n_known, None),
    }
    for future, change in changes.items():

        def changed(past: BarArrays, change: Callable[[BarArrays, int], BarArrays] = change) -> BarArrays:
            return change(past, int(np.searchsorted(past.ts_us, last_us, side="right")))

        yield World(future, changed(bars), market.changed(changed))


def _other_prices(bars: BarArrays, rng: np.random.Generator) -> Mapping[str, Floats]:
    shock = np.exp(rng.normal(0.0, _SHOCK, bars.n_bars))
    above, below = (1.0 + np.abs(rng.normal(0.0, _SHOCK, bars.n_bars)) for _ in range(2))
    return {
        "open": bars.open * shock,
        "high": np.maximum(bars.open, bars.close) * shock * above,
        "low": np.minimum(bars.open, bars.close) * shock / below,
        "close": bars.close * shock,
        "volume": np.floor(rng.lognormal(12.0, 3.0, bars.n_bars)),
        "vwap": bars.close * shock,
    }


def _with_future(bars: BarArrays, n_known: int, rng: np.random.Generator | None) -> BarArrays:
    missing = dict.fromkeys(_COLUMNS, np.full(bars.n_bars, np.nan))
    changed: dict[str, Floats] = {}
    for name, later in (missing if rng is None else _other_prices(bars, rng)).items():
        past: Floats | None = getattr(bars, name)
        if past is not None:
            changed[name] = np.concatenate((past[:n_known], later[n_known:]))
    return replace(bars, **changed)
