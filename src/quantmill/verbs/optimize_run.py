"""The verb `optimize run`: every combination of models, symbols and parameters, each trial kept and counted."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.optimize.batch import run_batch
from quantmill.optimize.space import ParameterSpace
from quantmill.optimize.sweep import BatchSetup
from quantmill.verbs.execution_request import ExecutionRequest
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import Flag, FromSetting, Symbol
from quantmill.verbs.rules_request import RulesRequest

__all__ = ["READS_ONLY", "BatchOutcome", "OptimizeRunRequest", "run"]

READS_ONLY: Final = False
Switch = Literal["both", "on", "off"]
_SWITCH: Final[dict[str, tuple[bool, ...]]] = {"both": (True, False), "on": (True,), "off": (False,)}
_NAMED: Final = ("auto", "classic")


class OptimizeRunRequest(ExecutionRequest, RulesRequest):
    """Simulate a grid of trials and rank them.

    The same request on the same data finishes what is missing of its batch and repeats nothing.
    """

    models: tuple[str, ...] = Field(
        min_length=1, description="Models by name or id; a name is one model per symbol."
    )
    symbols: tuple[Symbol, ...] = Field(
        default=(), description="Symbols to trade; all symbols of the models when left out."
    )
    thresholds: tuple[str, ...] = Field(
        default=("auto",),
        description="auto (p50, p80, p90, p97 of each refit's training part), classic (0.0001, 0.0005, 0.001, "
        "0.002), or a list of percentiles and log returns.",
    )
    z_filter: Switch = Field(
        default="both", description="The outlier filter, |z| > 3 against the 20 sessions before."
    )
    vol_normalize: Annotated[Switch, Flag("--vol-normalize")] = Field(
        default="both", description="Signals scaled by usual over present volatility."
    )
    gates: tuple[str, ...] = Field(
        default=("default",),
        description="default (none, vix:0 to vix:3, gmm:0 to gmm:3), none, or a list: a regime's states (gmm:0,1), a "
        'feature\'s bounds that veto orders ("vix_z_score<2") or close the position ("exit vix_z_score<2"), '
        "joined by + where all must hold.",
    )
    max_concurrent: Annotated[int | None, FromSetting("optimize.max_concurrent")] = Field(
        default=None, ge=1, le=256, description="Threads."
    )
    seed: Annotated[int | None, FromSetting("training.seed")] = Field(
        default=None, ge=0, description="Recorded with the batch."
    )
    force: bool = Field(default=False, description="Run again, as a new batch, what was run already.")


@dataclass(frozen=True)
class BatchOutcome(Outcome):
    """How a batch went; the times are CPU and wall seconds of the work itself."""

    batch_id: str
    n_trials: int
    n_completed: int
    n_failed: int
    wall_s: float
    cpu_s: float
    symbols: tuple[str, ...]
    models: tuple[str, ...]
    n_resumed: int
    note: str

    @property
    def succeeded(self) -> bool:
        """Whether at least one trial has a result."""
        return self.n_completed > 0

    def lines(self) -> list[str]:
        """Counts, times, and how to see the ranking."""
        counts = f"{self.n_completed:,} of {self.n_trials:,} trials done, {self.n_failed:,} failed"
        return [
            f"batch {self.batch_id}: {counts}; {self.wall_s:.2f} s, {self.cpu_s:.2f} CPU s",
            *([self.note] if self.note else []),
            f"next: quantmill leaderboard {self.batch_id}",
        ]


def run(mill: Mill, request: OptimizeRunRequest, progress: Progress) -> BatchOutcome:
    """Runs the grid; every trial is in the ledger before it runs.

    Raises:
        UsageError: If models, symbols or parameters do not fit one another.
        NotFoundError: If a model is unknown.
    """
    settings = mill.settings
    concurrent = (
        settings.optimize.max_concurrent if request.max_concurrent is None else request.max_concurrent
    )
    report = run_batch(
        mill.lake,
        mill.state,
        mill.queue,
        request.models,
        request.symbols,
        _space(request),
        BatchSetup(
            request.costs(settings.simulation), request.cash_usd(settings.simulation), request.rules()
        ),
        seed=settings.training.seed if request.seed is None else request.seed,
        max_concurrent=concurrent,
        force=request.force,
        progress=progress,
    )
    return BatchOutcome(
        batch_id=report.batch_id,
        n_trials=report.n_trials,
        n_completed=report.n_completed,
        n_failed=report.n_failed,
        wall_s=report.wall_s,
        cpu_s=report.cpu_s,
        symbols=report.symbols,
        models=report.models,
        n_resumed=report.n_resumed,
        note=report.note,
    )


def _space(request: OptimizeRunRequest) -> ParameterSpace:
    thresholds = request.thresholds
    is_named = len(thresholds) == 1 and thresholds[0] in _NAMED
    return ParameterSpace.parse(
        {
            "threshold": thresholds[0] if is_named else [_threshold(text) for text in thresholds],
            "z_score_check": list(_SWITCH[request.z_filter]),
            "volatility_normalization": list(reversed(_SWITCH[request.vol_normalize])),
            "gates": list(request.gates),
        }
    )


def _threshold(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text
