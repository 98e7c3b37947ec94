"""The verb `optimize run`: configurations on models and symbols, each trial kept and counted."""

from typing import Annotated, Final, Literal

from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.errors import UsageError
from quantmill.optimize.batch import run_batch
from quantmill.optimize.batch_setup import BatchSetup
from quantmill.optimize.estimate import estimate_batch
from quantmill.optimize.sampling import MOST_TRIALS, Sample, SampledSpace, SampleKind
from quantmill.optimize.space import ParameterSpace
from quantmill.optimize.trial_space import TrialSpace
from quantmill.verbs.batch_estimate import BatchEstimate
from quantmill.verbs.batch_outcome import BatchOutcome, threads_of
from quantmill.verbs.execution_request import ExecutionRequest
from quantmill.verbs.mill import Mill
from quantmill.verbs.request import Flag, FromSetting, Symbol
from quantmill.verbs.rules_request import RulesRequest

__all__ = ["READS_ONLY", "OptimizeRunRequest", "run", "run_trials"]

READS_ONLY: Final = False
Switch = Literal["both", "on", "off"]
_SWITCH: Final[dict[str, tuple[bool, ...]]] = {"both": (True, False), "on": (True,), "off": (False,)}
_NAMED: Final = ("auto", "classic")


class OptimizeRunRequest(ExecutionRequest, RulesRequest):
    """Simulate a grid or a sample of trials and rank them.

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
        "0.002), or a list of percentiles, log returns and steps (0.0001:0.002:0.0001, end included). With --sample "
        "also one range, 0.0001..0.002, or log:0.0001..0.002 for even steps of the logarithm.",
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
    sample: SampleKind | None = Field(
        default=None,
        description="Draw configurations instead of running all: random, or sobol, which covers them more evenly. "
        "None is drawn twice.",
    )
    trials: int | None = Field(
        default=None, ge=1, le=MOST_TRIALS, description="How many are drawn per model; needed with --sample."
    )
    seed: Annotated[int | None, FromSetting("training.seed")] = Field(
        default=None, ge=0, description="Decides what is drawn; a longer sample begins with a shorter one."
    )
    estimate: bool = Field(
        default=False, description="Tell trials, time, memory and bytes beforehand, and start nothing."
    )
    force: bool = Field(default=False, description="Run again, as a new batch, what was run already.")


def run(mill: Mill, request: OptimizeRunRequest, progress: Progress) -> BatchOutcome | BatchEstimate:
    """Runs the trials, or estimates what they would take; every trial is in the ledger before it runs.

    Raises:
        UsageError: If models, symbols or parameters do not fit one another.
        NotFoundError: If a model is unknown.
        JobCancelledError: If somebody paused the batch.
    """
    if not request.estimate:
        return run_trials(mill, request, progress)
    estimate = estimate_batch(
        mill.lake,
        mill.state,
        request.models,
        request.symbols,
        _space(request, mill),
        _setup(request, mill),
        max_concurrent=threads_of(mill, request.max_concurrent),
    )
    return BatchEstimate(estimate)


def run_trials(mill: Mill, request: OptimizeRunRequest, progress: Progress) -> BatchOutcome:
    """Runs the trials of a request; as `run` does where no estimate is asked for."""
    report = run_batch(
        mill.lake,
        mill.state,
        mill.queue,
        request.models,
        request.symbols,
        _space(request, mill),
        _setup(request, mill),
        max_concurrent=threads_of(mill, request.max_concurrent),
        force=request.force,
        progress=progress,
    )
    return BatchOutcome.of(report)


def _setup(request: OptimizeRunRequest, mill: Mill) -> BatchSetup:
    simulation = mill.settings.simulation
    return BatchSetup(request.costs(simulation), request.cash_usd(simulation), request.rules())


def _space(request: OptimizeRunRequest, mill: Mill) -> TrialSpace:
    thresholds = request.thresholds
    is_named = len(thresholds) == 1 and thresholds[0] in _NAMED
    parameters = {
        "threshold": thresholds[0] if is_named else [_threshold(text) for text in thresholds],
        "z_score_check": list(_SWITCH[request.z_filter]),
        "volatility_normalization": list(reversed(_SWITCH[request.vol_normalize])),
        "gates": list(request.gates),
    }
    if request.sample is None:
        if request.trials is not None:
            raise UsageError(
                f"--trials {request.trials} without --sample; a full grid has as many trials as it has combinations",
                hint="add --sample sobol or --sample random",
            )
        return ParameterSpace.parse(parameters)
    if request.trials is None:
        raise UsageError(f"--sample {request.sample} without --trials", hint="say how many: --trials 200")
    seed = mill.settings.training.seed if request.seed is None else request.seed
    return SampledSpace.parse(parameters, Sample(request.sample, request.trials, seed))


def _threshold(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text
