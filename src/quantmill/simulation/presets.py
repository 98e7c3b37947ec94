"""Costs that have a name."""

from typing import Final, Literal

from quantmill.simulation.fills import Costs

__all__ = ["CLASSIC", "PRESETS", "PresetName"]

PresetName = Literal["classic", "commission_free", "per_share"]

CLASSIC: Final = Costs(fill="delayed_mid", half_spread_bps=0.0, half_spread_min_usd=0.0, fee_usd=0.02)
"""Midpoint four bars later, $0.02 per order, no spread."""

PRESETS: Final[dict[PresetName, Costs]] = {
    "classic": CLASSIC,
    "commission_free": Costs(fee_usd=0.0, regulatory_fees=True),
    "per_share": Costs(fee_usd=0.0, fee_per_share_usd=0.005, fee_min_usd=1.0, regulatory_fees=True),
}
"""`commission_free`: only what regulators take of sales, as brokers without a commission pass it on. `per_share`: half
a cent per share and at least a dollar per order, as fixed schedules of US equities have it (without their ceiling
of one per cent of the value), and what regulators take. Both fill at the next open with the usual half spread.
"""
