"""How good predicted probabilities of a rise were: decisions, ranking, calibration."""

from typing import Final

import numpy as np
import polars as pl

from quantmill.core.arrays import Bools, Floats

__all__ = ["classification_metrics"]

THRESHOLD: Final = 0.5
N_BINS: Final = 10
_NAMES: Final = (
    "n",
    "accuracy",
    "precision",
    "recall",
    "f1",
    "roc_auc",
    "pr_auc",
    "brier",
    "log_loss",
    "calibration_error",
    "base_rate",
    "signal_rate",
    "lift",
)


def classification_metrics(y: Floats, probability: Floats) -> dict[str, float | int | None]:
    """Metrics of predicted probabilities; one that cannot be computed is None.

    Args:
        y: 1 where the price rose, else 0, shape (n_rows,).
        probability: Predicted probability of a rise, same shape.

    Returns:
        n: rows. accuracy, precision, recall, f1: of the decision p > 0.5. roc_auc, pr_auc: area under the curves of all
        decisions, the second as average precision. brier: mean squared error of p. log_loss: mean of −ln of the
        probability given to what came. calibration_error: mean distance between p and the share of rises over ten
        equal bins of p, weighted by rows. base_rate: share of rises. signal_rate: share of rows with p > 0.5.
        lift: precision ÷ base rate.
    """
    n_rows = y.size
    if n_rows == 0:
        return dict.fromkeys(_NAMES) | {"n": 0}
    rose: Bools = np.equal(y, 1.0)
    said: Bools = np.greater(probability, THRESHOLD)
    is_right: Bools = np.equal(rose, said)
    hits, n_said, n_rose = int(np.sum(rose & said)), int(said.sum()), int(rose.sum())
    precision = hits / n_said if n_said else None
    base_rate = n_rose / n_rows
    clipped = np.clip(probability, 1e-15, 1.0 - 1e-15)
    return {
        "n": n_rows,
        "accuracy": float(np.mean(is_right)),
        "precision": precision,
        "recall": hits / n_rose if n_rose else None,
        "f1": 2.0 * hits / (n_said + n_rose) if n_said + n_rose else None,
        "roc_auc": _roc_auc(rose.astype(np.float64), probability),
        "pr_auc": _average_precision(rose.astype(np.float64), probability),
        "brier": float(np.mean((probability - y) ** 2)),
        "log_loss": float(-np.mean(np.where(rose, np.log(clipped), np.log1p(-clipped)))),
        "calibration_error": _calibration_error(y, probability),
        "base_rate": base_rate,
        "signal_rate": n_said / n_rows,
        "lift": precision / base_rate if precision is not None and base_rate > 0.0 else None,
    }


def _roc_auc(rose: Floats, probability: Floats) -> float | None:
    """Share of pairs of a rise and another row in which the rise has the higher p, ties counted half."""
    n_rose = float(rose.sum())
    n_other = rose.size - n_rose
    if n_rose == 0.0 or n_other == 0.0:
        return None
    ranks = pl.Series(probability).rank("average").to_numpy()
    return float((np.sum(ranks * rose) - n_rose * (n_rose + 1.0) / 2.0) / (n_rose * n_other))


def _average_precision(rose: Floats, probability: Floats) -> float | None:
    """Precision at each distinct p, weighted by the recall that it adds."""
    n_rose = float(rose.sum())
    if n_rose == 0.0:
        return None
    order = np.argsort(-probability, kind="stable")
    hits = np.cumsum(rose[order])
    is_last = np.append(np.diff(probability[order]) != 0.0, True)
    at = np.flatnonzero(is_last)
    precision = hits[at] / (at + 1.0)
    return float(np.sum(np.diff(hits[at] / n_rose, prepend=0.0) * precision))


def _calibration_error(y: Floats, probability: Floats) -> float:
    bins = np.minimum((probability * N_BINS).astype(np.int64), N_BINS - 1)
    said = np.bincount(bins, weights=probability, minlength=N_BINS)
    came = np.bincount(bins, weights=y, minlength=N_BINS)
    return float(np.abs(said - came).sum() / y.size)
