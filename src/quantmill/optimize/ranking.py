"""Order of a batch's trials, each with the statistics that say how much of its Sharpe ratio is selection."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from quantmill.core.arrays import Floats
from quantmill.errors import UsageError
from quantmill.evaluation.sharpe import (
    SIGNIFICANCE,
    expected_maximum_sharpe,
    luck_deviation,
    probabilistic_sharpe,
    sharpe_null_reason,
)
from quantmill.optimize.badges import BADGE_COLUMNS, badges, high_return, with_coin_flips
from quantmill.optimize.trials import TRIAL_SCHEMA
from quantmill.simulation.metrics import METRIC_NAMES
from quantmill.simulation.session_metrics import SESSIONS_PER_YEAR

__all__ = ["LEADERBOARD_COLUMNS", "Selection", "rank_trials"]

_PARAMETERS: Final = (
    "symbol",
    "model_id",
    "model_name",
    "threshold",
    "threshold_rule",
    "z_score_check",
    "volatility_normalization",
    "use_bot",
    "regime_col",
    "allowed_regimes",
    "feature_gates",
    "initial_cash_usd",
    "fill",
    "fee_usd",
    "half_spread_bps",
    "half_spread_min_usd",
    "spread_by_minute",
    "fee_per_share_usd",
    "fee_min_usd",
    "fee_bps",
    "regulatory_fees",
    "vwap_bars",
    "vwap_share_frac",
    "atr_multiple",
    "side",
    "position_size",
    "stop_loss_frac",
    "take_profit_frac",
    "trailing_stop_frac",
    "flat_at_close",
    "borrow_bps",
)
_STATISTICS: Final = (
    "n_trials",
    "n_trials_symbol",
    "probabilistic_sharpe",
    "sharpe_standard_error",
    "expected_max_sharpe",
    "deflated_sharpe_probability",
    "is_significant",
    "deflated_null_reason",
)
_ORIGIN: Final = tuple(name for name in TRIAL_SCHEMA if name not in {*_PARAMETERS, *METRIC_NAMES})
LEADERBOARD_COLUMNS: Final = ("rank", *_PARAMETERS, *BADGE_COLUMNS, *METRIC_NAMES, *_STATISTICS, *_ORIGIN)
_FIRST: Final = ("deflated_sharpe_probability", "sharpe")
_NOT_SORTABLE: Final = frozenset({"rank", *BADGE_COLUMNS, "deflated_null_reason"})
_MOMENTS: Final = ("trial", "symbol", "sharpe", "skew", "kurtosis", "n_sessions", "total_return_frac")


@dataclass(frozen=True, slots=True)
class Selection:
    """How many trials a ranking was selected from, by the ledger: in all, and on each symbol."""

    n_trials: int
    by_symbol: Mapping[str, int]


def rank_trials(
    trials: pl.LazyFrame, selection: Selection, *, sort: str | None = None, limit: int | None = None
) -> pl.DataFrame:
    """Leaderboard rows with the columns `LEADERBOARD_COLUMNS`, best first.

    Only the columns that order the rows are read whole; everything else of the rows shown alone.

    Args:
        trials: The trials of one batch.
        selection: What the deflation counts.
        sort: A column: largest first, text alphabetically; with a leading `-` the other way round. Without it
            by deflated probability, then Sharpe ratio. Rows without a value come last either way.
        limit: At most this many rows, at least 1.

    Raises:
        UsageError: If `sort` names no column or `limit` is below 1.
    """
    column, reverse = _sort_column(sort)
    if limit is not None and limit < 1:
        raise UsageError(f"limit is {limit}", hint="show at least one row, or leave it out to show all")
    needed = [*_MOMENTS, *([column] if column in TRIAL_SCHEMA and column not in _MOMENTS else [])]
    judged = _judged(trials.select(needed).collect(), selection)
    order = [*([column] if column else []), *_FIRST, "trial"]
    descending = [name != "trial" for name in order]
    if column:
        is_text = judged.schema[column] == pl.String
        descending[0] = is_text == reverse
    shown = judged.sort(order, descending=descending, nulls_last=True, maintain_order=True)
    shown = shown.head(limit or shown.height).with_row_index("rank", offset=1)
    high = high_return(judged["total_return_frac"])
    chosen = trials.filter(pl.col("trial").is_in(shown["trial"].implode()))
    rest = with_coin_flips(
        chosen.with_columns(badges(high_return_frac=high)).collect(), high_return_frac=high
    )
    why_null = pl.struct("sharpe", "n_sessions").map_elements(_null_reason, return_dtype=pl.String)
    has_none = pl.col("deflated_sharpe_probability").is_null()
    reasons = shown.filter(has_none).select("trial", why_null.alias("deflated_null_reason"))
    statistics = shown.join(reasons, on="trial", how="left").select("rank", "trial", *_STATISTICS)
    return statistics.join(rest, on="trial", how="inner").sort("rank").select(LEADERBOARD_COLUMNS)


def _sort_column(sort: str | None) -> tuple[str | None, bool]:
    if sort is None or sort == "rank":
        return None, False
    column = sort.removeprefix("-")
    sortable = [name for name in LEADERBOARD_COLUMNS if name not in _NOT_SORTABLE]
    if column not in sortable:
        raise UsageError(
            f"the leaderboard has no column {column!r}", hint=f"sort by one of {', '.join(sortable)}"
        )
    return column, sort.startswith("-")


def _judged(trials: pl.DataFrame, selection: Selection) -> pl.DataFrame:
    """Trials with the columns of `_STATISTICS`; a trial whose returns do not vary has none of the probabilities."""
    sharpe = _floats(trials, "sharpe") / np.sqrt(SESSIONS_PER_YEAR)
    shape = {
        "n_sessions": _floats(trials, "n_sessions"),
        "skew": _floats(trials, "skew"),
        "kurtosis": _floats(trials, "kurtosis"),
    }
    standard_error = luck_deviation(shape["n_sessions"])
    luck = expected_maximum_sharpe(max(selection.n_trials, 1), 1.0) * standard_error
    probabilistic = probabilistic_sharpe(sharpe, **shape)
    deflated = probabilistic_sharpe(sharpe, benchmark=luck, **shape)
    by_symbol = trials["symbol"].replace_strict(dict(selection.by_symbol), default=0, return_dtype=pl.Int64)
    return trials.with_columns(
        pl.lit(selection.n_trials, pl.Int64).alias("n_trials"),
        by_symbol.alias("n_trials_symbol"),
        pl.Series("probabilistic_sharpe", probabilistic).fill_nan(None),
        pl.Series("sharpe_standard_error", standard_error * np.sqrt(SESSIONS_PER_YEAR)).fill_nan(None),
        pl.Series("expected_max_sharpe", luck * np.sqrt(SESSIONS_PER_YEAR)).fill_nan(None),
        pl.Series("deflated_sharpe_probability", deflated).fill_nan(None),
        pl.Series("is_significant", deflated > SIGNIFICANCE),
    )


def _null_reason(row: Mapping[str, Any]) -> str:
    return sharpe_null_reason(row["sharpe"], n_sessions=row["n_sessions"] or 0)


def _floats(frame: pl.DataFrame, name: str) -> Floats:
    return frame[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
