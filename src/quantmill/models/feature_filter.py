"""The first phase of a two-phase recipe: the features to which an ElasticNet gives a coefficient."""

from dataclasses import dataclass
from typing import Any, Final

from quantmill.models.algorithms import find_algorithm
from quantmill.models.learning import Lesson, TrainingRows
from quantmill.models.linear_family import LINEAR_FAMILIES, coefficients
from quantmill.models.pipeline import FitSettings
from quantmill.models.preprocessing import fit_preprocessing

__all__ = ["Filtered", "filter_features"]

_FILTER: Final = "elasticnet"


@dataclass(frozen=True, slots=True)
class Filtered:
    """The survivors in the order of all features; all of them when the filter would keep none.

    `details` is what a record keeps, `warning` what a person must know.
    """

    survivors: tuple[str, ...]
    details: dict[str, Any]
    warning: str | None


def filter_features(settings: FitSettings, rows: TrainingRows) -> Filtered:
    """Search ElasticNet's grid on the training rows and keep the features with a coefficient other than 0.

    A label such as a regime survives when one of its values does. The filter finds nothing when no point of the grid
    does better than no features at all.

    Args:
        settings: The columns.
        rows: The rows that the second phase is fitted on, none of those held back for stopping.
    """
    prepared = fit_preprocessing(settings, rows.x, settings.names, takes="scaled")
    learned = LINEAR_FAMILIES[_FILTER].fit(
        Lesson(
            prepared.encode(rows.x, settings.names),
            rows.y,
            find_algorithm(_FILTER).resolve({}),
            prepared.columns,
            settings.seed,
            folds=rows.inner_folds(),
        )
    )
    kept = {
        settings.names[column.feature]
        for column, value in zip(prepared.columns, coefficients(learned.model), strict=True)
        if value != 0.0
    }
    finds_nothing = not kept or bool(learned.details["prefers_nothing"])
    survivors = tuple(name for name in settings.names if finds_nothing or name in kept)
    return Filtered(
        survivors,
        {
            "filter": learned.details,
            "is_filter_fallback": finds_nothing,
            "n_survivors": len(survivors),
            "dropped": [name for name in settings.names if name not in survivors],
        },
        f"the ElasticNet filter finds no feature that helps on its inner folds: all {len(survivors)} stay"
        if finds_nothing
        else None,
    )
