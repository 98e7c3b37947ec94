"""What is to be predicted: a future value of each bar, with the price it starts from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from quantmill.core.arrays import Bools, Floats, Ints
from quantmill.core.bars import BarArrays
from quantmill.errors import UsageError

__all__ = ["Target", "TargetKind", "make_target"]

TargetKind = Literal["log_return", "direction"]


@dataclass(frozen=True, slots=True)
class Target:
    """One target value per bar; every array has shape (n_bars,).

    `value` is NaN where `has_label` is false; `base_price` is the price at the bar itself;
    `label_bar` is the index of the last bar that a label looks at, given for every bar, also past the
    last one; `missing` counts the bars without a label by cause.
    """

    value: Floats
    base_price: Floats
    label_bar: Ints
    has_label: Bools
    missing: dict[str, int]


def make_target(bars: BarArrays, *, column: str, horizon_bars: int, kind: TargetKind) -> Target:
    """Target of every bar: how `column` changes over the next `horizon_bars` existing bars.

    Minutes that did not trade are not counted. A horizon bar in another session gives no label.

    Args:
        bars: One symbol's bars in time order.
        column: `open`, `high`, `low` or `close`.
        horizon_bars: How far ahead, at least 1.
        kind: `log_return`: ln(future ÷ current); `direction`: 1 when that is above 0, else 0.

    Raises:
        UsageError: If the kind is unknown.
        ValueError: If the horizon is below 1.
    """
    if horizon_bars < 1:
        raise ValueError(f"horizon_bars must be at least 1, got {horizon_bars}")
    if kind not in _KINDS:
        raise UsageError(f"unknown target kind {kind!r}", hint=f"use one of {', '.join(_KINDS)}")
    price: Floats = getattr(bars, column)
    in_session = np.zeros(bars.n_bars, dtype=np.bool_)
    in_session[:-horizon_bars] = bars.session[horizon_bars:] == bars.session[:-horizon_bars]
    future = np.full(bars.n_bars, np.nan)
    at = np.flatnonzero(in_session)
    future[at] = price[at + horizon_bars]
    value, is_defined = _KINDS[kind](price, future)
    has_label = in_session & is_defined
    return Target(
        value=np.where(has_label, value, np.nan),
        base_price=price,
        label_bar=np.arange(bars.n_bars) + horizon_bars,
        has_label=has_label,
        missing={
            "horizon_outside_session": int((~in_session).sum()),
            "price_not_positive": int((in_session & ~is_defined).sum()),
        },
    )


def _log_return(current: Floats, future: Floats) -> tuple[Floats, Bools]:
    is_defined = (current > 0.0) & (future > 0.0)
    value = np.full(current.size, np.nan)
    value[is_defined] = np.log(future[is_defined] / current[is_defined])
    return value, is_defined


def _direction(current: Floats, future: Floats) -> tuple[Floats, Bools]:
    value, is_defined = _log_return(current, future)
    return np.where(is_defined, value > 0.0, np.nan), is_defined


_KINDS: Final[dict[str, Callable[[Floats, Floats], tuple[Floats, Bools]]]] = {
    "log_return": _log_return,
    "direction": _direction,
}
