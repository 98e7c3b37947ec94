"""The regimes of the market over the bars of its benchmark."""

from collections.abc import Mapping
from dataclasses import dataclass

from quantmill.core.arrays import Floats, Ints
from quantmill.features.regimes.walk_forward import Refit

__all__ = ["Regimes"]


@dataclass(frozen=True)
class Regimes:
    """Labels by column, NaN where null, one per regular bar of the benchmark; `refits` made the mixtures' labels."""

    ts_us: Ints
    columns: Mapping[str, Floats]
    refits: tuple[Refit, ...] = ()
