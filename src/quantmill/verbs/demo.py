"""The verb `demo`: the whole line on a synthetic market, from bars to a ranked, deflated leaderboard."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import polars as pl
from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.features.registry import FEATURES
from quantmill.providers.sim.planted import DEFAULT_STRENGTH, MAX_STRENGTH
from quantmill.verbs import features_build, ingest_bars, leaderboard, optimize_run, train
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import ParameterValue, Request, Unit

__all__ = ["READS_ONLY", "DemoRequest", "Demonstration", "Found", "run"]

READS_ONLY: Final = False
TERMINAL_COLUMNS: Final = leaderboard.TERMINAL_COLUMNS
SYMBOLS: Final = ("SPY", "QQQ", "IWM", "AAPL", "MSFT")
# Ingested as the measure of fear that the market's regimes look at, never traded.
CONTEXT: Final = ("VIXY",)
TRADED: Final = ("SPY", "QQQ", "AAPL")
# QQQ is the control: what is found there would be a false alarm.
PLANTED_IN: Final = ("SPY", "AAPL")
# Two views of the market: where prices go, and how far they have strayed.
CATEGORIES: Final[Mapping[str, tuple[str, ...]]] = {
    "trend": ("trend", "momentum", "time"),
    "reversion": ("mean-reversion", "volatility", "volume", "liquidity", "time"),
}
# Fixed: a search would take longer than all the rest.
PENALTY: Final[dict[str, ParameterValue]] = {"alpha": 0.01, "l1_ratio": 0.5}
_SIGNIFICANT: Final = 0.95
_SHOWN_ROWS: Final = 10


class DemoRequest(Request):
    """Show the whole line on a synthetic market.

    Five symbols and a measure of fear, 250 sessions, two models for three symbols, a grid of 864 trials with the
    market's regimes as gates; in ./data/demo unless another home is named. A second call repeats nothing.
    """

    seed: int = Field(default=0, ge=0, description="Which market.")
    planted: Annotated[float, Unit("correlation with the next minute's return")] = Field(
        default=DEFAULT_STRENGTH,
        ge=0,
        le=MAX_STRENGTH,
        description="Strength of the signal planted in SPY and AAPL, never in QQQ; 0 for none.",
    )


@dataclass(frozen=True)
class Found:
    """The best row of one model on one symbol, and whether it stands out after deflation."""

    symbol: str
    model_name: str
    is_found: bool
    deflated_sharpe_probability: float | None
    sharpe: float | None
    rank: int


@dataclass(frozen=True)
class Demonstration(Outcome):
    """The best rows of the grid, and whether the planted signal was found where it is."""

    home: Path
    is_synthetic: bool
    is_new: bool
    rows_stored: int
    features: int
    models: tuple[str, ...]
    batch_id: str
    n_trials: int
    planted: float
    findings: tuple[Found, ...]
    leaderboard: pl.DataFrame

    def table(self) -> pl.DataFrame:
        """The best rows of the leaderboard."""
        return self.leaderboard

    def lines(self) -> list[str]:
        """What the table means, what was found, where it lies, and what to type next."""
        home = f"--home {self.home}"
        return [
            "",
            *leaderboard.terminal_notes(self.leaderboard)[:1],
            "",
            f"All bars are SYNTHETIC: {self._truth()} The best row of each model:",
            *(_sentence(found) for found in self.findings),
            self._verdict(),
            "",
            *([] if self.is_new else ["Everything was there from an earlier demo: nothing was repeated."]),
            f"Everything lies in {self.home}: bars and features in lake/, models in models/, the rest in state.db.",
            "Next:",
            f"  quantmill {home} leaderboard --limit 20",
            f"  quantmill {home} simulate --model trend --symbol SPY --threshold p80 --regime vix:2,3",
            f'  quantmill {home} sql "SELECT symbol, count(*) FROM bars GROUP BY symbol"',
            "  quantmill import FILES --home data      your own bars, in a home of their own",
        ]

    def _truth(self) -> str:
        if self.planted == 0:
            return "nothing is planted, every row is luck."
        return (
            f"in {' and '.join(PLANTED_IN)} the past minutes foretell the next one with a correlation of "
            f"{self.planted:g}, in the other symbols they foretell nothing."
        )

    def _verdict(self) -> str:
        found = [
            symbol for symbol in TRADED if any(one.is_found for one in self.findings if one.symbol == symbol)
        ]
        planted = PLANTED_IN if self.planted > 0 else ()
        right = [symbol for symbol in found if symbol in planted]
        wrong = [symbol for symbol in found if symbol not in planted]
        missed = [symbol for symbol in planted if symbol not in found]
        parts = [
            f"The planted signal was found on {', '.join(right)}" if right else "No planted signal was found"
        ]
        if missed:
            parts.append(f"missed on {', '.join(missed)}")
        parts.append(
            f"FALSE ALARM on {', '.join(wrong)}" if wrong else "no false alarm where nothing is planted"
        )
        return f"{'; '.join(parts)}."


def run(mill: Mill, request: DemoRequest, progress: Progress) -> Demonstration:
    """Runs the other verbs one after another; what exists already is not made again."""
    ingested = ingest_bars.run(
        mill,
        ingest_bars.IngestRequest(
            symbols=(*SYMBOLS, *CONTEXT),
            provider="sim",
            seed=request.seed,
            planted=request.planted,
            planted_symbols=PLANTED_IN,
        ),
        progress,
    )
    built = features_build.run(mill, features_build.FeaturesBuildRequest(symbols=SYMBOLS), progress)
    trained = [
        train.run(
            mill,
            train.TrainRequest(symbol=symbol, name=name, include=_features(name), params=PENALTY),
            progress,
        )
        for symbol in TRADED
        for name in CATEGORIES
    ]
    batch = optimize_run.run_trials(
        mill, optimize_run.OptimizeRunRequest(models=tuple(CATEGORIES), symbols=TRADED), progress
    )
    ranked = leaderboard.run(mill, leaderboard.LeaderboardRequest(batch=batch.batch_id), progress)
    return Demonstration(
        home=mill.home.root,
        is_synthetic=True,
        is_new=ingested.rows_stored > 0 or any(model.is_new for model in trained) or batch.n_resumed == 0,
        rows_stored=ingested.rows_stored,
        features=len(built.columns),
        models=tuple(model.model_id for model in trained),
        batch_id=batch.batch_id,
        n_trials=batch.n_trials,
        planted=request.planted,
        findings=tuple(_finding(ranked, symbol, name) for symbol in TRADED for name in CATEGORIES),
        leaderboard=ranked.head(_SHOWN_ROWS),
    )


def _features(name: str) -> tuple[str, ...]:
    chosen = [
        one for one in FEATURES.values() if one.category in CATEGORIES[name] and one.kind == "stationary"
    ]
    return tuple(one.name for one in chosen)


def _finding(ranked: pl.DataFrame, symbol: str, name: str) -> Found:
    best = ranked.filter((pl.col("symbol") == symbol) & (pl.col("model_name") == name)).row(0, named=True)
    deflated: float | None = best["deflated_sharpe_probability"]
    is_found = deflated is not None and deflated > _SIGNIFICANT
    return Found(symbol, name, is_found, deflated, best["sharpe"], best["rank"])


def _sentence(found: Found) -> str:
    said = "found" if found.is_found else "not found"
    sharpe = "-" if found.sharpe is None else f"{found.sharpe:.2f}"
    deflated = (
        "-" if found.deflated_sharpe_probability is None else f"{found.deflated_sharpe_probability:.3f}"
    )
    return (
        f"  {found.symbol:<5} {found.model_name:<10} {said:<10} "
        f"rank {found.rank}, Sharpe {sharpe}, deflated probability {deflated}"
    )
