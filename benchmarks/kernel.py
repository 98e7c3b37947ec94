"""Speed of simulated trials with filters and metrics, alone and beside vectorbt."""

from dataclasses import dataclass

import numpy as np

from benchmarks.row import Row, judged, unmeasured
from benchmarks.timing import interleaved
from quantmill.core.arrays import Bools, Floats
from quantmill.simulation.fills import DEFAULT_COSTS, Execution, execution_of
from quantmill.simulation.market import Market
from quantmill.simulation.outliers import trailing_z_scores
from quantmill.simulation.signal import Filters, SignalSource, prepare_stream
from quantmill.simulation.thresholds import AUTO_RULES, segment_thresholds
from quantmill.simulation.trial import TrialSetup, Workspace, run_trial

__all__ = ["bar_kernel_vs_vectorbt", "grid_mbars_per_cpu_s"]

N_SESSIONS, SESSION_BARS = 252, 390
N_BARS = N_SESSIONS * SESSION_BARS
FILTERS = [Filters(z, volatility) for z in (True, False) for volatility in (False, True)]
# What both programs compute; the peer's over minute returns, ours over session returns.
SHARED_METRICS = (
    "final_value",
    "total_return",
    "annualized_return",
    "annualized_volatility",
    "total_benchmark_return",
    "sharpe_ratio",
    "sortino_ratio",
    "calmar_ratio",
    "omega_ratio",
    "max_drawdown",
    "value_at_risk",
    "cond_value_at_risk",
    "alpha",
    "beta",
)
SHARED_TRADE_METRICS = ("count", "win_rate", "profit_factor", "expectancy")


@dataclass(frozen=True)
class Ready:
    """What a grid has prepared before its trials."""

    source: SignalSource
    execution: Execution
    workspace: Workspace


def grid_mbars_per_cpu_s(*, n_runs: int = 7) -> Row:
    """Million bars per CPU second: 4 thresholds × outlier filter × normalization over a year, filters and metrics included."""
    ready = prepare()
    times = interleaved({"grid": lambda: grid(ready)}, n_runs=n_runs)["grid"]
    n_trials = len(FILTERS) * len(AUTO_RULES)
    return judged(
        "grid_mbars_per_cpu_s",
        n_trials * N_BARS / times.median / 1e6,
        "Mbar/s",
        goal=50.0,
        better="higher",
        n_runs=n_runs,
        spread=times.spread,
        note=f"{n_trials} trials × {N_BARS} bars, outlier filter and volatility normalization among the axes",
    )


def bar_kernel_vs_vectorbt(*, n_runs: int = 5) -> Row:
    """How many times less CPU time the bar loop takes than vectorbt for the same trials with their metrics."""
    name, goal = "bar_kernel_vs_vectorbt", 40.0
    try:
        import vectorbt  # noqa: PLC0415 - a peer that only the dev extra installs
    except ImportError as error:
        return unmeasured(
            name, "×", goal=f"≥ {goal:g}", peer="vectorbt", note=f"vectorbt is not installed: {error}"
        )
    ready = prepare()
    entries, exits = shifted_signals(ready)
    close = ready.source.market.close[:, None].repeat(entries.shape[1], axis=1)
    execution = ready.execution

    def theirs() -> None:
        portfolio = vectorbt.Portfolio.from_signals(
            close,
            entries,
            exits,
            price=execution.fill_price[:, None],
            slippage=(execution.half_spread / execution.fill_price)[:, None],
            fixed_fees=DEFAULT_COSTS.fee_usd,
            size=np.inf,
            size_granularity=1.0,
            min_size=1.0,
            init_cash=100_000.0,
            direction="longonly",
            freq="1min",
        )
        for metric in SHARED_METRICS:
            getattr(portfolio, metric)()
        trades = portfolio.trades
        for metric in SHARED_TRADE_METRICS:
            getattr(trades, metric)()
        portfolio.orders.fees.sum()
        trades.winning.pnl.mean()
        trades.losing.pnl.mean()

    times = interleaved({"vectorbt": theirs, "bar kernel": lambda: grid(ready)}, n_runs=n_runs)
    ratio = times["vectorbt"].median / times["bar kernel"].median
    return judged(
        name,
        ratio,
        "×",
        goal=goal,
        better="higher",
        n_runs=n_runs,
        spread=times["vectorbt"].spread + times["bar kernel"].spread,
        peer=f"vectorbt {vectorbt.__version__}",
        note=f"{entries.shape[1]} trials × {N_BARS} bars, for the peer as columns of one call; the peer computes the "
        f"{len(SHARED_METRICS) + len(SHARED_TRADE_METRICS) + 3} metrics that both have, we all of ours",
    )


