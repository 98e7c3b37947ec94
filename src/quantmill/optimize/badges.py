"""Badges of a leaderboard's rows: what hit rate and number of trades say, and how often coins would say the same."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import polars as pl

from quantmill.evaluation.coin_flips import coins_reach_profit, hit_rate_above, hit_rate_below

__all__ = [
    "BADGE_COLUMNS",
    "LUCKY_OUTLIER",
    "OVERFIT_OR_NOISE",
    "SWEET_SPOT",
    "badges",
    "high_return",
    "with_coin_flips",
]

SWEET_SPOT: Final = "sweet spot"
OVERFIT_OR_NOISE: Final = "overfit/noise"
LUCKY_OUTLIER: Final = "lucky outlier"
BADGE_COLUMNS: Final = ("badges", "badges_coin_flip_frac", "badges_text")
_SWEET_HIT_RATE: Final = 0.55
_NOISE_HIT_RATE: Final = 0.5
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
        SWEET_SPOT: (hit_rate > _SWEET_HIT_RATE) & n_trades.is_between(20, 50),
        OVERFIT_OR_NOISE: (hit_rate < _NOISE_HIT_RATE) & (n_trades > 100),
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


def with_coin_flips(rows: pl.DataFrame, *, high_return_frac: float | None) -> pl.DataFrame:
    """Rows with `badges_coin_flip_frac`, aligned with `badges`, and both in words as `badges_text`.

    A trial of as many trades whose every call is a coin's earns the badge so often: for the hit rates the coins
    call the sign of each bar that the hit rate counts, for the return the side of each trade; see
    `quantmill.evaluation.coin_flips`. Null where a figure that it needs is missing.
    """
    shares = [_shares(row, high_return_frac) for row in rows.iter_rows(named=True)]
    texts = [
        ", ".join(
            f"{badge} (coin flips: {'-' if share is None else _percent(share)})"
            for badge, share in zip(named, given, strict=True)
        )
        for named, given in zip(rows["badges"].to_list(), shares, strict=True)
    ]
    return rows.with_columns(
        pl.Series("badges_coin_flip_frac", shares, dtype=pl.List(pl.Float64())),
        pl.Series("badges_text", texts, dtype=pl.String()),
    )


def _shares(row: Mapping[str, Any], high_return_frac: float | None) -> list[float | None]:
    return [_share(badge, row, high_return_frac) for badge in row["badges"]]


def _share(badge: str, row: Mapping[str, Any], high_return_frac: float | None) -> float | None:
    if badge == LUCKY_OUTLIER:
        return _coins_reach(row, high_return_frac)
    n_bars = np.nan if row["n_hit_bars"] is None else row["n_hit_bars"]
    share = (
        hit_rate_above(_SWEET_HIT_RATE, n_bars)
        if badge == SWEET_SPOT
        else hit_rate_below(_NOISE_HIT_RATE, n_bars)
    )
    return None if np.isnan(share) else float(share)


def _coins_reach(row: Mapping[str, Any], high_return_frac: float | None) -> float | None:
    needed = ("win_rate_frac", "expectancy_usd", "initial_cash_usd", "cost_per_trade_usd")
    if high_return_frac is None or any(row[name] is None for name in needed):
        return None
    n_trades = row["n_trades"]
    n_wins = round(row["win_rate_frac"] * n_trades)
    won = n_wins * (row["average_win_usd"] or 0.0)
    closed = row["expectancy_usd"] * n_trades
    n_losses = n_trades - n_wins
    return coins_reach_profit(
        max(high_return_frac, 0.0) * row["initial_cash_usd"],
        n_wins=n_wins,
        n_losses=n_losses,
        average_win_usd=row["average_win_usd"] or 0.0,
        average_loss_usd=(closed - won) / n_losses if n_losses else 0.0,
        cost_per_trade_usd=row["cost_per_trade_usd"],
        open_profit_usd=row["total_return_frac"] * row["initial_cash_usd"] - closed,
    )


def _percent(share: float) -> str:
    if 0.0 < share < 0.001:
        return "< 0.1 %"
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"
