"""How often fair coins would do what a trial did: reach its hit rate, or its return, with as many chances."""

from math import comb
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from quantmill.core.arrays import Floats
from quantmill.evaluation.binomial import coin_probability_above, coin_probability_up_to

__all__ = ["MOST_TRADES", "coins_reach_profit", "hit_rate_above", "hit_rate_below"]

MOST_TRADES: Final = 30
"""Up to so many round trips all outcomes of their coins are gone through."""


def hit_rate_above(rate: float, n_bars: ArrayLike) -> Floats:
    """Probability that coins which call the sign on `n_bars` bars are right on more than `rate` of them.

    Args:
        rate: A fraction.
        n_bars: Bars that the hit rate counts, any shape; NaN for unknown.

    Returns:
        Exact; NaN without a bar.

    Source:
        The binomial distribution. A coin tossed anew for every bar is right or wrong independently of all others,
        whatever the returns are; a bar whose return is exactly zero, on which no coin is right, is not considered.
    """
    n = np.asarray(n_bars, dtype=np.float64)
    return coin_probability_above(_most_hits(rate, n, is_included=True), n)


def hit_rate_below(rate: float, n_bars: ArrayLike) -> Floats:
    """Probability that such coins are right on fewer than `rate` of the bars; see `hit_rate_above`."""
    n = np.asarray(n_bars, dtype=np.float64)
    return coin_probability_up_to(_most_hits(rate, n, is_included=False), n)


def coins_reach_profit(
    profit_usd: float,
    *,
    n_wins: int,
    n_losses: int,
    average_win_usd: float,
    average_loss_usd: float,
    cost_per_trade_usd: float,
    open_profit_usd: float = 0.0,
) -> float:
    """Probability that a trial's own trades, each with the side chosen by a coin, earn at least `profit_usd`.

    Every round trip keeps the size of its move and its cost, its side is tossed: what moved by m before
    costs earns +m or -m with even chances, less the cost. Winning trades count with their average move, losing
    trades with theirs, a position still open with its own.

    Args:
        profit_usd: To be reached, after costs.
        n_wins: Round trips that won.
        n_losses: Round trips that did not.
        average_win_usd: Mean profit of those that won, after costs; not looked at without any.
        average_loss_usd: Mean result of those that did not, <= 0; likewise.
        cost_per_trade_usd: Fees and spread of a round trip.
        open_profit_usd: Of the position still open, 0 for none.

    Returns:
        Exact, by going through all outcomes.

    Raises:
        ValueError: If there are more than `MOST_TRADES` round trips.

    Source:
        Ours: a sign-flip test, Fisher (1935), "The Design of Experiments", section 21, on moves averaged by outcome.
    """
    n_trades = n_wins + n_losses
    if n_trades > MOST_TRADES:
        raise ValueError(f"{n_trades} round trips are too many to go through, at most {MOST_TRADES}")
    win = average_win_usd + cost_per_trade_usd if n_wins else 0.0
    loss = abs(average_loss_usd + cost_per_trade_usd) if n_losses else 0.0
    costs = n_trades * cost_per_trade_usd
    # Rounding must not keep the trial's own outcome, which is one of those gone through, from reaching itself.
    wanted = profit_usd - 1e-9 * max(abs(profit_usd), n_wins * win + n_losses * loss, 1.0)
    reached = 0
    for heads in range(n_wins + 1):
        for other_heads in range(n_losses + 1):
            moved = (2 * heads - n_wins) * win + (2 * other_heads - n_losses) * loss
            ways = comb(n_wins, heads) * comb(n_losses, other_heads)
            for side in (1.0, -1.0):
                reached += ways * (moved - costs + side * open_profit_usd >= wanted)
    return reached / 2 ** (n_trades + 1)


def _most_hits(rate: float, n_bars: Floats, *, is_included: bool) -> Floats:
    """The most hits whose share, divided as a hit rate is, is at most `rate`, or below it."""
    hits = np.floor(rate * n_bars) + 1.0
    for _ in range(2):
        share = hits / np.where(n_bars >= 1.0, n_bars, np.nan)
        hits = np.where(share > rate if is_included else share >= rate, hits - 1.0, hits)
    return hits
