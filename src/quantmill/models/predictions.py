"""Out-of-sample predictions of a model, as the lake keeps them."""

import numpy as np
import polars as pl

from quantmill.core.bars import ts_of
from quantmill.datasets.dataset import Dataset
from quantmill.lake.store import Lake
from quantmill.models.fitting import Fits

__all__ = ["PREDICTIONS", "predictions_frame", "read_predictions"]

PREDICTIONS = "predictions"


def predictions_frame(model_id: str, dataset: Dataset, fits: Fits) -> pl.DataFrame:
    """Walk-forward predictions with the columns model_id, symbol, ts, prediction, fold, in time order."""
    return pl.DataFrame(
        {
            "model_id": pl.repeat(model_id, fits.rows.size, dtype=pl.String(), eager=True),
            "symbol": pl.repeat(dataset.recipe.symbol, fits.rows.size, dtype=pl.String(), eager=True),
            "ts": ts_of(dataset.ts_us[fits.rows]),
            "prediction": fits.predictions,
            "fold": fits.fold.astype(np.int32),
        }
    )


def read_predictions(lake: Lake, model_id: str) -> pl.DataFrame:
    """A model's walk-forward predictions in time order, by full id.

    Returns:
        Columns model_id, symbol, ts, prediction (expected log return over the model's horizon, known once the
        bar has closed), fold.
    """
    return lake.scan(PREDICTIONS, keys=[model_id]).collect().sort("ts")
