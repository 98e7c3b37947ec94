"""The metrics of a run in the groups in which a person looks for them."""

from typing import Final

from quantmill.simulation.metrics import METRICS, Metric

__all__ = ["metric_groups"]

_GROUPS: Final = {
    "Return": (
        "final_equity_usd",
        "total_return_frac",
        "annual_return_frac",
        "buy_hold_return_frac",
        "alpha_frac",
        "beta",
    ),
    "Risk": (
        "sharpe",
        "sortino",
        "calmar",
        "omega",
        "volatility_frac",
        "max_drawdown_frac",
        "max_drawdown_sessions",
        "longest_under_water_sessions",
        "value_at_risk_frac",
        "expected_shortfall_frac",
        "skew",
        "kurtosis",
    ),
    "Trades": (
        "n_trades",
        "win_rate_frac",
        "profit_factor",
        "expectancy_usd",
        "average_win_usd",
        "average_loss_usd",
        "worst_trade_frac",
        "mean_holding_bars",
        "mean_mae_frac",
        "mean_mfe_frac",
        "exposure_frac",
        "turnover_times",
    ),
    "Costs and orders": (
        "fees_usd",
        "spread_usd",
        "cost_per_trade_usd",
        "cost_return_frac",
        "break_even_cost_bps",
        "fill_slippage_bps",
        "n_orders",
        "n_lapsed",
        "n_pending",
    ),
    "Signal": ("hit_rate_frac", "n_hit_bars", "n_sessions"),
}


def metric_groups() -> dict[str, tuple[Metric, ...]]:
    """All metrics by group, each once; those that no group names come last."""
    by_name = {metric.name: metric for metric in METRICS}
    groups = {group: tuple(by_name.pop(name) for name in names) for group, names in _GROUPS.items()}
    return {**groups, "Further": tuple(by_name.values())} if by_name else groups
