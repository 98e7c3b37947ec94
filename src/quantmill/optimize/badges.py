"""Badges of a leaderboard's rows: what a row's hit rate and number of trades say at a glance."""

from typing import Final

import polars as pl

__all__ = ["LUCKY_OUTLIER", "OVERFIT_OR_NOISE", "SWEET_SPOT", "badges", "high_return"]

SWEET_SPOT: Final = "sweet spot"
OVERFIT_OR_NOISE: Final = "overfit/noise"
LUCKY_OUTLIER: Final = "lucky outlier"
_HIGH_RETURN_QUANTILE: Final = 0.9


def badges(*, high_return_frac: float | None) -> pl.Expr:
    """A list of badges per row, empty where none applies.

    - sweet spot: hit rate above 55 % and 20 to 50 trades
    - overfit/noise: hit rate below 50 % and more than 100 trades
    - lucky outlier: 1 to 9 trades and a return above 0 that is at least `high_return_frac`

    Args:
        high_return_frac: What counts as a high return, see `high_return`; None for none.

    Source:
        OPT-6 of the requirements; the meaning of "high return" is ours.
    """
    hit_rate, n_trades, gain = pl.col("hit_rate_frac"), pl.col("n_trades"), pl.col("total_return_frac")
    is_high = pl.lit(False) if high_return_frac is None else (gain > 0) & (gain >= high_return_frac)
    rules = {
        SWEET_SPOT: (hit_rate > 0.55) & n_trades.is_between(20, 50),
        OVERFIT_OR_NOISE: (hit_rate < 0.5) & (n_trades > 100),
        LUCKY_OUTLIER: is_high & n_trades.is_between(1, 9),
    }
    earned = [
        pl.when(rule.fill_null(value=False)).then(pl.lit(badge)).otherwise(None)
        for badge, rule in rules.items()
    ]
    return pl.concat_list(earned).list.drop_nulls().alias("badges")


def high_return(total_return_frac: pl.Series) -> float | None:
    """The return that only the best tenth of a batch's trials reach; None without any."""
    return total_return_frac.quantile(_HIGH_RETURN_QUANTILE, interpolation="linear")
