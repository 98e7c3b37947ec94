"""What other programs give for each metric of a run: vectorbt, scipy, scikit-learn, pandas on vectorbt's orders."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import pytest

from quantmill.core.arrays import Floats
from quantmill.simulation.signal import Stream
from quantmill.simulation.trial import TrialSetup
from tests.kernel_inputs import KernelInputs
from tests.vectorbt_oracle import inputs_of, vectorbt_portfolio

__all__ = ["BY_HAND", "ORACLES", "Peer"]

# A library's numbers and tables have no types.
Foreign = Any

SESSIONS_PER_YEAR = 252


@dataclass(frozen=True)
class Peer:
    """A trial as vectorbt simulates it, and what the figures are taken from."""

    stream: Stream
    setup: TrialSetup

    @cached_property
    def inputs(self) -> KernelInputs:
        """What our kernel is given too."""
        return inputs_of(self.stream, self.setup)

    @cached_property
    def portfolio(self) -> Foreign:
        """Vectorbt's simulation."""
        return vectorbt_portfolio(self.inputs)

    @cached_property
    def path(self) -> Foreign:
        """Initial cash, then equity at each bar's close."""
        return _series([self.setup.initial_cash_usd, *self.portfolio.value()])

    @cached_property
    def session_equity(self) -> Foreign:
        """Equity at each session's last close."""
        return self._at_session_ends(self.portfolio.value().to_numpy())

    @cached_property
    def returns(self) -> Foreign:
        """Session returns behind vectorbt's accessor."""
        return _accessor(_returns(self.setup.initial_cash_usd, self.session_equity))

    @cached_property
    def benchmark(self) -> Foreign:
        """Session returns of the share itself."""
        close = self.stream.source.market.close
        return _returns(close[0], self._at_session_ends(close))

    @cached_property
    def deepest_fall(self) -> Foreign:
        """Vectorbt's record of the deepest drawdown over bars, positions in `path`; None when equity never fell."""
        records = self.path.vbt.drawdowns.records
        if records.empty:
            return None
        return records.loc[(records["valley_val"] / records["peak_val"]).idxmin()]

    @cached_property
    def orders(self) -> Foreign:
        """Vectorbt's orders with the value traded, the spread paid and the price against the close of the signal."""
        orders = self.portfolio.orders.records.copy()
        bar = orders["idx"].to_numpy()
        sign = 1.0 - 2.0 * orders["side"]
        orders["value"] = orders["size"] * orders["price"]
        orders["spread"] = orders["size"] * sign * (orders["price"] - self.inputs.fill_price[bar])
        signal_close = self.inputs.mark_price[bar - self.inputs.delay_bars]
        orders["slippage"] = sign * (orders["price"] / signal_close - 1.0)
        orders["signed_size"] = sign * orders["size"]
        return orders

    @cached_property
    def closed(self) -> Foreign:
        """Vectorbt's completed trades."""
        return self.portfolio.trades.closed

    @cached_property
    def costs_usd(self) -> float:
        """Fees and spreads of all orders."""
        return float(self.portfolio.orders.fees.sum() + self.orders["spread"].sum())

    @cached_property
    def excursions(self) -> Floats:
        """Worst and best of closes while held and exit price against entry, per completed trade, shape (n_trades, 2)."""
        closes = self.inputs.mark_price
        rows = [
            [min(held) / trade.entry_price - 1.0, max(held) / trade.entry_price - 1.0]
            for trade in self.closed.records.itertuples()
            for held in [[trade.entry_price, *closes[trade.entry_idx : trade.exit_idx], trade.exit_price]]
        ]
        return np.array(rows).reshape(-1, 2)

    @cached_property
    def signs(self) -> Foreign:
        """Signs of prediction and of what came, on bars whose |e| is above the threshold; without filters."""
        source, inputs = self.stream.source, self.inputs
        threshold = np.array([inputs.threshold_of(bar) for bar in range(inputs.n_bars)])
        counted = (np.abs(source.prediction) > threshold) & np.isfinite(source.realized)
        return np.sign(source.prediction[counted]), np.sign(source.realized[counted])

    def _at_session_ends(self, values: Floats) -> Foreign:
        return _series(values).groupby(self.stream.source.market.session).last()


def _series(values: Foreign) -> Foreign:
    return pytest.importorskip("pandas").Series(np.asarray(values, dtype=np.float64))


def _returns(start: float, values: Foreign) -> Foreign:
    pandas = pytest.importorskip("pandas")
    returns = _series([start, *values]).pct_change().iloc[1:]
    return returns.set_axis(pandas.bdate_range("2024-01-01", periods=len(returns)))


def _accessor(returns: Foreign) -> Foreign:
    return returns.vbt.returns(freq="D", year_freq=f"{SESSIONS_PER_YEAR} days")


def _deepest_in_sessions(peer: Peer) -> int:
    if peer.deepest_fall is None:
        return 0
    # Position 0 of the path is the initial cash, which counts as of the first session.
    session_of = np.unique(peer.stream.source.market.session, return_inverse=True)[1]
    peak, end = (max(int(peer.deepest_fall[name]) - 1, 0) for name in ("peak_idx", "end_idx"))
    return int(session_of[end] - session_of[peak])


