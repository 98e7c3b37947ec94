"""Search of ElasticNet's parameters on purged, time-ordered folds within one training part."""

# pyright: basic
# scikit-learn ships no types.

import warnings
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import enet_path

from quantmill.core.arrays import Floats
from quantmill.models.learning import Lesson
from quantmill.models.parameters import AUTO

__all__ = ["GridChoice", "search_elasticnet"]

ALPHAS: Final = tuple(float(f"{10.0 ** (-4 + step / 3):.3g}") for step in range(13))
L1_RATIOS: Final = (0.1, 0.3, 0.5, 0.7, 0.9, 0.99)
# Ranks the grid's points; the chosen one is fitted again to the tolerance that was asked for.
_TOLERANCE: Final = 1e-4
_MAX_PASSES: Final = 1_000


@dataclass(frozen=True, slots=True)
class GridChoice:
    """The chosen point and how it was found.

    `gain_frac` is by how much its squared error on the inner folds lies below that of no features at all;
    `prefers_nothing` tells that no features at all had the smallest error.
    """

    alpha: float
    l1_ratio: float
    gain_frac: float
    prefers_nothing: bool
    n_points: int
    n_unfinished: int

    @property
    def details(self) -> dict[str, Any]:
        """What a record keeps."""
        return {
            "alpha": self.alpha,
            "l1_ratio": self.l1_ratio,
            "inner_gain_frac": self.gain_frac,
            "prefers_nothing": self.prefers_nothing,
            "n_grid_points": self.n_points,
            "n_unfinished": self.n_unfinished,
        }


def search_elasticnet(lesson: Lesson) -> GridChoice:
    """The point of alpha × l1_ratio with the smallest squared error on the inner folds, all rows counted alike.

    Only points that keep a feature on the whole training part are chosen, if there are any. Each path is
    descended on one Gram matrix, so the whole grid takes a second. Scaling comes from the whole training part,
    which the inner folds therefore share.

    Args:
        lesson: Encoded rows, the inner folds, and the parameters; one that is not `auto` stays.
    """
    alphas = ALPHAS if lesson.parameters["alpha"] == AUTO else (float(lesson.parameters["alpha"]),)
    ratios = L1_RATIOS if lesson.parameters["l1_ratio"] == AUTO else (float(lesson.parameters["l1_ratio"]),)
    alphas = tuple(sorted(alphas, reverse=True))
    y = lesson.y / np.std(lesson.y)
    errors = np.zeros((len(ratios), len(alphas)))
    nothing = 0.0
    unfinished = 0
    for fold in lesson.folds:
        x_test, y_test = lesson.x[fold.scored], y[fold.scored]
        center, mean, paths, stopped = _paths(lesson.x[fold.train], y[fold.train], alphas, ratios)
        unfinished += stopped
        nothing += float(np.sum((y_test - mean) ** 2))
        for at, coefficients in enumerate(paths):
            rest = (y_test - mean)[:, None] - (x_test - center) @ coefficients
            errors[at] += np.sum(rest**2, axis=0)
    _, _, paths, stopped = _paths(lesson.x, y, alphas, ratios)
    keeps = np.array([(coefficients != 0.0).any(axis=0) for coefficients in paths])
    # The first of equal points has the stronger penalty: alphas descend.
    best = int(np.argmin(np.where(keeps, errors, np.inf) if keeps.any() else errors))
    ratio_at, alpha_at = divmod(best, len(alphas))
    return GridChoice(
        alpha=alphas[alpha_at],
        l1_ratio=ratios[ratio_at],
        gain_frac=1.0 - float(errors[ratio_at, alpha_at]) / nothing,
        prefers_nothing=bool(errors[ratio_at, alpha_at] >= nothing),
        n_points=errors.size,
        n_unfinished=unfinished + stopped,
    )


def _paths(
    x: Floats, y: Floats, alphas: tuple[float, ...], ratios: tuple[float, ...]
) -> tuple[Floats, float, list[Floats], int]:
    """Means of columns and target, the coefficients (n_columns, n_alphas) per ratio, and how many stopped early."""
    center, mean = x.mean(axis=0), float(y.mean())
    centered, target = np.asfortranarray(x - center), y - mean
    gram = centered.T @ centered
    products = centered.T @ target
    paths: list[Floats] = []
    # Declared as text only, for the sake of its words for defaults.
    find_path: Any = enet_path
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", ConvergenceWarning)
        for ratio in ratios:
            _, coefficients, _ = find_path(
                centered,
                target,
                l1_ratio=ratio,
                alphas=np.array(alphas),
                precompute=gram,
                Xy=products,
                check_input=False,
                tol=_TOLERANCE,
                max_iter=_MAX_PASSES,
            )
            paths.append(coefficients)
    return center, mean, paths, len(caught)
