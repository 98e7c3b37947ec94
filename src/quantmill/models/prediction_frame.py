"""Walk-forward predictions of a fit as the rows that the lake keeps."""

import numpy as np
import polars as pl

from quantmill.core.bars import ts_of
from quantmill.datasets.dataset import Dataset
from quantmill.models.fitting import Fits

__all__ = ["predictions_frame"]


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
