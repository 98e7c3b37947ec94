"""Requests that trade: cash, fill and costs, each the setting's when left out."""

from typing import Annotated, Literal

from pydantic import Field

from quantmill.config.settings import SimulationSettings
from quantmill.simulation.fills import CLASSIC, Costs
from quantmill.verbs.request import Flag, FromSetting, Request, Unit

__all__ = ["ExecutionRequest"]


class ExecutionRequest(Request):
    """A request with money in it."""

    cash: Annotated[float | None, Unit("US dollars"), FromSetting("simulation.initial_cash_usd")] = Field(
        default=None,
        gt=0,
        description="Cash at the start.",
    )
    fill: Annotated[Literal["next_open", "close", "delayed_mid"] | None, FromSetting("simulation.fill")] = (
        Field(
            default=None,
            description="Where an order fills: next bar's open, the signal's own close (naive), midpoint four bars later.",
        )
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
    fee_usd: Annotated[float | None, Unit("US dollars"), FromSetting("simulation.fee_usd")] = Field(
        default=None, ge=0, description="Fee per order."
    )
    preset: Literal["classic"] | None = Field(
        default=None, description="classic: midpoint four bars later, $0.02 per order, no spread."
    )

    def cash_usd(self, settings: SimulationSettings) -> float:
        """Cash at the start."""
        return settings.initial_cash_usd if self.cash is None else self.cash

    def costs(self, settings: SimulationSettings) -> Costs:
        """What trading costs: options first, then the preset, then the settings."""
        plain = Costs(settings.fill, settings.half_spread_bps, settings.half_spread_min_usd, settings.fee_usd)
        preset = CLASSIC if self.preset == "classic" else plain
        return Costs(
            fill=self.fill or preset.fill,
            half_spread_bps=_given(self.half_spread_bps, preset.half_spread_bps),
            half_spread_min_usd=_given(self.half_spread_min_usd, preset.half_spread_min_usd),
            fee_usd=_given(self.fee_usd, preset.fee_usd),
        )


def _given(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
