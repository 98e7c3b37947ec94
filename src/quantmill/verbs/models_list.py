"""The verb `models list`: the trained models, newest first."""

from typing import Any, Final

import polars as pl
from pydantic import Field

from quantmill.core.bars import UTC_TIME
from quantmill.core.instants import from_us
from quantmill.core.progress import Progress
from quantmill.models.record import ModelRecord
from quantmill.models.registry import list_models
from quantmill.verbs.mill import Mill
from quantmill.verbs.request import Request, Symbol

__all__ = ["READS_ONLY", "ModelsListRequest", "run"]

READS_ONLY: Final = True
WHEN_EMPTY: Final = "no models yet: `quantmill train SYMBOL` makes one"
_SCHEMA: Final[dict[str, Any]] = {
    "model_id": pl.String(),
    "name": pl.String(),
    "version": pl.Int64(),
    "symbol": pl.String(),
    "algorithm": pl.String(),
    "algorithm_kind": pl.String(),
    "kind": pl.String(),
    "n_features": pl.Int64(),
    "n_used": pl.Int64(),
    "ic": pl.Float64(),
    "roc_auc": pl.Float64(),
    "horizon_bars": pl.Int64(),
    "feature_set": pl.String(),
    "feature_version": pl.String(),
    "snapshot": pl.Int64(),
    "seed": pl.Int64(),
    "is_synthetic": pl.Boolean(),
    "created_at": UTC_TIME,
}


class ModelsListRequest(Request):
    """List the trained models.

    `ic` and `roc_auc` are those of the walk-forward predictions of a regressor and a classifier.
    """

    symbol: Symbol | None = Field(default=None, description="Only models of this symbol.")
    name: str | None = Field(default=None, description="Only models of this name.")


def run(mill: Mill, request: ModelsListRequest, progress: Progress) -> pl.DataFrame:
    """One row per model, newest first."""
    models = list_models(mill.state, symbol=request.symbol, name=request.name)
    return pl.DataFrame([_row(model) for model in models], schema=_SCHEMA, orient="row")


def _row(model: ModelRecord) -> tuple[object, ...]:
    walk_forward = model.metrics.get("walk_forward", {})
    values = {
        "model_id": model.id,
        "n_features": len(model.features),
        "n_used": model.metrics.get("n_nonzero"),
        "ic": walk_forward.get("ic"),
        "roc_auc": walk_forward.get("roc_auc"),
        "created_at": from_us(model.created_us),
    }
    return tuple(values[name] if name in values else getattr(model, name) for name in _SCHEMA)
