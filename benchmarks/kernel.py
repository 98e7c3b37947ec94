"""Speed of simulated trials with filters and metrics: the bar loop and the event search, and vectorbt beside them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

import quantmill
from benchmarks.homes import real_home, year_home
from benchmarks.row import Row, judged, unmeasured
from benchmarks.timing import CpuTimes, interleaved
from quantmill.core.arrays import Bools, Floats
from quantmill.models.registry import list_models
from quantmill.simulation.fills import DEFAULT_COSTS, Execution, execution_of
from quantmill.simulation.many_trials import GridWorkspace, run_trials
from quantmill.simulation.market import Market
from quantmill.simulation.outliers import trailing_z_scores
from quantmill.simulation.signal import Filters, SignalSource, Stream, prepare_stream
from quantmill.simulation.source import model_source
from quantmill.simulation.thresholds import thresholds_by_segment
from quantmill.simulation.trial import TrialSetup, Workspace, run_trial

__all__ = [
    "bar_kernel_vs_vectorbt",
    "event_kernel_vs_vectorbt",
    "event_vs_bar_kernel",
    "grid_mbars_per_cpu_s",
]

N_SESSIONS, SESSION_BARS = 252, 390
N_BARS = N_SESSIONS * SESSION_BARS
FILTERS = [Filters(z, volatility) for z in (True, False) for volatility in (False, True)]
N_THRESHOLDS = 16
N_TRIALS = len(FILTERS) * N_THRESHOLDS
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
    """What a grid has prepared before its trials: among it each filter's signal with its thresholds."""

    source: SignalSource
    streams: list[tuple[Stream, list[float]]]
    execution: Execution
    alone: Workspace
    together: GridWorkspace

    @classmethod
    def of(cls, source: SignalSource) -> "Ready":
        market = source.market
        return cls(
            source,
            streams(source),
            execution_of(market, DEFAULT_COSTS),
            Workspace.of(market),
            GridWorkspace.of(market),
        )


def grid_mbars_per_cpu_s(*, n_runs: int = 7) -> Row:
    """Million bars per CPU second of the event search, filters and metrics included."""
    ready = Ready.of(noise())

    def grid() -> None:
        events(
            replace(
                ready,
                streams=[(prepare_stream(ready.source, one.filters), few) for one, few in ready.streams],
            )
        )

    times = interleaved({"grid": grid}, n_runs=n_runs)["grid"]
    return judged(
        "grid_mbars_per_cpu_s",
        N_TRIALS * N_BARS / times.median / 1e6,
        "Mbar/s",
        goal=50.0,
        better="higher",
        n_runs=n_runs,
        spread=times.spread,
        note=f"{N_TRIALS} trials × {N_BARS} bars: {N_THRESHOLDS} thresholds × outlier filter × normalization; signals "
        "without memory, so that trades are as many as they can be",
    )


def event_vs_bar_kernel(*, n_runs: int = 5) -> Row:
    """How many times less CPU time the event search takes than the bar loop for the same trials with their metrics."""
    models = [Ready.of(source) for source in sources(year_home())]
    times = _kernels(models, n_runs)
    real = real_home()
    on_real = (
        "not measured" if real is None else f"{_ratio([Ready.of(one) for one in sources(real)], n_runs):.1f}×"
    )
    return judged(
        "event_vs_bar_kernel",
        times["bar loop"].median / times["event search"].median,
        "×",
        goal=2.5,
        better="higher",
        n_runs=n_runs,
        spread=times["bar loop"].spread + times["event search"].spread,
        note=f"{len(models)} models × {N_TRIALS} trials × {N_BARS} bars, thresholds from the median of the strength to "
        f"its 99 % quantile; models on em2015 {on_real}; signals without memory {_ratio([Ready.of(noise())], n_runs):.1f}×",
    )


def bar_kernel_vs_vectorbt() -> Row:
    """How many times less CPU time the bar loop takes than vectorbt for the same trials with their metrics."""
    return _beside_vectorbt("bar_kernel_vs_vectorbt", "bar loop", 40.0)


def event_kernel_vs_vectorbt() -> Row:
    """The same of the event search."""
    return _beside_vectorbt("event_kernel_vs_vectorbt", "event search", 120.0)


def bars(ready: Ready) -> None:
    """All trials of a source, one after the other, by the bar loop."""
    for stream, thresholds in ready.streams:
        for threshold in thresholds:
            run_trial(stream, TrialSetup(threshold), execution=ready.execution, workspace=ready.alone)


