"""The rows that a batch writes: one per trial, failed ones too."""

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from quantmill.simulation.metrics import COUNT_METRICS, METRICS

__all__ = ["TRIAL_SCHEMA", "trials_frame"]

# `threshold` is the number that was applied: of an automatic rule the mean over its refits, weighted by
# bars; `run_id` is the id that the same trial has when it is simulated alone. `session_return_*` with `skew`, `kurtosis` and `n_sessions` are all that the statistics need.
# Of the columns from `side` to `borrow_bps` null means that the rule is off: long, all in, no stop, no close, no interest.
TRIAL_SCHEMA: Final[dict[str, pl.DataType]] = {
    "batch_id": pl.String(),
    "trial": pl.Int64(),
    "configuration": pl.Int64(),
    "status": pl.String(),
    "error": pl.String(),
    "symbol": pl.String(),
    "model_id": pl.String(),
    "model_name": pl.String(),
    "threshold": pl.Float64(),
    "threshold_rule": pl.String(),
    "z_score_check": pl.Boolean(),
    "volatility_normalization": pl.Boolean(),
    "use_bot": pl.Boolean(),
    "regime_col": pl.String(),
    "allowed_regimes": pl.String(),
    "feature_gates": pl.String(),
    "initial_cash_usd": pl.Float64(),
    "fill": pl.String(),
    "fee_usd": pl.Float64(),
    "half_spread_bps": pl.Float64(),
    "half_spread_min_usd": pl.Float64(),
    "spread_by_minute": pl.String(),
    "fee_per_share_usd": pl.Float64(),
    "fee_min_usd": pl.Float64(),
    "fee_bps": pl.Float64(),
    "regulatory_fees": pl.Boolean(),
    "vwap_bars": pl.Int64(),
    "vwap_share_frac": pl.Float64(),
    "atr_multiple": pl.Float64(),
    "side": pl.String(),
    "position_size": pl.String(),
    "stop_loss_frac": pl.Float64(),
    "take_profit_frac": pl.Float64(),
    "trailing_stop_frac": pl.Float64(),
    "flat_at_close": pl.Boolean(),
    "borrow_bps": pl.Float64(),
    "first_session": pl.Date(),
    "last_session": pl.Date(),
    "session_return_mean": pl.Float64(),
    "session_return_std": pl.Float64(),
    **{metric.name: pl.Int64() if metric.name in COUNT_METRICS else pl.Float64() for metric in METRICS},
    "null_reasons": pl.String(),
    "is_synthetic": pl.Boolean(),
    "run_id": pl.String(),
    "feature_set": pl.String(),
    "feature_version": pl.String(),
    "snapshot": pl.Int64(),
}


def trials_frame(n_trials: int, values: Mapping[str, Any]) -> pl.DataFrame:
    """Rows as a frame of the lake's dataset `trials`.

    Args:
        n_trials: How many.
        values: By column a series with a value per trial, or the value that all have; a column left out is null.

    Raises:
        ValueError: If there is a column that no trial has, or a series of another length.
    """
    unknown = sorted(set(values) - set(TRIAL_SCHEMA))
    if unknown:
        raise ValueError(f"trials have no columns {unknown}")
    return pl.DataFrame(
        [_column(name, dtype, values.get(name), n_trials) for name, dtype in TRIAL_SCHEMA.items()]
    )


def _column(name: str, dtype: pl.DataType, value: object, n_trials: int) -> pl.Series:
    if not isinstance(value, pl.Series):
        return pl.Series(name, [value], dtype=dtype).new_from_index(0, n_trials)
    if value.len() != n_trials:
        raise ValueError(f"column {name} has {value.len()} values for {n_trials} trials")
    return value.cast(dtype).alias(name)
