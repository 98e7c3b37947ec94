"""When and at what price an order fills, and what it costs: fill models, half spread, fee."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from quantmill.core.arrays import Floats
from quantmill.errors import SimulationError, UsageError
from quantmill.simulation.market import Market
from quantmill.simulation.order_costs import N_FEES, PER_ORDER

__all__ = [
    "CLASSIC",
    "DEFAULT_COSTS",
    "FILL_MODELS",
    "Costs",
    "Execution",
    "FillModel",
    "FillMoment",
    "execution_of",
]

FillMoment = Literal["open", "inside", "close"]
"""When in its bar an order fills: at its first price, somewhere inside, or at its last price."""


@dataclass(frozen=True, slots=True)
class FillModel:
    """Where in which later bar an order fills; `label` warns when that is not what an order gets."""

    name: str
    delay_bars: int
    price: Callable[[Market], Floats]
    meaning: str
    label: str | None = None
    moment: FillMoment = "inside"


@dataclass(frozen=True, slots=True)
class Costs:
    """What trading costs, as plain values; together with the market they make an `Execution`.

    The half spread is the larger of `half_spread_bps` of the fill price and `half_spread_min_usd`, at
    most the price itself; it is paid per share at each fill. The fee is paid per order filled.
    """

    fill: str = "next_open"
    half_spread_bps: float = 0.5
    half_spread_min_usd: float = 0.005
    fee_usd: float = 0.02

    def __post_init__(self) -> None:
        """Refuse unknown fills and negative costs."""
        if self.fill not in FILL_MODELS:
            raise UsageError(f"unknown fill {self.fill!r}", hint=f"use one of {', '.join(FILL_MODELS)}")
        for name in ("half_spread_bps", "half_spread_min_usd", "fee_usd"):
            value: float = getattr(self, name)
            if not 0.0 <= value < float("inf"):
                raise UsageError(f"{name} is {value}, it must be zero or more")


@dataclass(frozen=True, slots=True, eq=False)
class Execution:
    """Costs of every bar of one market; arrays of shape (n_bars,), of fees (n_bars, N_FEES), as kernels take them."""

    costs: Costs
    delay_bars: int
    fill_price: Floats
    half_spread: Floats
    fees: Floats
    most_shares: Floats


def execution_of(market: Market, costs: Costs) -> Execution:
    """Fill price, half spread and fee of each bar.

    Source:
        Contract 23 and requirement SIM-5: half spread [0.5 bp of price, at least half a cent].
    """
    model = FILL_MODELS[costs.fill]
    price = np.ascontiguousarray(model.price(market), dtype=np.float64)
    if price.shape != market.close.shape:
        raise SimulationError(f"fill {costs.fill} gave {price.shape} prices for {market.n_bars} bars")
    half_spread = np.maximum(costs.half_spread_bps * 1e-4 * price, costs.half_spread_min_usd)
    fees = np.zeros((market.n_bars, N_FEES))
    fees[:, PER_ORDER] = costs.fee_usd
    most_shares = np.full(market.n_bars, np.inf)
    return Execution(costs, model.delay_bars, price, np.minimum(half_spread, price), fees, most_shares)


def _close(market: Market) -> Floats:
    return market.close.copy()


def _open(market: Market) -> Floats:
    return market.open.copy()


def _middle(market: Market) -> Floats:
    return (market.high + market.low) / 2.0


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
    )
}

DEFAULT_COSTS: Final = Costs()
"""Next open, half spread of 0.5 bp and at least half a cent, $0.02 per order."""

CLASSIC: Final = Costs(fill="delayed_mid", half_spread_bps=0.0, half_spread_min_usd=0.0, fee_usd=0.02)
"""The preset `classic`: delayed midpoint, $0.02 per order, no spread."""