def events(ready: Ready) -> None:
    """The same trials by the event search."""
    for stream, thresholds in ready.streams:
        by_segment = thresholds_by_segment(stream, thresholds)
        run_trials(stream, ready.execution, by_segment, 100_000.0, ready.together)


def streams(source: SignalSource) -> list[tuple[Stream, list[float]]]:
    """The signal of each filter, and thresholds from the median of its strength to its 99 % quantile."""
    found: list[tuple[Stream, list[float]]] = []
    for filters in FILTERS:
        stream = prepare_stream(source, filters)
        strength = np.abs(stream.strength)
        low, high = np.nanpercentile(strength[np.isfinite(strength)], [50, 99])
        found.append((stream, np.linspace(low, high, N_THRESHOLDS).tolist()))
    return found


def sources(home: object) -> list[SignalSource]:
    """The signals of all models of a home."""
    with quantmill.open(str(home)) as mill:
        return [model_source(mill.lake, model) for model in list_models(mill.state)]


def _kernels(readies: Sequence[Ready], n_runs: int) -> dict[str, CpuTimes]:
    def each(grid: Callable[[Ready], None]) -> Callable[[], None]:
        return lambda: [grid(ready) for ready in readies] and None

    return interleaved({"bar loop": each(bars), "event search": each(events)}, n_runs=n_runs)


def _ratio(readies: Sequence[Ready], n_runs: int) -> float:
    times = _kernels(readies, n_runs)
    return times["bar loop"].median / times["event search"].median


def _beside_vectorbt(name: str, ours: str, goal: float) -> Row:
    found = _vectorbt()
    if isinstance(found, str):
        return unmeasured(name, "×", goal=f"≥ {goal:g}", peer="vectorbt", note=found)
    on_noise, on_model = found.on_noise, found.on_model
    return judged(
        name,
        on_noise["vectorbt"].median / on_noise[ours].median,
        "×",
        goal=goal,
        better="higher",
        n_runs=len(on_noise[ours].seconds),
        spread=on_noise["vectorbt"].spread + on_noise[ours].spread,
        peer=f"vectorbt {found.version}",
        note=f"{N_TRIALS} trials × {N_BARS} bars, for the peer as columns of one call, signals without memory; a model's "
        f"signals {found.where} {on_model['vectorbt'].median / on_model[ours].median:.0f}×; the peer computes the "
        f"{len(SHARED_METRICS) + len(SHARED_TRADE_METRICS) + 3} metrics that both have, we all of ours",
    )


@dataclass(frozen=True)
class _Peer:
    version: str
    on_noise: dict[str, CpuTimes]
    on_model: dict[str, CpuTimes]
    where: str


@cache
def _vectorbt() -> _Peer | str:
    """Both kernels and vectorbt in turns, on noise and on a model; or why that cannot be."""
    try:
        import vectorbt  # noqa: PLC0415 - a peer that only the dev extra installs
    except ImportError as error:
        return f"vectorbt is not installed: {error}"

    def compared(source: SignalSource) -> dict[str, CpuTimes]:
        ready = Ready.of(source)
        entries, exits = shifted_signals(ready)
        close = source.market.close[:, None].repeat(entries.shape[1], axis=1)
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

        candidates = {
            "vectorbt": theirs,
            "bar loop": lambda: bars(ready),
            "event search": lambda: events(ready),
        }
        return interleaved(candidates, n_runs=3)

    real = real_home()
    model = sources(year_home() if real is None else real)[0]
    where = "on a synthetic year" if real is None else f"on {model.market.n_bars:,} bars of em2015"
    return _Peer(vectorbt.__version__, compared(noise()), compared(model), where)


def noise(seed: int = 0) -> SignalSource:
    """A year of synthetic minutes with predictions that know a little, and nothing of each other."""
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
    return SignalSource(
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


def shifted_signals(ready: Ready) -> tuple[Bools, Bools]:
    """Entries and exits per trial of a source, shape (n_bars, n_trials), delayed as the fill model says."""
    delay = ready.execution.delay_bars
    entries = np.zeros((ready.source.market.n_bars, N_TRIALS), dtype=np.bool_)
    exits = np.zeros_like(entries)
    column = 0
    for stream, thresholds in ready.streams:
        for threshold in thresholds:
            entries[delay:, column] = (stream.strength > threshold)[:-delay]
            exits[delay:, column] = (stream.strength <= -threshold)[:-delay]
            column += 1
    return entries, exits
