"""One signal under every fill model: how much of a result rests on the price that orders are assumed to get."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from quantmill.simulation.fill_models import FILL_MODELS
from quantmill.simulation.metrics import MetricValue
from quantmill.simulation.signal import Stream
from quantmill.simulation.trial import TrialSetup, Workspace, run_trial

__all__ = ["BAND_METRICS", "Band", "band_of"]

BAND_METRICS: Final = ("total_return_frac", "sharpe", "n_trades")
Band = Mapping[str, Mapping[str, MetricValue]]


def band_of(stream: Stream, setup: TrialSetup) -> Band:
    """The figures `BAND_METRICS` by fill model, everything else as `setup` has it.

    Raises:
        UsageError: If the threshold cannot be used with this stream.
    """
    workspace = Workspace.of(stream.source.market)
    band: dict[str, dict[str, MetricValue]] = {}
    for fill in FILL_MODELS:
        other = replace(setup, costs=replace(setup.costs, fill=fill))
        metrics = run_trial(stream, other, workspace=workspace).metrics
        band[fill] = {name: metrics[name] for name in BAND_METRICS}
    return band
