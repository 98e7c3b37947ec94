"""How strong a signal must be: a fixed number, or a percentile of the strengths each refit was trained on."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from quantmill.core.arrays import Floats
from quantmill.errors import UsageError
from quantmill.simulation.signal import Stream

__all__ = [
    "AUTO_RULES",
    "CLASSIC_THRESHOLDS",
    "Threshold",
    "mean_over_bars",
    "parse_threshold",
    "segment_thresholds",
    "thresholds_by_segment",
]

Threshold = float | str
AUTO_RULES: Final = ("p50", "p80", "p90", "p97")
CLASSIC_THRESHOLDS: Final = (0.0001, 0.0005, 0.001, 0.002)


def parse_threshold(value: float | str) -> Threshold:
    """A threshold as asked for: one of `AUTO_RULES`, or a number of zero or more in units of strength.

    Raises:
        UsageError: If it is neither.
    """
    if value in AUTO_RULES:
        return str(value)
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not 0.0 <= number < math.inf:
        raise UsageError(
            f"threshold {value!r} is neither a number of zero or more nor a percentile",
            hint=f"give an expected log return such as 0.0001, or one of {', '.join(AUTO_RULES)}",
        )
    return number


def segment_thresholds(stream: Stream, threshold: Threshold) -> Floats:
    """The threshold of each of the stream's segments, shape (n_segments,).

    A percentile is that of |e| in the training part of each refit, so it knows nothing of the bars it is used on.

    Raises:
        UsageError: If a percentile is asked of predictions whose training is unknown.
    """
    rule = parse_threshold(threshold)
    n_segments = stream.segment_end.size
    if isinstance(rule, float):
        return np.full(n_segments, rule, dtype=np.float64)
    if stream.auto_thresholds is None:
        raise UsageError(
            f"threshold {rule} needs a model: nothing tells how strong external predictions usually are",
            hint="give the threshold as a number, such as --threshold 0.0001",
        )
    return np.ascontiguousarray(stream.auto_thresholds[:, AUTO_RULES.index(rule)], dtype=np.float64)


def thresholds_by_segment(stream: Stream, thresholds: Sequence[Threshold]) -> Floats:
    """Many thresholds as `segment_thresholds` has each, shape (n_thresholds, n_segments).

    Raises:
        UsageError: As `segment_thresholds`.
    """
    if all(isinstance(threshold, float) for threshold in thresholds):
        return np.repeat(np.array(thresholds, dtype=np.float64)[:, None], stream.segment_end.size, axis=1)
    return np.array([segment_thresholds(stream, threshold) for threshold in thresholds], dtype=np.float64)


def mean_over_bars(stream: Stream, by_segment: Floats) -> Floats:
    """The mean of each row of thresholds over the bars of the segments where it is known, NaN where it is nowhere."""
    n_bars = np.where(np.isnan(by_segment), 0, np.diff(stream.segment_end, prepend=0))
    with np.errstate(invalid="ignore"):
        return (np.nan_to_num(by_segment) * n_bars).sum(axis=1) / n_bars.sum(axis=1)
