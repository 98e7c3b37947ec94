"""Trains a model and publishes it: artifact, registry row and predictions together."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import polars as pl
from sqlalchemy import Connection

from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.core.version import VERSION
from quantmill.datasets.build import build_dataset
from quantmill.datasets.dataset import Dataset
from quantmill.lake.store import Lake
from quantmill.models.artifact import make_check, save_artifact
from quantmill.models.fitting import Fits, fit_recipe
from quantmill.models.prediction_frame import predictions_frame
from quantmill.models.predictions import PREDICTIONS
from quantmill.models.recipe import TrainingRecipe
from quantmill.models.record import ModelRecord
from quantmill.models.registry import (
    check_name,
    rename_model,
    restore_model,
    store_model,
    stored_model,
)
from quantmill.models.report import training_report
from quantmill.state.engine import State

__all__ = ["Completing", "TrainedModel", "train"]

Completing = Callable[[], AbstractContextManager[Connection]]
"""Opens the transaction that completes a job."""

_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A model in the registry; `is_new` is false when the same recipe had been trained before."""

    record: ModelRecord
    is_new: bool


def train(
    lake: Lake,
    state: State,
    recipe: TrainingRecipe,
    *,
    models_path: Path,
    name: str | None = None,
    force: bool = False,
    parent_id: str | None = None,
    group_id: str | None = None,
    completing: Completing | None = None,
    progress: Progress = NO_PROGRESS,
) -> TrainedModel:
    """Train a model unless the same recipe on the same data already has one; a deleted one comes back.

    The registry row and the predictions become visible in one transaction; the artifact is complete on
    disk before.

    Args:
        lake: Where bars and features are read and predictions are published.
        state: The state database.
        recipe: The choices.
        models_path: Folder of the artifacts.
        name: Name to find the model by; the algorithm's when None. It is no part of the model's identity:
            an existing model gets the new name.
        force: Train again although the model exists.
        parent_id: Model that this one descends from.
        group_id: Group that this model was trained in.
        completing: Opens the transaction to publish in; one of the state's own when None.
        progress: Told of each step.

    Raises:
        NotFoundError: If the symbol, a feature or its set is unknown or not built.
        UsageError: If a feature that may not enter is asked for, or the name cannot be used.
        DataError: If there are too few sessions or rows.
        LeakageError: If a training label reaches into a test part.
        ModelError: If a feature has no certificate, or the target never changes.
        CommitConflictError: If the same model is being published by somebody else.
    """
    wanted_name = None if name is None else check_name(name)
    dataset = build_dataset(lake, state, recipe.dataset)
    model_id = recipe.model_id(dataset)
    for note in dataset.notes:
        progress.say(note)
    known = stored_model(state, model_id, deleted=True)
    if known is not None and not force:
        if (models_path / known.artifact).is_file():
            if restore_model(state, model_id):
                progress.say(f"{model_id} had been deleted: it is back")
            return TrainedModel(_renamed(state, known, wanted_name), is_new=False)
        progress.say(f"the artifact of {model_id} is missing: training it again")
    fits = fit_recipe(recipe, dataset, progress=progress)
    for warning in fits.warnings:
        progress.say(warning)
    path, sha256 = save_artifact(fits.final.pipeline, models_path, model_id)
    default_name = recipe.algorithm if known is None else known.name
    record = replace(
        _record(recipe, dataset, fits, model_id=model_id),
        name=wanted_name or default_name,
        artifact=path.name,
        sha256=sha256,
        parent_id=parent_id,
        group_id=group_id,
        created_us=lake.clock.now_us(),
    )
    try:
        published = _publish(
            lake, record, predictions_frame(model_id, dataset, fits), completing or state.write
        )
    except BaseException:
        # The answer to a COMMIT can get lost: what the registry names after all stays.
        registered = stored_model(state, model_id)
        if registered is None or registered.artifact != path.name:
            path.unlink(missing_ok=True)
        raise
    lake.refresh_views()
    if known is not None and known.artifact != path.name:
        (models_path / known.artifact).unlink(missing_ok=True)
    _LOG.info(
        "trained %s", model_id, extra={"model_id": model_id, "symbol": published.symbol, **published.report}
    )
    return TrainedModel(published, is_new=True)


def _publish(
    lake: Lake, record: ModelRecord, predictions: pl.DataFrame, completing: Completing
) -> ModelRecord:
    """Make predictions and registry row visible together."""
    staged = lake.stage(PREDICTIONS, predictions, key=record.id)
    try:
        with completing() as connection:
            lake.commit([staged], connection=connection, note=f"predictions of {record.id}")
            return store_model(connection, record)
    except BaseException:
        lake.discard([staged])
        raise


def _renamed(state: State, known: ModelRecord, name: str | None) -> ModelRecord:
    if name is None or name == known.name:
        return known
    with state.write() as connection:
        return rename_model(connection, known, name)


def _record(recipe: TrainingRecipe, dataset: Dataset, fits: Fits, *, model_id: str) -> ModelRecord:
    """What is known of a model before it is saved and named."""
    made_of = dataset.recipe
    return ModelRecord(
        id=model_id,
        name="",
        version=0,
        symbol=made_of.symbol,
        algorithm=recipe.algorithm,
        algorithm_kind=recipe.resolved_algorithm.kind,
        params=recipe.resolved_params(),
        features=dataset.names,
        feature_set=made_of.feature_set,
        feature_version=made_of.feature_version or "",
        interval=made_of.interval,
        hours=made_of.hours,
        target=made_of.target,
        horizon_bars=made_of.horizon_bars,
        kind=made_of.kind,
        seed=recipe.seed,
        recipe=recipe.as_dict(dataset),
        metrics=fits.metrics,
        folds=fits.fold_records,
        importance=tuple(fits.importance),
        warnings=(*dataset.notes, *fits.warnings),
        report=training_report(dataset, fits.parts, fits.folds, fit=fits.final.details, seed=recipe.seed),
        prediction_check=make_check(fits.final.pipeline, dataset.x[fits.parts.final.train]),
        snapshot=dataset.snapshot,
        dataset_digest=dataset.digest,
        input_digest=dataset.input_digest,
        code_version=VERSION,
        is_synthetic=dataset.is_synthetic,
        artifact="",
        sha256="",
        parent_id=None,
        group_id=None,
        created_us=0,
    )
