"""The verb `features list`: what each feature means, or which builds are stored."""

from typing import Final

import polars as pl
from pydantic import Field

from quantmill.core.bars import UTC_TIME
from quantmill.core.progress import Progress
from quantmill.features.read import describe_features, list_feature_sets
from quantmill.features.sets import feature_set_named
from quantmill.verbs.mill import Mill
from quantmill.verbs.request import Request

__all__ = ["READS_ONLY", "FeaturesListRequest", "run"]

READS_ONLY: Final = True
TERMINAL_COLUMNS: Final = {
    "name": "name",
    "category": "category",
    "kind": "kind",
    "lookback_bars": "bars",
    "explains": "explains",
    "feature_set": "feature_set",
    "version": "version",
    "interval": "interval",
    "columns": "columns",
    "certified": "certified",
    "rows": "rows",
    "volatility_sources": "volatility",
    "symbols": "symbols",
}
WHEN_EMPTY: Final = "no features are stored yet: `quantmill features build` makes them"


class FeaturesListRequest(Request):
    """List the features and what each one means."""

    features: str = Field(default="core", description="Feature set.")
    stored: bool = Field(
        default=False, description="Instead, the set versions that are stored, with their symbols."
    )


def run(mill: Mill, request: FeaturesListRequest, progress: Progress) -> pl.DataFrame:
    """One row per feature of the set, or per stored set version.

    Raises:
        NotFoundError: If there is no such set, or no home with stored ones.
    """
    if request.stored:
        mill.require_home()
        stored = list_feature_sets(mill.state)
        return stored.with_columns(pl.col("created_us").cast(UTC_TIME)).rename({"created_us": "created_at"})
    return describe_features(feature_set_named(request.features))
