"""Requests that trade: cash, fill and costs, each the setting's when left out."""

from dataclasses import fields
from typing import Annotated, Any, Final

from pydantic import Field, field_validator

from quantmill.config.settings import SimulationSettings
from quantmill.core.fill_names import FillName
from quantmill.simulation.fills import Costs
from quantmill.simulation.half_spread import read_spread_steps
from quantmill.simulation.presets import PRESETS, PresetName
from quantmill.verbs.request import Flag, FromSetting, Request, Unit

__all__ = ["ExecutionRequest"]

_COSTS: Final = tuple(one.name for one in fields(Costs))


class ExecutionRequest(Request):
    """A request with money in it; the fields of its costs have the names of `Costs`."""

    cash: Annotated[float | None, Unit("US dollars"), FromSetting("simulation.initial_cash_usd")] = Field(
        default=None,
        gt=0,
        description="Cash at the start.",
    )
    fill: Annotated[FillName | None, FromSetting("simulation.fill")] = Field(
        default=None,
        description="Where an order fills: next bar's open, the signal's own close (naive), midpoint four bars later, "
        "volume-weighted price of the next bars, high and low of the next bar against you, next open with a part "
        "of the average range.",
    )
    half_spread_bps: Annotated[
        float | None, Unit("basis points of the price"), FromSetting("simulation.half_spread_bps")
    ] = Field(
        default=None,
        ge=0,
        description="Half spread per share.",
    )
    half_spread_min_usd: Annotated[
        float | None,
        Unit("US dollars"),
        Flag("--min-spread-usd"),
        FromSetting("simulation.half_spread_min_usd"),
    ] = Field(default=None, ge=0, description="Least half spread per share.")
    spread_by_minute: Annotated[str | None, FromSetting("simulation.spread_by_minute")] = Field(
        default=None,
        description="Factor of the half spread by time of day: flat, intraday (wider after the open and before the "
        "close), or MINUTE:FACTOR steps from the open and, negative, from the close such as 0:3,30:1,-10:1.5.",
    )
    fee_usd: Annotated[float | None, Unit("US dollars"), FromSetting("simulation.fee_usd")] = Field(
        default=None, ge=0, description="Fee per order."
    )
    fee_per_share_usd: Annotated[
        float | None, Unit("US dollars"), FromSetting("simulation.fee_per_share_usd")
    ] = Field(default=None, ge=0, description="Fee per share.")
    fee_min_usd: Annotated[float | None, Unit("US dollars"), FromSetting("simulation.fee_min_usd")] = Field(
        default=None, ge=0, description="Least fee per order."
    )
    fee_bps: Annotated[
        float | None, Unit("basis points of an order's value"), FromSetting("simulation.fee_bps")
    ] = Field(default=None, ge=0, description="Fee by value.")
    regulatory_fees: Annotated[bool | None, FromSetting("simulation.regulatory_fees")] = Field(
        default=None,
        description="Charge sales of US equities with the SEC's Section 31 fee and FINRA's Trading Activity Fee, at the "
        "rates of their day.",
    )
    vwap_bars: Annotated[int | None, Unit("bars"), FromSetting("simulation.vwap_bars")] = Field(
        default=None, ge=1, description="How long the fill vwap works an order."
    )
    vwap_share_frac: Annotated[
        float | None, Unit("fraction of the volume"), FromSetting("simulation.vwap_share_frac")
    ] = Field(
        default=None, gt=0, le=1, description="Most that an order of the fill vwap takes to open a position."
    )
    atr_multiple: Annotated[
        float | None, Unit("average true ranges"), FromSetting("simulation.atr_multiple")
    ] = Field(default=None, ge=0, description="Slippage per share of the fill atr.")
    preset: PresetName | None = Field(
        default=None,
        description="Costs instead of the settings': classic is the midpoint four bars later, $0.02 per order, no spread; "
        "commission_free what regulators take of sales; per_share half a cent per share and at least $1.00 per "
        "order, and what regulators take.",
    )

    @field_validator("spread_by_minute")
    @classmethod
    def _check_profile(cls, value: str | None) -> str | None:
        if value is not None:
            read_spread_steps(value)
        return value

    def cash_usd(self, settings: SimulationSettings) -> float:
        """Cash at the start."""
        return settings.initial_cash_usd if self.cash is None else self.cash

    def costs(self, settings: SimulationSettings) -> Costs:
        """What trading costs: options first, then the preset, then the settings."""
        otherwise = settings if self.preset is None else PRESETS[self.preset]
        values: dict[str, Any] = {}
        for name in _COSTS:
            given: Any = getattr(self, name)
            values[name] = getattr(otherwise, name) if given is None else given
        return Costs(**values)
