"""What a training run writes down about itself: shapes, rows lost, seeds, versions."""

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final

import numpy as np

from quantmill.core.instants import date_of_day
from quantmill.datasets.dataset import Dataset
from quantmill.datasets.folds import Fold
from quantmill.datasets.parts import Parts
from quantmill.models.importance import N_SAMPLED_ROWS
from quantmill.models.pipeline import N_THREADS
from quantmill.models.xgboost_adapter import XGBOOST_VERSION

__all__ = ["fold_counts", "library_versions", "training_report"]

_LIBRARIES: Final = (
    "numpy",
    "polars",
    "scikit-learn",
    "lightgbm",
    "scipy",
    "skops",
    "threadpoolctl",
    "numba",
)


def library_versions() -> dict[str, str]:
    """Versions of Python and of the libraries that a model depends on."""
    installed = {name: version(name) for name in _LIBRARIES}
    return {"python": platform.python_version(), **installed, "xgboost": XGBOOST_VERSION}


def fold_counts(fold: Fold) -> dict[str, Any]:
    """Sessions and rows of one fold; the rows of its training sessions are counted once each."""
    train_first, train_last, test_first, test_last = (
        date_of_day(day).isoformat() for day in (*fold.train_sessions, *fold.test_sessions)
    )
    return {
        "train_first": train_first,
        "train_last": train_last,
        "test_first": test_first,
        "test_last": test_last,
        "n_train": int(fold.train.size),
        "n_test": int(fold.test.size),
        "n_scored": int(fold.scored.size),
        "n_purged": fold.n_purged,
        "n_embargoed": fold.n_embargoed,
        "n_unlabeled": fold.n_unlabeled,
    }


def training_report(
    dataset: Dataset, parts: Parts, folds: Sequence[Fold], *, fit: Mapping[str, Any], seed: int
) -> dict[str, Any]:
    """Everything needed to judge and to repeat a training run, as plain values.

    Args:
        dataset: What was learned from.
        parts: Training, validation and holdout parts.
        folds: The walk-forward folds.
        fit: What the final fit decided.
        seed: The run's seed.
    """
    sessions = np.unique(dataset.session)
    first, last = (date_of_day(day).isoformat() for day in parts.holdout_sessions)
    return {
        "x_shape": list(dataset.x.shape),
        "y_shape": list(dataset.y.shape),
        "dtypes": {"x": str(dataset.x.dtype), "y": str(dataset.y.dtype)},
        "n_sessions": int(sessions.size),
        "first_session": date_of_day(int(sessions[0])).isoformat(),
        "last_session": date_of_day(int(sessions[-1])).isoformat(),
        "rows": {
            "all": dataset.n_rows,
            "labeled": int(dataset.has_label.sum()),
            "unlabeled": dict(dataset.unlabeled),
            "dropped": dict(dataset.dropped),
        },
        "missing_values": dict(dataset.missing),
        "infinite_values": dict(dataset.infinite),
        "final": fold_counts(parts.final),
        "fit": dict(fit),
        "importance_rows": min(N_SAMPLED_ROWS, int(parts.final.train.size)),
        "walk_forward_rows": sum(int(fold.test.size) for fold in folds),
        "holdout": {
            "first_session": first,
            "last_session": last,
            "n_sessions": parts.n_holdout_sessions,
            "n_rows": parts.n_holdout_rows,
            "is_scored": False,
        },
        "seed": seed,
        "n_threads": N_THREADS,
        "versions": library_versions(),
        "notes": list(dataset.notes),
    }
