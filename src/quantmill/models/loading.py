"""A registered model, opened for predictions."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from quantmill.core.arrays import Floats
from quantmill.errors import FeatureMismatchError
from quantmill.models.artifact import check_predictions, load_artifact
from quantmill.models.pipeline import FittedPipeline
from quantmill.models.record import ModelRecord

__all__ = ["LoadedModel", "load_pipeline"]


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model's final fit with its registry record."""

    record: ModelRecord
    pipeline: FittedPipeline

    def predict(self, features: pl.DataFrame) -> Floats:
        """Expected log return over the model's horizon, or probability of a rise, for each row, shape (n_rows,).

        Args:
            features: Raw feature rows with at least the model's columns, in any order; null is missing.

        Raises:
            FeatureMismatchError: If a column is missing.
        """
        missing = [name for name in self.pipeline.names if name not in features.columns]
        if missing:
            raise FeatureMismatchError(
                f"model {self.record.id} needs {len(self.pipeline.names)} features, missing: {', '.join(missing)}",
                hint=f"build the set {self.record.feature_set}@{self.record.feature_version}",
            )
        columns = features.select(
            pl.col(name).cast(pl.Float64).fill_null(float("nan")) for name in self.pipeline.names
        )
        x = columns.to_numpy()
        return self.pipeline.predict(np.where(np.isinf(x), np.nan, x))


def load_pipeline(record: ModelRecord, models_path: Path) -> LoadedModel:
    """Open a model's artifact, check its bytes, its types and a few predictions.

    Args:
        record: The model, from the registry.
        models_path: Folder of the artifacts.

    Raises:
        ArtifactError: If the artifact is missing, altered, holds a foreign type or predicts something else.
    """
    pipeline = load_artifact(models_path / record.artifact, record.sha256)
    if pipeline.names != record.features:
        raise FeatureMismatchError(
            f"the artifact of {record.id} takes {', '.join(pipeline.names)}; the registry says "
            f"{', '.join(record.features)}",
            hint="train the model again with --force",
        )
    check_predictions(pipeline, record.prediction_check)
    return LoadedModel(record, pipeline)
