"""Rows of trials: a frame per group, of the kernel's figures or of the error that kept them from running."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import polars as pl

from quantmill.core.arrays import Bools, Floats
from quantmill.core.digest import canonical_json
from quantmill.core.instants import date_of_day
from quantmill.errors import QuantmillError
from quantmill.optimize.batch_setup import BatchSetup
from quantmill.optimize.ledger import configurations_of, evidence_of
from quantmill.optimize.stream_trials import StreamTrials
from quantmill.optimize.trials import trials_frame
from quantmill.simulation.figures import FIGURES
from quantmill.simulation.metrics import METRIC_NAMES, null_reasons
from quantmill.simulation.run import parameters_of, run_ids_of
from quantmill.simulation.signal import SignalSource, Stream
from quantmill.simulation.thresholds import mean_over_bars

__all__ = ["completed_rows", "failed_rows", "origin_of"]

_METRICS: Final = [FIGURES.index(name) for name in METRIC_NAMES]
_STORED: Final = (*METRIC_NAMES, "session_return_mean", "session_return_std")


def completed_rows(
    stream: Stream, trials: StreamTrials, setup: BatchSetup, thresholds: Floats, figures: Floats
) -> pl.DataFrame:
    """Rows of `TRIAL_SCHEMA`.

    Args:
        stream: The signal of the trials.
        trials: Which trials.
        setup: What the batch shares.
        thresholds: As they were applied, shape (n_trials, n_segments).
        figures: What came out, shape (n_trials, N_FIGURES); what is no number, or beyond all numbers, becomes null.
    """
    source, filters, own = stream.source, stream.filters, setup.trial()
    is_known = np.isfinite(figures)
    known = np.where(is_known, figures, np.nan)
    applied = mean_over_bars(stream, thresholds) if _is_by_rule(trials) else thresholds[:, 0]
    return trials_frame(
        len(trials),
        {
            **origin_of(source),
            **_parameters(trials, setup),
            "status": "completed",
            "configuration": pl.Series(configurations_of(source, filters, own, trials.thresholds)),
            "threshold": pl.Series(applied, nan_to_null=True),
            "run_id": pl.Series(run_ids_of(source, filters, own, trials.thresholds)),
            **{name: pl.Series(known[:, FIGURES.index(name)], nan_to_null=True) for name in _STORED},
            "null_reasons": pl.Series(_reasons(is_known[:, _METRICS]), dtype=pl.String),
        },
    )


def failed_rows(
    trials: StreamTrials, setup: BatchSetup, error: Exception, origin: Mapping[str, Any]
) -> pl.DataFrame:
    """Rows of `TRIAL_SCHEMA` of trials that could not be run.

    Args:
        trials: Which trials.
        setup: What the batch shares.
        error: What kept them.
        origin: What is known of where their signal came from.
    """
    message = str(error) if isinstance(error, QuantmillError) else f"{type(error).__name__}: {error}"
    return trials_frame(
        len(trials), {**origin, **_parameters(trials, setup), "status": "failed", "error": message}
    )


def origin_of(source: SignalSource) -> dict[str, Any]:
    """Where the signal of trials came from, as columns."""
    evidence = evidence_of(source)
    return {
        "symbol": evidence.symbol,
        "model_id": source.model_id,
        "model_name": source.model_name,
        "first_session": date_of_day(evidence.first_session),
        "last_session": date_of_day(evidence.last_session),
        "is_synthetic": source.is_synthetic,
        "feature_set": source.feature_set,
        "feature_version": source.feature_version,
        "snapshot": source.snapshot,
    }


def _is_by_rule(trials: StreamTrials) -> bool:
    return isinstance(trials.thresholds[0], str)


def _parameters(trials: StreamTrials, setup: BatchSetup) -> dict[str, Any]:
    is_by_rule = _is_by_rule(trials)
    return {
        **parameters_of(trials.filters, setup.trial()),
        "trial": pl.Series(trials.numbers),
        "threshold": None if is_by_rule else pl.Series(trials.thresholds, dtype=pl.Float64),
        "threshold_rule": pl.Series(trials.thresholds) if is_by_rule else "fixed",
    }


def _reasons(is_known: Bools) -> list[str | None]:
    """Why each trial's metrics without a value have none, as JSON: trials share a few patterns."""
    patterns, at = np.unique(is_known, axis=0, return_inverse=True)
    texts: list[str | None] = []
    for pattern in patterns:
        missing = [name for name, has_value in zip(METRIC_NAMES, pattern, strict=True) if not has_value]
        texts.append(canonical_json(null_reasons(dict.fromkeys(missing))) if missing else None)
    return [texts[place] for place in at.ravel()]
