"""Out-of-sample predictions of a model, as the lake keeps them."""

import polars as pl

from quantmill.lake.store import Lake

__all__ = ["PREDICTIONS", "read_predictions"]

PREDICTIONS = "predictions"


def read_predictions(lake: Lake, model_id: str) -> pl.DataFrame:
    """A model's walk-forward predictions in time order, by full id.

    Returns:
        Columns model_id, symbol, ts, prediction (expected log return over the model's horizon, of a classifier
        the probability of a rise; known once the bar has closed), fold.
    """
    return lake.scan(PREDICTIONS, keys=[model_id]).collect().sort("ts")
