"""The verb `models compare`: models side by side."""

from typing import Annotated, Any, Final

import polars as pl
from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.models.record import ModelRecord
from quantmill.models.registry import find_model
from quantmill.verbs.mill import Mill
from quantmill.verbs.request import POSITIONAL, Request, Symbol

__all__ = ["READS_ONLY", "ModelsCompareRequest", "run"]

READS_ONLY: Final = True
_IDENTITY: Final[dict[str, Any]] = {
    "model_id": pl.String(),
    "name": pl.String(),
    "version": pl.Int64(),
    "symbol": pl.String(),
    "algorithm": pl.String(),
    "kind": pl.String(),
    "target": pl.String(),
    "horizon_bars": pl.Int64(),
    "n_features": pl.Int64(),
    "n_used": pl.Int64(),
    "test_first": pl.String(),
    "test_last": pl.String(),
}
_METRICS: Final = (
    "n",
    "ic",
    "rank_ic",
    "hit_rate_frac",
    "rmse",
    "r2",
    "price_rmse_gain_frac",
    "roc_auc",
    "pr_auc",
    "accuracy",
    "precision",
    "recall",
    "brier",
    "calibration_error",
    "base_rate",
    "lift",
)
TERMINAL_COLUMNS: Final = (
    "model_id",
    "name",
    "symbol",
    "algorithm",
    "n_used",
    "test_first",
    "test_last",
    "ic",
    "hit_rate_frac",
    "roc_auc",
    "lift",
)


class ModelsCompareRequest(Request):
    """Compare models by their out-of-sample metrics.

    All figures rest on the walk-forward predictions; a classifier has none of a regressor's metrics, nor the
    other way round. Models of other symbols or sessions were judged on other bars.
    """

    models: Annotated[tuple[str, ...], POSITIONAL] = Field(
        min_length=1, description="Ids, beginnings of ids, or names."
    )
    symbol: Symbol | None = Field(
        default=None, description="The models' symbol, when several have one of that name."
    )


def run(mill: Mill, request: ModelsCompareRequest, progress: Progress) -> pl.DataFrame:
    """One row per model, in the order asked for.

    Raises:
        NotFoundError: If there is no such model; the hint has the nearest names.
        UsageError: If several could be meant.
    """
    records = [find_model(mill.state, model, request.symbol) for model in request.models]
    schema = {**_IDENTITY, **{name: pl.Float64() for name in _METRICS}}
    return pl.DataFrame([_row(record) for record in records], schema=schema, orient="row", strict=False)


def _row(record: ModelRecord) -> dict[str, object]:
    figures = record.metrics.get("walk_forward", {})
    return {
        "model_id": record.id,
        "name": record.name,
        "version": record.version,
        "symbol": record.symbol,
        "algorithm": record.algorithm,
        "kind": record.kind,
        "target": record.target,
        "horizon_bars": record.horizon_bars,
        "n_features": len(record.features),
        "n_used": record.metrics.get("n_nonzero"),
        "test_first": record.folds[0]["test_first"] if record.folds else None,
        "test_last": record.folds[-1]["test_last"] if record.folds else None,
        **{name: figures.get(name) for name in _METRICS},
    }
