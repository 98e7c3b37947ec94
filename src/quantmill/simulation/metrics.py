"""The metrics of a simulation: every name once, with its unit, meaning and the reason when there is no value."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["COUNT_METRICS", "METRICS", "METRIC_NAMES", "Metric", "MetricValue", "as_metrics", "null_reasons"]

MetricValue = float | int | None

_NO_TRADE = "no completed round trip"
_NO_FILL = "no order was filled"
_STILL = "needs two sessions or more, session returns that vary, and equity above zero"
_NO_SESSION = "needs a session, and equity above zero"
_NO_LINE = "needs two sessions or more, a share that moves, and equity above zero"


@dataclass(frozen=True, slots=True)
class Metric:
    """What one figure means; formulas with their sources are in `session_metrics` and `measure`."""

    name: str
    unit: str
    meaning: str
    null_reason: str = ""


METRICS: Final[tuple[Metric, ...]] = (
    Metric("final_equity_usd", "USD", "cash plus position at the last close"),
    Metric("total_return_frac", "fraction", "final equity ÷ initial cash - 1"),
    Metric(
        "annual_return_frac",
        "fraction per year",
        "total return compounded to 252 sessions",
        "too large for a number",
    ),
    Metric("buy_hold_return_frac", "fraction", "last close ÷ first close of the span - 1, without costs"),
    Metric("sharpe", "per √year", "mean ÷ deviation (ddof 1) of session returns × √252, rate 0", _STILL),
    Metric(
        "sortino",
        "per √year",
        "mean ÷ downside deviation of session returns × √252",
        "needs two sessions or more, one of them lost, and equity above zero",
    ),
    Metric("calmar", "per year", "annual return ÷ deepest drawdown", "equity never fell below its peak"),
    Metric(
        "volatility_frac",
        "fraction per √year",
        "deviation of session returns × √252",
        "needs two sessions or more, and equity above zero",
    ),
    Metric("max_drawdown_frac", "fraction", "deepest fall of the equity per bar from its running peak, <= 0"),
    Metric("max_drawdown_sessions", "sessions", "from that peak to its recovery, or to the end"),
    Metric(
        "longest_under_water_sessions",
        "sessions",
        "most in a row that end below the best session end, or the initial cash, before",
    ),
    Metric("n_trades", "count", "completed round trips"),
    Metric("win_rate_frac", "fraction", "round trips with a profit after fees and spread", _NO_TRADE),
    Metric("profit_factor", "ratio", "sum of profits ÷ sum of losses of round trips", "no round trip lost"),
    Metric("expectancy_usd", "USD per trade", "mean profit of round trips after fees and spread", _NO_TRADE),
    Metric("average_win_usd", "USD", "mean profit of winning round trips", "no round trip won"),
    Metric("average_loss_usd", "USD", "mean result of losing round trips, < 0", "no round trip lost"),
    Metric(
        "worst_trade_frac", "fraction", "lowest profit ÷ value at entry, after fees and spread", _NO_TRADE
    ),
    Metric("mean_holding_bars", "bars", "mean from fill to fill of round trips", _NO_TRADE),
    Metric("mean_mae_frac", "fraction", "mean of the worst close or exit against entry, <= 0", _NO_TRADE),
    Metric("mean_mfe_frac", "fraction", "mean of the best close or exit against entry, >= 0", _NO_TRADE),
    Metric("exposure_frac", "fraction", "bars at whose close a position is held"),
    Metric("fees_usd", "USD", "fees of all orders filled, and the cost of borrowed shares"),
    Metric("spread_usd", "USD", "half spreads paid on all shares traded"),
    Metric(
        "turnover_times",
        "times",
        "value of all fills ÷ mean session-end equity",
        "mean equity is not above zero",
    ),
    Metric("cost_per_trade_usd", "USD", "fees and spread per round trip, an open one included", _NO_FILL),
    Metric("cost_return_frac", "fraction", "fees and spread as part of the initial cash, <= 0"),
    Metric(
        "break_even_cost_bps", "bps per fill", "cost per traded value that would leave no profit", _NO_FILL
    ),
    Metric(
        "fill_slippage_bps", "bps per fill", "fill, spread included, against the signal's close", _NO_FILL
    ),
    Metric("value_at_risk_frac", "fraction", "5 % quantile of session returns", _NO_SESSION),
    Metric(
        "expected_shortfall_frac",
        "fraction",
        "mean of the lowest session returns, down from that",
        _NO_SESSION,
    ),
    Metric(
        "omega",
        "ratio",
        "sum of gains ÷ sum of losses of session returns around 0",
        "no session lost, or equity fell to zero or below",
    ),
    Metric("skew", "1", "third standardized moment of session returns", _STILL),
    Metric("kurtosis", "1", "fourth standardized moment of session returns, 3 when normal", _STILL),
    Metric("alpha_frac", "fraction per year", "return not explained by beta", _NO_LINE),
    Metric("beta", "1", "covariance with buy and hold ÷ its variance", _NO_LINE),
    Metric("hit_rate_frac", "fraction", "right signs over bars with |e| above the threshold", "no such bar"),
    Metric("n_hit_bars", "count", "bars that the hit rate counts"),
    Metric("n_orders", "count", "orders filled"),
    Metric(
        "n_lapsed",
        "count",
        "orders that found no price or too little cash, or came in a bar that must end flat",
    ),
    Metric("n_pending", "count", "signals that ask for an order whose bar lies past the end"),
    Metric("n_sessions", "sessions", "sessions that the figures rest on"),
)
METRIC_NAMES: Final = tuple(metric.name for metric in METRICS)
COUNT_METRICS: Final = frozenset(metric.name for metric in METRICS if metric.unit in {"count", "sessions"})
"""Metrics that are whole numbers."""

_REASONS: Final = {metric.name: metric.null_reason for metric in METRICS}


def as_metrics(figures: Mapping[str, float]) -> dict[str, MetricValue]:
    """Figures in the order of `METRICS`, counts as whole numbers; what is no number, or beyond all numbers, as None.

    Raises:
        KeyError: If a metric is missing.
    """
    return {name: _value(name, figures[name]) for name in METRIC_NAMES}


def null_reasons(metrics: Mapping[str, MetricValue]) -> dict[str, str]:
    """Why each metric without a value has none."""
    return {name: _REASONS[name] for name, value in metrics.items() if value is None}


def _value(name: str, figure: float) -> MetricValue:
    if not math.isfinite(figure):
        return None
    return int(figure) if name in COUNT_METRICS else float(figure)