def _break_even_bps(peer: Peer) -> float:
    """The same shares bought and sold at the same bars without costs; their profit over the value traded."""
    if peer.orders.empty:
        return np.nan
    vectorbt = pytest.importorskip("vectorbt")
    shares = np.zeros(peer.inputs.n_bars)
    shares[peer.orders["idx"]] = peer.orders["signed_size"]
    free = vectorbt.Portfolio.from_orders(
        peer.inputs.mark_price, shares, price=peer.inputs.fill_price, init_cash=1e12
    )
    return free.total_profit() / peer.orders["value"].sum() * 1e4


def _hit_rate(peer: Peer) -> float:
    predicted, came = peer.signs
    return pytest.importorskip("sklearn.metrics").accuracy_score(came, predicted) if came.size else np.nan


def _moment(peer: Peer, name: str, **options: bool) -> float:
    returns = peer.returns.obj.to_numpy()
    # scipy warns about moments of what does not vary.
    return (
        getattr(pytest.importorskip("scipy.stats"), name)(returns, **options) if np.ptp(returns) else np.nan
    )


ORACLES: Final[dict[str, Callable[[Peer], float]]] = {
    "final_equity_usd": lambda peer: peer.portfolio.final_value(),
    "total_return_frac": lambda peer: peer.portfolio.total_return(),
    "annual_return_frac": lambda peer: peer.returns.annualized(),
    "buy_hold_return_frac": lambda peer: peer.portfolio.total_benchmark_return(),
    "sharpe": lambda peer: peer.returns.sharpe_ratio(),
    "sortino": lambda peer: peer.returns.sortino_ratio(),
    # vectorbt's own Calmar ratio takes the fall of the returns that it is given; ours that of the equity per bar.
    "calmar": lambda peer: peer.returns.annualized() / -peer.path.vbt.drawdowns.max_drawdown(),
    "volatility_frac": lambda peer: peer.returns.annualized_volatility(),
    "max_drawdown_frac": lambda peer: np.nan_to_num(peer.path.vbt.drawdowns.max_drawdown()),
    "max_drawdown_sessions": _deepest_in_sessions,
    "longest_under_water_sessions": lambda peer: np.nan_to_num(
        _series([peer.setup.initial_cash_usd, *peer.session_equity]).vbt.drawdowns.duration.max()
    ),
    "n_trades": lambda peer: peer.closed.count(),
    "win_rate_frac": lambda peer: peer.closed.win_rate(),
    "profit_factor": lambda peer: peer.closed.profit_factor(),
    "expectancy_usd": lambda peer: peer.closed.pnl.mean(),
    "average_win_usd": lambda peer: peer.closed.winning.pnl.mean(),
    "average_loss_usd": lambda peer: peer.closed.losing.pnl.mean(),
    "worst_trade_frac": lambda peer: peer.closed.returns.min(),
    "mean_holding_bars": lambda peer: peer.closed.duration.mean(),
    "mean_mae_frac": lambda peer: peer.excursions[:, 0].mean() if peer.closed.count() else np.nan,
    "mean_mfe_frac": lambda peer: peer.excursions[:, 1].mean() if peer.closed.count() else np.nan,
    "exposure_frac": lambda peer: peer.portfolio.position_coverage(),
    "fees_usd": lambda peer: peer.portfolio.orders.fees.sum(),
    "spread_usd": lambda peer: peer.orders["spread"].sum(),
    "turnover_times": lambda peer: peer.orders["value"].sum() / peer.session_equity.mean(),
    # vectorbt counts an open position as a trade.
    "cost_per_trade_usd": lambda peer: (
        peer.costs_usd / peer.portfolio.trades.count() if len(peer.orders) else np.nan
    ),
    "cost_return_frac": lambda peer: -peer.costs_usd / peer.setup.initial_cash_usd,
    "break_even_cost_bps": _break_even_bps,
    "fill_slippage_bps": lambda peer: peer.orders["slippage"].mean() * 1e4,
    "value_at_risk_frac": lambda peer: peer.returns.value_at_risk(),
    "expected_shortfall_frac": lambda peer: peer.returns.cond_value_at_risk(),
    "omega": lambda peer: peer.returns.omega_ratio(),
    "skew": lambda peer: _moment(peer, "skew"),
    "kurtosis": lambda peer: _moment(peer, "kurtosis", fisher=False),
    "alpha_frac": lambda peer: peer.returns.alpha(peer.benchmark),
    "beta": lambda peer: peer.returns.beta(peer.benchmark),
    "hit_rate_frac": _hit_rate,
    "n_hit_bars": lambda peer: peer.signs[1].size,
    "n_orders": lambda peer: peer.portfolio.orders.count(),
    # What vectorbt logged as ignored or rejected.
    "n_lapsed": lambda peer: peer.portfolio.logs.count() - peer.portfolio.orders.count(),
    "n_sessions": lambda peer: len(peer.returns.obj),
}
"""The figure of each metric that another program knows, NaN or infinite where it has none."""

BY_HAND: Final = frozenset(
    {
        "break_even_cost_bps",
        "cost_per_trade_usd",
        "cost_return_frac",
        "fill_slippage_bps",
        "hit_rate_frac",
        "mean_mae_frac",
        "mean_mfe_frac",
        "n_hit_bars",
        "n_lapsed",
        "n_pending",
        "spread_usd",
        "turnover_times",
    }
)
"""Metrics that no library has as such: worked by hand in `test_metrics_by_hand`."""
