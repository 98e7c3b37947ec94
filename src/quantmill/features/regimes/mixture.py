"""A fitted mixture of normal distributions, and the states it gives to market conditions."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from quantmill.core.arrays import Floats
from quantmill.core.compiled import compiled
from quantmill.core.digest import digest
from quantmill.features.regimes.conditions import Matrix
from quantmill.features.regimes.definition import RegimeDefinition

__all__ = ["FitMixture", "Mixture", "label_rows", "window_digest"]


@dataclass(frozen=True)
class Mixture:
    """Normal distributions over standardized conditions, in the order of their volatility.

    `center` and `scale` of shape (n_columns,) standardize; `weights` (n_states,), `means` (n_states, n_columns) and
    `precisions` (n_states, n_columns, n_columns), the upper Cholesky factors of the inverse covariances.
    """

    center: Floats
    scale: Floats
    weights: Floats
    means: Matrix
    precisions: Matrix
    has_converged: bool

    @property
    def n_states(self) -> int:
        """How many states there are."""
        return self.weights.size

    def as_json(self) -> dict[str, Any]:
        """The parameters as plain values, exact to the last bit."""
        arrays = {name: getattr(self, name).tolist() for name in _ARRAYS}
        return {**arrays, "has_converged": self.has_converged}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Mixture":
        """What `as_json` gave."""
        arrays = {name: np.array(stored[name], dtype=np.float64) for name in _ARRAYS}
        return cls(**arrays, has_converged=stored["has_converged"])


FitMixture = Callable[[Matrix, int], Mixture]
"""Fits complete rows, shape (n_rows, n_columns), with a number of states."""


def label_rows(mixture: Mixture, rows: Matrix) -> Floats:
    """The likeliest state of each row, shape (n_rows,); NaN where a condition is missing.

    Each row is judged by itself, in one order of operations, so its label does not depend on the others.

    Source:
        Bishop (2006), "Pattern Recognition and Machine Learning", equation 9.23, largest responsibility.
    """
    offsets = np.log(mixture.weights) + np.array(
        [np.log(np.diag(factor)).sum() for factor in mixture.precisions]
    )
    return _label_kernel(
        np.ascontiguousarray(rows), mixture.center, mixture.scale, offsets, mixture.means, mixture.precisions
    )


def window_digest(rows: Matrix, n_states: int, definition: RegimeDefinition) -> str:
    """Digest of all that a fit depends on: its rows bit for bit, and the constants of the fit."""
    content = hashlib.sha256(np.ascontiguousarray(rows).tobytes()).hexdigest()
    return digest(
        content, list(rows.shape), n_states, definition.n_starts, definition.seed, definition.revision
    )


_ARRAYS = ("center", "scale", "weights", "means", "precisions")


@compiled
def _label_kernel(
    rows: Matrix, center: Floats, scale: Floats, offsets: Floats, means: Matrix, precisions: Matrix
) -> Floats:
    n_rows, n_columns = rows.shape
    labels = np.full(n_rows, np.nan)
    away = np.empty(n_columns)
    for row in range(n_rows):
        is_complete = True
        for column in range(n_columns):
            if not np.isfinite(rows[row, column]):
                is_complete = False
        if not is_complete:
            continue
        best = -np.inf
        for state in range(offsets.size):
            for column in range(n_columns):
                away[column] = (rows[row, column] - center[column]) / scale[column] - means[state, column]
            squared = 0.0
            for column in range(n_columns):
                total = 0.0
                for other in range(n_columns):
                    total += away[other] * precisions[state, other, column]
                squared += total * total
            likelihood = offsets[state] - 0.5 * squared
            if likelihood > best:
                best = likelihood
                labels[row] = state
    return labels
