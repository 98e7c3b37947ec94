"""The deepest fall of an equity from its running peak, told value by value, compiled."""

from typing import NamedTuple

from quantmill.core.arrays import Ints
from quantmill.core.compiled import compiled

__all__ = ["EquityPath", "at_peak", "deepest_fall", "lower_path", "start_path", "step_path"]


class EquityPath(NamedTuple):
    """What is known after some bars.

    Attributes:
        peak: Highest equity so far.
        peak_bar: Last bar at which equity was there.
        lowest: Lowest equity since.
        worst_frac: Deepest fall from the peaks before this one, <= 0.
        worst_peak_bar: Last bar of the peak that it fell from.
        recovered_bar: Bar at which equity was back at that peak.
    """

    peak: float
    peak_bar: int
    lowest: float
    worst_frac: float
    worst_peak_bar: int
    recovered_bar: int


@compiled
def start_path(initial_cash_usd: float) -> EquityPath:
    """Before the first bar: the initial cash is the first peak."""
    return EquityPath(initial_cash_usd, 0, initial_cash_usd, 0.0, 0, 0)


@compiled
def lower_path(path: EquityPath, value: float) -> EquityPath:
    """The path after bars whose lowest equity is `value`, all below the peak."""
    lowest = value if value < path.lowest else path.lowest
    return EquityPath(
        path.peak, path.peak_bar, lowest, path.worst_frac, path.worst_peak_bar, path.recovered_bar
    )


@compiled
def at_peak(path: EquityPath, bar: int) -> EquityPath:
    """The path whose last value, its peak, stays until `bar`."""
    return EquityPath(path.peak, bar, path.lowest, path.worst_frac, path.worst_peak_bar, path.recovered_bar)


@compiled
def step_path(path: EquityPath, value: float, bar: int) -> EquityPath:
    """The path after an equity of `value` at `bar`.

    A fall from the same peak is deeper exactly when the value is lower: of several bars without a new peak
    the lowest tells all.
    """
    if value < path.peak:
        return lower_path(path, value)
    if path.lowest < path.peak:
        fall = path.lowest / path.peak - 1.0
        if fall < path.worst_frac:
            return EquityPath(value, bar, value, fall, path.peak_bar, bar)
    return EquityPath(value, bar, value, path.worst_frac, path.worst_peak_bar, path.recovered_bar)


@compiled
def deepest_fall(path: EquityPath, session_end: Ints) -> tuple[float, int]:
    """The deepest fall as a fraction <= 0, and its length in sessions, 0 without a fall.

    The length counts session ends from the session of the peak (from the first session for the initial cash) to the
    session in which equity is back at that peak, or to the last session.

    Args:
        path: After the last bar.
        session_end: Exclusive last bar of each session, shape (n_sessions,).
    """
    worst, peak_bar, back = path.worst_frac, path.worst_peak_bar, path.recovered_bar
    fall = path.lowest / path.peak - 1.0
    if fall < worst:
        worst, peak_bar, back = fall, path.peak_bar, session_end[-1] - 1
    length = 0
    if worst < 0.0:
        for end in session_end:
            length += peak_bar < end <= back
    return worst, length
