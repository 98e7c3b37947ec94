"""The choices that fix a dataset: symbol, columns, target, hours."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from quantmill.core.bars import PRICE_COLUMNS
from quantmill.core.interval import Interval
from quantmill.datasets.targets import TargetKind
from quantmill.errors import UsageError

__all__ = ["DatasetRecipe", "Hours", "Levels"]

Hours = Literal["regular", "extended"]
Levels = Literal["drop", "allow"]


@dataclass(frozen=True, slots=True)
class DatasetRecipe:
    """What a dataset is made of; equal recipes on equal data give equal datasets.

    `features` None means every stationary column of the set; `feature_version` None the newest built one.
    `levels` "allow" lets price-level features in, never raw prices.
    """

    symbol: str
    features: tuple[str, ...] | None = None
    feature_set: str = "core"
    feature_version: str | None = None
    interval: str = "1m"
    target: str = "close"
    horizon_bars: int = 1
    kind: TargetKind = "log_return"
    hours: Hours = "regular"
    levels: Levels = "drop"

    def __post_init__(self) -> None:
        """Refuse what no dataset can be made of.

        Raises:
            UsageError: If a choice is out of range.
        """
        if Interval.parse(self.interval).minutes != 1:
            raise UsageError(
                f"datasets of {self.interval} bars do not exist yet", hint="leave --interval at 1m"
            )
        if self.target not in PRICE_COLUMNS:
            raise UsageError(f"unknown target {self.target!r}", hint=f"use one of {', '.join(PRICE_COLUMNS)}")
        if self.horizon_bars < 1:
            raise UsageError(f"a horizon of {self.horizon_bars} bars", hint="predict at least 1 bar ahead")
        if self.features is not None and not self.features:
            raise UsageError(
                "no features named", hint="name at least one, or none at all to take the whole set"
            )

    def as_dict(self) -> dict[str, Any]:
        """The recipe as plain values, for digests and records."""
        return asdict(self)
