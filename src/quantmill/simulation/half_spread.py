"""Half of the spread between bid and ask, by price and by minute of the session."""

from typing import Final

import numpy as np

from quantmill.core.arrays import Floats, Ints
from quantmill.errors import UsageError
from quantmill.simulation.market import Market

__all__ = ["SPREAD_PROFILES", "half_spread", "read_spread_steps", "spread_factors"]

SPREAD_PROFILES: Final[dict[str, str]] = {
    "flat": "",
    "intraday": "0:3,5:2,15:1.5,30:1,-30:1.25,-10:1.5",
}
"""Named profiles as steps: MINUTE:FACTOR, minutes from the open, negative ones from the close.

Source:
    The shape of `intraday`, widest after the open, level, wider again before the close: McInish and Wood (1992), "An
    Analysis of Intraday Patterns in Bid/Ask Spreads for NYSE Stocks", Journal of Finance 47(2). The numbers are
    a proposal of ours, not theirs.
"""

_Steps = tuple[tuple[int, float], ...]


def half_spread(market: Market, price: Floats, *, bps: float, least_usd: float, by_minute: str) -> Floats:
    """What a share pays beside `price` in each bar, on either side of a trade.

    Args:
        market: Tells each bar's minute.
        price: Price of fills, shape (n_bars,).
        bps: Basis points of the price.
        least_usd: At least this much, dollars per share.
        by_minute: Profile whose factor multiplies the larger of both; see `read_spread_steps`.

    Returns:
        Shape (n_bars,), at most the price.
    """
    level = np.maximum(bps * 1e-4 * price, least_usd)
    factors = spread_factors(read_spread_steps(by_minute), market.minute, market.session_minutes)
    return np.minimum(level * factors, price)


def read_spread_steps(profile: str) -> _Steps:
    """The steps of a profile, named or written out as `0:3,30:1,-10:1.5`.

    Raises:
        UsageError: If the text is neither a name nor such steps.
    """
    text = SPREAD_PROFILES.get(profile, profile)
    try:
        steps = [(int(minute), float(factor)) for minute, factor in _pairs(text)]
    except ValueError:
        raise _bad_profile(profile) from None
    minutes = [minute for minute, _ in steps]
    if len(set(minutes)) < len(minutes) or not all(0.0 <= factor < np.inf for _, factor in steps):
        raise _bad_profile(profile)
    return tuple(steps)


def spread_factors(steps: _Steps, minute: Ints, session_minutes: Ints) -> Floats:
    """Factor of each bar: that of the step that began last, 1 before the first.

    Args:
        steps: Minute and factor; a negative minute counts from the session's close, so that it fits half days.
        minute: Minutes from the session's open, shape (n_bars,).
        session_minutes: Length of each bar's session, same shape.
    """
    factors = np.ones(minute.size)
    for length in np.unique(session_minutes):
        at = session_minutes == length
        begins = sorted((first if first >= 0 else int(length) + first, factor) for first, factor in steps)
        starts = np.array([first for first, _ in begins], dtype=np.int64)
        in_order = np.array([1.0, *(factor for _, factor in begins)])
        factors[at] = in_order[np.searchsorted(starts, minute[at], side="right")]
    return factors


def _pairs(text: str) -> list[list[str]]:
    return [step.split(":", maxsplit=1) for step in text.split(",") if text]


def _bad_profile(profile: str) -> UsageError:
    return UsageError(
        f"spread_by_minute is {profile!r}, it must be a profile or MINUTE:FACTOR steps with factors of zero or more",
        hint=f"use one of {', '.join(SPREAD_PROFILES)}, or steps from the open and, negative, from the close such "
        "as 0:3,30:1,-10:1.5",
    )
