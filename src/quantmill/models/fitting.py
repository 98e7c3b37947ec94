"""Fits of one recipe on one dataset: the final fit and the walk-forward refits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from quantmill.core.arrays import Floats, Ints
from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.core.seeds import derive_seed
from quantmill.datasets.dataset import Dataset
from quantmill.datasets.folds import Fold
from quantmill.datasets.leakage import check_folds
from quantmill.datasets.parts import Parts, make_parts
from quantmill.datasets.walk_forward import walk_forward_folds
from quantmill.errors import DataError
from quantmill.models.classification_metrics import classification_metrics
from quantmill.models.fit import Fitted, fit
from quantmill.models.learning import TrainingRows
from quantmill.models.metrics import regression_metrics
from quantmill.models.pipeline import FitSettings
from quantmill.models.recipe import TrainingRecipe
from quantmill.models.report import fold_counts
from quantmill.models.strength_quantiles import strength_quantiles

__all__ = ["Fits", "fit_recipe"]

MIN_TRAIN_ROWS: Final = 200


@dataclass(frozen=True, slots=True)
class Fits:
    """A recipe's final fit with its out-of-sample walk-forward predictions.

    `rows` are positions in the dataset, ascending; `predictions` and `fold` belong to them.
    """

    final: Fitted
    parts: Parts
    folds: tuple[Fold, ...]
    fold_records: tuple[dict[str, Any], ...]
    rows: Ints
    predictions: Floats
    fold: Ints
    metrics: dict[str, Any]
    importance: list[dict[str, Any]]
    warnings: tuple[str, ...]


def fit_recipe(recipe: TrainingRecipe, dataset: Dataset, *, progress: Progress = NO_PROGRESS) -> Fits:
    """Fit on the first 70 % of the sessions, judge on the next 15 %, and refit five times walking forward.

    The last 15 % of the sessions are neither learned from, nor predicted, nor scored.

    Args:
        recipe: The choices.
        dataset: The rows.
        progress: Told of each fit.

    Raises:
        DataError: If there are too few sessions or rows.
        LeakageError: If a training label reaches into a test part.
        ModelError: If the target never changes.
    """
    rows = dataset.rows
    parts = make_parts(rows, embargo_bars=recipe.embargo_bars)
    folds = walk_forward_folds(rows, embargo_bars=recipe.embargo_bars)
    _check_sizes(folds, n_features=len(dataset.names))
    check_folds((*folds, parts.final), rows, horizon_bars=recipe.dataset.horizon_bars)
    is_classifier = recipe.resolved_algorithm.kind == "classifier"
    progress.start("fits", len(folds) + 1)
    final = _fit(recipe, dataset, parts.final)
    progress.advance(note="final fit")
    warnings = _warnings("final fit", final)
    records: list[dict[str, Any]] = []
    predicted: list[Floats] = []
    for fold in folds:
        fitted = _fit(recipe, dataset, fold)
        out_of_sample = fitted.pipeline.predict(dataset.x[fold.test])
        in_sample = fitted.pipeline.predict(dataset.x[fold.train])
        predicted.append(out_of_sample)
        quantiles = strength_quantiles(
            in_sample, dataset.volatility_ratio[fold.train], is_probability=is_classifier
        )
        records.append(
            {
                "fold": fold.number,
                **fold_counts(fold),
                "n_nonzero": fitted.n_used,
                "target_deviation": fitted.target_deviation,
                "fit": fitted.details,
                "abs_e_quantiles": quantiles,
                "metrics": _score(dataset, fold, out_of_sample, is_classifier=is_classifier),
            }
        )
        warnings += _warnings(f"refit {fold.number}", fitted)
        if quantiles["vol_normalized"] is None:
            warnings.append(
                f"refit {fold.number}: its training part ends before the volatility scale has warmed up (20 sessions): "
                "no automatic thresholds for normalized signals"
            )
        progress.advance(note=f"refit {fold.number}")
    return Fits(
        final=final,
        parts=parts,
        folds=folds,
        fold_records=tuple(records),
        rows=np.concatenate([fold.test for fold in folds]),
        predictions=np.concatenate(predicted),
        fold=np.concatenate([np.full(fold.test.size, fold.number, dtype=np.int64) for fold in folds]),
        metrics=_metrics(dataset, parts, folds, final, predicted, records, is_classifier=is_classifier),
        importance=final.importance(dataset.x[parts.final.train]),
        warnings=tuple(warnings),
    )


def _check_sizes(folds: Sequence[Fold], *, n_features: int) -> None:
    needed = max(MIN_TRAIN_ROWS, 2 * n_features)
    if folds[0].train.size < needed:
        raise DataError(
            f"the first refit has {folds[0].train.size} labeled training rows, {n_features} features need at "
            f"least {needed}",
            hint="import more sessions, or name fewer features",
        )


def _fit(recipe: TrainingRecipe, dataset: Dataset, fold: Fold) -> Fitted:
    settings = FitSettings(
        algorithm=recipe.algorithm,
        parameters=recipe.resolved_params(),
        names=dataset.names,
        scaling=dataset.scaling,
        seed=derive_seed(recipe.seed, "fit", fold.number, bits=31),
        two_phase=recipe.two_phase,
    )
    part = TrainingRows(
        dataset.x[fold.train], dataset.y[fold.train], dataset.rows.take(fold.train), recipe.embargo_bars
    )
    return fit(settings, part)


def _score(
    dataset: Dataset, fold: Fold, predicted: Floats, *, is_classifier: bool
) -> dict[str, float | int | None]:
    """Metrics of predictions for all test rows of a fold, over those that are scored."""
    return _judge(dataset, fold.scored, predicted[fold.scored - fold.test[0]], is_classifier=is_classifier)


def _judge(
    dataset: Dataset, scored: Ints, predicted: Floats, *, is_classifier: bool
) -> dict[str, float | int | None]:
    if is_classifier:
        return classification_metrics(dataset.y[scored], predicted)
    return regression_metrics(dataset.y[scored], predicted, dataset.base_price[scored])


def _metrics(
    dataset: Dataset,
    parts: Parts,
    folds: Sequence[Fold],
    final: Fitted,
    predicted: Sequence[Floats],
    records: Sequence[dict[str, Any]],
    *,
    is_classifier: bool,
) -> dict[str, Any]:
    scored = np.concatenate([fold.scored for fold in folds])
    scored_predictions = np.concatenate(
        [values[fold.scored - fold.test[0]] for fold, values in zip(folds, predicted, strict=True)]
    )
    validation = final.pipeline.predict(dataset.x[parts.final.test])
    return {
        "validation": _score(dataset, parts.final, validation, is_classifier=is_classifier),
        "walk_forward": _judge(dataset, scored, scored_predictions, is_classifier=is_classifier),
        "n_nonzero": final.n_used,
        "n_nonzero_by_fold": [record["n_nonzero"] for record in records],
        "n_filter_fallbacks": sum(
            bool(details.get("is_filter_fallback"))
            for details in (final.details, *(record["fit"] for record in records))
        ),
    }


def _warnings(where: str, fitted: Fitted) -> list[str]:
    found = [f"{where}: {message}" for message in fitted.warnings]
    if fitted.n_used == 0:
        found.append(
            f"{where}: no feature carries any weight: the model predicts its training mean everywhere; "
            "weaken its penalties, such as alpha or gamma"
        )
    return found
