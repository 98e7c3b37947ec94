"""What trading costs, as plain values, and what that makes of every bar of a market."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

import numpy as np

from quantmill.core.arrays import Floats, Ints
from quantmill.errors import SimulationError, UsageError
from quantmill.simulation.fees import fee_table
from quantmill.simulation.fill_models import FILL_MODELS, FillOptions
from quantmill.simulation.half_spread import half_spread, read_spread_steps
from quantmill.simulation.market import Market

__all__ = ["DEFAULT_COSTS", "Costs", "Execution", "execution_of"]

_NOT_NEGATIVE: Final = (
    "half_spread_bps",
    "half_spread_min_usd",
    "fee_usd",
    "fee_per_share_usd",
    "fee_min_usd",
    "fee_bps",
    "atr_multiple",
)
_FIRST_FOUR: Final = ("fill", "half_spread_bps", "half_spread_min_usd", "fee_usd")
_OF_ONE_FILL: Final = {"vwap_bars": "vwap", "vwap_share_frac": "vwap", "atr_multiple": "atr"}


@dataclass(frozen=True, slots=True)
class Costs:
    """What trading costs, as plain values; together with the market they make an `Execution`.

    The half spread is the larger of `half_spread_bps` of the fill price and `half_spread_min_usd`, times the factor of
    `spread_by_minute`, at most the price itself; it is paid per share at each fill. An order pays `fee_usd`,
    `fee_per_share_usd` and `fee_bps` of its value, together at least `fee_min_usd`; with `regulatory_fees` a sale
    pays the regulators besides. `vwap_bars` and `vwap_share_frac` belong to the fill `vwap`, `atr_multiple` to `atr`.
    """

    fill: str = "next_open"
    half_spread_bps: float = 0.5
    half_spread_min_usd: float = 0.005
    fee_usd: float = 0.02
    spread_by_minute: str = "flat"
    fee_per_share_usd: float = 0.0
    fee_min_usd: float = 0.0
    fee_bps: float = 0.0
    regulatory_fees: bool = False
    vwap_bars: int = 5
    vwap_share_frac: float = 0.1
    atr_multiple: float = 0.1

    def __post_init__(self) -> None:
        """Refuse unknown fills and profiles, negative costs and empty windows."""
        if self.fill not in FILL_MODELS:
            raise UsageError(f"unknown fill {self.fill!r}", hint=f"use one of {', '.join(FILL_MODELS)}")
        for name in _NOT_NEGATIVE:
            value: float = getattr(self, name)
            if not 0.0 <= value < float("inf"):
                raise UsageError(f"{name} is {value}, it must be zero or more")
        if self.vwap_bars < 1:
            raise UsageError(f"vwap_bars is {self.vwap_bars}, an order needs at least one bar")
        if not 0.0 < self.vwap_share_frac <= 1.0:
            raise UsageError(f"vwap_share_frac is {self.vwap_share_frac}, it must be above 0 and at most 1")
        read_spread_steps(self.spread_by_minute)

    @property
    def fill_options(self) -> FillOptions:
        """The numbers that single fill models need."""
        return FillOptions(self.vwap_bars, self.vwap_share_frac, self.atr_multiple)

    @property
    def delay_bars(self) -> int:
        """Bars from signal to fill."""
        return FILL_MODELS[self.fill].delay(self.fill_options)

    @property
    def idle(self) -> frozenset[str]:
        """Values that decide nothing: at a default that changes nothing, or of a fill that is not used.

        A configuration is identified without them, so that one that was run before an option came is still the same.
        """
        return frozenset(
            one.name
            for one in fields(self)
            if one.name not in _FIRST_FOUR
            and (getattr(self, one.name) == one.default or _OF_ONE_FILL.get(one.name, self.fill) != self.fill)
        )

    @property
    def identity(self) -> dict[str, Any]:
        """The values that decide trades, by name."""
        return {name: value for name, value in asdict(self).items() if name not in self.idle}


@dataclass(frozen=True, slots=True, eq=False)
class Execution:
    """Costs of every bar of one market; arrays of shape (n_bars,), of fees (n_periods, N_FEES), as kernels take them.

    `counts` tells by name how many bars the fill model had to do without something.
    """

    costs: Costs
    delay_bars: int
    fill_price: Floats
    half_spread: Floats
    most_shares: Floats
    fee_end: Ints
    fees: Floats
    counts: Mapping[str, int] = field(default_factory=dict[str, int])


def execution_of(market: Market, costs: Costs) -> Execution:
    """Fill price, half spread, fees and most shares of each bar.

    Source:
        Contract 23 and requirement SIM-5: half spread [0.5 bp of price, at least half a cent].
    """
    model, options = FILL_MODELS[costs.fill], costs.fill_options
    price = np.ascontiguousarray(model.price(market, options), dtype=np.float64)
    if price.shape != market.close.shape:
        raise SimulationError(f"fill {costs.fill} gave {price.shape} prices for {market.n_bars} bars")
    spread = half_spread(
        market,
        price,
        bps=costs.half_spread_bps,
        least_usd=costs.half_spread_min_usd,
        by_minute=costs.spread_by_minute,
    )
    if model.half_spread is not None:
        spread = np.minimum(model.half_spread(market, spread, options), price)
    fee_end, fees = fee_table(
        market,
        usd=costs.fee_usd,
        per_share_usd=costs.fee_per_share_usd,
        min_usd=costs.fee_min_usd,
        bps=costs.fee_bps,
        regulatory=costs.regulatory_fees,
    )
    no_limit = np.full(market.n_bars, np.inf)
    return Execution(
        costs,
        costs.delay_bars,
        price,
        spread,
        no_limit if model.most_shares is None else model.most_shares(market, options),
        fee_end,
        fees,
        {} if model.count is None else model.count(market, options),
    )


DEFAULT_COSTS: Final = Costs()
"""Next open, half spread of 0.5 bp and at least half a cent, $0.02 per order."""
