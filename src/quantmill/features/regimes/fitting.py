"""Fits the mixture with scikit-learn, on one thread, so that equal rows give equal bits."""

# pyright: basic
# scikit-learn ships no complete types; this is the one module of the features that touches it.

import warnings
from functools import partial
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from quantmill.core.seeds import derive_seed
from quantmill.features.regimes.conditions import VOLATILITY_COLUMN, Matrix
from quantmill.features.regimes.definition import RegimeDefinition
from quantmill.features.regimes.mixture import FitMixture, Mixture

__all__ = ["fitter"]

_MAX_ITERATIONS = 300


def fitter(definition: RegimeDefinition) -> FitMixture:
    """The function that fits rows with the constants of a definition."""
    return partial(_fit, n_starts=definition.n_starts, seed=definition.seed)


def _fit(rows: Matrix, n_states: int, *, n_starts: int, seed: int) -> Mixture:
    """A full-covariance mixture of the rows, standardized by themselves, states in the order of volatility.

    Source:
        Dempster, Laird & Rubin (1977), "Maximum Likelihood from Incomplete Data via the EM Algorithm",
        as `sklearn.mixture.GaussianMixture`, started from k-means.
    """
    center, scale = rows.mean(axis=0), rows.std(axis=0)
    # A condition that never changes says nothing; it must not divide by zero.
    scale = np.where(scale > 0.0, scale, 1.0)
    model: Any = GaussianMixture(
        n_components=n_states,
        covariance_type="full",
        n_init=n_starts,
        max_iter=_MAX_ITERATIONS,
        random_state=derive_seed(seed, "regime mixture", n_states, bits=32),
    )
    with threadpool_limits(limits=1), warnings.catch_warnings():
        # Whether it converged is recorded; too few distinct rows for k-means give fewer states, not an error.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit((rows - center) / scale)
    order = np.argsort(model.means_[:, VOLATILITY_COLUMN], kind="stable")
    return Mixture(
        center=center,
        scale=scale,
        weights=np.ascontiguousarray(model.weights_[order]),
        means=np.ascontiguousarray(model.means_[order]),
        precisions=np.ascontiguousarray(model.precisions_cholesky_[order]),
        has_converged=bool(model.converged_),
    )