def prepare(seed: int = 0) -> Ready:
    """A year of synthetic minutes with predictions that know a little."""
    rng = np.random.default_rng(seed)
    returns = rng.normal(0.0, 5e-4, N_BARS)
    close: Floats = 400.0 * np.exp(np.cumsum(returns))
    opened = close * np.exp(rng.normal(0.0, 1e-4, N_BARS))
    reach = np.abs(rng.normal(0.0, 2e-4, N_BARS)) + 1e-5
    day = np.repeat(np.arange(N_SESSIONS, dtype=np.int64), SESSION_BARS)
    minute = np.tile(np.arange(SESSION_BARS, dtype=np.int64), N_SESSIONS)
    market = Market(
        "SIM",
        (day * 1440 + minute) * 60_000_000,
        opened,
        np.maximum(opened, close) * (1.0 + reach),
        np.minimum(opened, close) * (1.0 - reach),
        close,
        day,
        np.arange(1, N_SESSIONS + 1, dtype=np.int64) * SESSION_BARS,
        np.full(N_BARS, 1e5),
        np.full(N_BARS, np.nan),
        minute,
        np.full(N_BARS, SESSION_BARS),
    )
    realized = np.append(returns[1:], np.nan)
    prediction = 0.02 * np.nan_to_num(realized) + rng.normal(0.0, 1e-4, N_BARS)
    volatility_ratio = np.exp(rng.normal(0.0, 0.3, N_BARS))
    percents = [50, 80, 90, 97]
    quantiles = {
        is_on: np.tile(np.percentile(np.abs(strength), percents), (5, 1))
        for is_on, strength in ((False, prediction), (True, prediction * volatility_ratio))
    }
    source = SignalSource(
        market=market,
        prediction=prediction,
        z_score=trailing_z_scores(prediction, market.session_end),
        volatility_ratio=volatility_ratio,
        realized=realized,
        segment_end=np.arange(1, 6, dtype=np.int64) * (N_BARS // 5),
        auto_thresholds=quantiles,
        model_id=None,
        model_name="benchmark",
    )
    return Ready(source, execution_of(market, DEFAULT_COSTS), Workspace.of(market))


def grid(ready: Ready) -> None:
    for filters in FILTERS:
        stream = prepare_stream(ready.source, filters)
        for rule in AUTO_RULES:
            run_trial(stream, TrialSetup(rule), execution=ready.execution, workspace=ready.workspace)


def shifted_signals(ready: Ready) -> tuple[Bools, Bools]:
    """Entries and exits per trial of `grid`, shape (n_bars, n_trials), delayed as the fill model says."""
    delay = ready.execution.delay_bars
    entries = np.zeros((N_BARS, len(FILTERS) * len(AUTO_RULES)), dtype=np.bool_)
    exits = np.zeros_like(entries)
    column = 0
    for filters in FILTERS:
        stream = prepare_stream(ready.source, filters)
        n_segment_bars = np.diff(stream.segment_end, prepend=0)
        for rule in AUTO_RULES:
            threshold = np.repeat(segment_thresholds(stream, rule), n_segment_bars)
            entries[delay:, column] = (stream.strength > threshold)[:-delay]
            exits[delay:, column] = (stream.strength <= -threshold)[:-delay]
            column += 1
    return entries, exits
