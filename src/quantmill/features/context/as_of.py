"""The as-of join: the newest bar of another symbol that is known when a bar is, unless it is too old."""

from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

import numpy as np

from quantmill.core.arrays import Bools, Floats, Ints
from quantmill.core.instants import MINUTE_US

__all__ = ["MAX_AGE_MINUTES", "AsOf", "Beside", "Timed", "join_as_of"]

MAX_AGE_MINUTES: Final = 5


class Timed(Protocol):
    """Anything with one row per bar start, in time order."""

    @property
    def ts_us(self) -> Ints:
        """Bar starts in microseconds since 1970 UTC."""
        ...


SourceT_co = TypeVar("SourceT_co", bound=Timed, covariant=True)


@dataclass(frozen=True, slots=True)
class AsOf:
    """Which row of a source each bar sees; every array has shape (n_bars,).

    `position` is the row's index, -1 where the source has none yet; `age_minutes` is how much earlier it
    starts, NaN where there is none; `is_fresh` is false where there is none or it is too old.
    """

    position: Ints
    age_minutes: Floats
    is_fresh: Bools

    def of(self, values: Floats) -> Floats:
        """Values per row of the source as the bars see them, NaN where no fresh row is known."""
        seen = np.full(self.position.size, np.nan)
        seen[self.is_fresh] = values[self.position[self.is_fresh]]
        return seen


@dataclass(frozen=True, slots=True)
class Beside(Generic[SourceT_co]):
    """A source of context, whole, with the rows of it that a symbol's bars see."""

    source: SourceT_co
    as_of: AsOf


def join_as_of(ts_us: Ints, source_ts_us: Ints, *, max_age_minutes: int | None = MAX_AGE_MINUTES) -> AsOf:
    """For each bar the newest row of a source that is known at the bar's close.

    A bar of one minute is known at ts + 1 minute, the source's like the symbol's own: the source's row of the
    same ts is admitted, a later one never.

    Args:
        ts_us: Starts of the symbol's bars, shape (n_bars,), ascending.
        source_ts_us: Starts of the source's bars, ascending.
        max_age_minutes: An older row is not fresh; None for no limit.
    """
    position = np.searchsorted(source_ts_us, ts_us, side="right").astype(np.int64) - 1
    is_known = position >= 0
    age = np.full(ts_us.size, np.nan)
    age[is_known] = (ts_us[is_known] - source_ts_us[position[is_known]]) / MINUTE_US
    is_fresh = is_known if max_age_minutes is None else is_known & (age <= max_age_minutes)
    return AsOf(position, age, is_fresh)
