"""The fill models: at what price, and how many bars after its signal, an order fills."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from quantmill.core.arrays import Floats
from quantmill.core.fill_names import FillName
from quantmill.simulation.market import Market
from quantmill.simulation.slippage import average_range_before, half_range
from quantmill.simulation.vwap_window import is_without_volume, most_shares, window_price

__all__ = ["FILL_MODELS", "FillModel", "FillMoment", "FillOptions"]

FillMoment = Literal["open", "inside", "close"]
"""When in its bar an order fills: at its first price, somewhere inside, or at its last price."""


@dataclass(frozen=True, slots=True)
class FillOptions:
    """Numbers that single fill models need: bars and share of volume of `vwap`, part of the range of `atr`."""

    vwap_bars: int = 5
    vwap_share_frac: float = 0.1
    atr_multiple: float = 0.1


@dataclass(frozen=True, slots=True)
class FillModel:
    """Where in which later bar an order fills; arrays of shape (n_bars,), a value for an order filled in that bar.

    Attributes:
        name: As settings and options give it.
        delay_bars: Bars from signal to fill; None for the whole window over which an order is worked.
        price: Price before the spread, from the bars after the signal alone, unless `label` warns.
        meaning: In one phrase.
        label: Warns when that is not what an order gets.
        half_spread: Replaces the ordinary half spread, which is its second argument; may know the past.
        most_shares: Most shares that an order can open; without a limit when None.
        count: Bars at which the model had to do without something, by name; nothing when None.
        moment: When in its bar an order fills, which tells what of the bar comes before it and what after.
        stays_in_range: Whether the spread leads at most to the bar's high or low, for orders of stops too.
    """

    name: FillName
    delay_bars: int | None
    price: Callable[[Market, FillOptions], Floats]
    meaning: str
    label: str | None = None
    half_spread: Callable[[Market, Floats, FillOptions], Floats] | None = None
    most_shares: Callable[[Market, FillOptions], Floats] | None = None
    count: Callable[[Market, FillOptions], dict[str, int]] | None = None
    moment: FillMoment = "inside"
    stays_in_range: bool = False

    def delay(self, options: FillOptions) -> int:
        """Bars from signal to fill."""
        return options.vwap_bars if self.delay_bars is None else self.delay_bars


def _close(market: Market, options: FillOptions) -> Floats:
    return market.close.copy()


def _open(market: Market, options: FillOptions) -> Floats:
    return market.open.copy()


def _middle(market: Market, options: FillOptions) -> Floats:
    return (market.high + market.low) / 2.0


def _window_price(market: Market, options: FillOptions) -> Floats:
    return window_price(market, n_bars=options.vwap_bars)


def _share_of_volume(market: Market, options: FillOptions) -> Floats:
    return most_shares(market, n_bars=options.vwap_bars, share_frac=options.vwap_share_frac)


def _without_volume(market: Market, options: FillOptions) -> dict[str, int]:
    return {"fill_windows_without_volume": int(is_without_volume(market, n_bars=options.vwap_bars).sum())}


def _half_range(market: Market, ordinary: Floats, options: FillOptions) -> Floats:
    return half_range(market)


def _at_least_of_range(market: Market, ordinary: Floats, options: FillOptions) -> Floats:
    # Where the range is not known yet the ordinary half spread holds.
    return np.fmax(ordinary, options.atr_multiple * average_range_before(market))


def _without_range(market: Market, options: FillOptions) -> dict[str, int]:
    return {"fill_bars_without_range": int(np.isnan(average_range_before(market)).sum())}


FILL_MODELS: Final[dict[str, FillModel]] = {
    model.name: model
    for model in (
        FillModel("next_open", 1, _open, "open of the bar after the signal", moment="open"),
        FillModel(
            "close",
            0,
            _close,
            "close of the bar that made the signal",
            label="naive fill: at the close that made the signal, which no order can get",
            moment="close",
        ),
        FillModel("delayed_mid", 4, _middle, "(high + low) / 2 of the fourth bar after the signal"),
        FillModel(
            "vwap",
            None,
            _window_price,
            "volume-weighted price of the bars after the signal; an order that opens takes a share of their volume at most",
            most_shares=_share_of_volume,
            count=_without_volume,
        ),
        FillModel(
            "adverse",
            1,
            _middle,
            "high of the bar after the signal for a purchase, its low for a sale",
            half_spread=_half_range,
            stays_in_range=True,
        ),
        FillModel(
            "atr",
            1,
            _open,
            "open of the bar after the signal, with a part of the average range when that is above the half spread",
            half_spread=_at_least_of_range,
            count=_without_range,
            moment="open",
        ),
    )
}
