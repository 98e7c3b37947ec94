"""The verb `features show`: stored values of one symbol, or their statistics."""

from typing import Annotated, Final

import polars as pl
from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.errors import NoDataError
from quantmill.features.read import feature_statistics, find_features, read_features
from quantmill.verbs.chosen_symbols import say_if_synthetic
from quantmill.verbs.mill import Mill
from quantmill.verbs.request import POSITIONAL, Symbol
from quantmill.verbs.sessions_request import SessionsRequest

__all__ = ["READS_ONLY", "FeaturesShowRequest", "run"]

READS_ONLY: Final = True


class FeaturesShowRequest(SessionsRequest):
    """Show stored features of one symbol."""

    symbol: Annotated[Symbol, POSITIONAL] = Field(description="Symbol whose features are built.")
    columns: tuple[str, ...] = Field(default=(), description="Features to show; all when left out.")
    features: str = Field(default="core", description="Feature set.")
    version: str | None = Field(
        default=None, description="Version of the set; the newest built when left out."
    )
    limit: int | None = Field(default=None, ge=1, description="The last N rows, in time order.")
    statistics: bool = Field(
        default=False, description="Instead of rows: count, missing, range, mean and deviation."
    )


def run(mill: Mill, request: FeaturesShowRequest, progress: Progress) -> pl.DataFrame:
    """Rows in time order with symbol and ts, or one row of statistics per feature.

    Raises:
        NotFoundError: If the symbol, set, version or a column is not stored.
        NoDataError: If no row lies in the sessions asked for.
    """
    rows = read_features(
        mill.lake,
        mill.state,
        request.symbol,
        feature_set=request.features,
        version=request.version,
        columns=request.columns or None,
        span=request.span_of(request.symbol),
    )
    if rows.is_empty():
        raise NoDataError(
            f"{request.symbol} has no features from {request.start or 'the start'} to {request.end or 'the end'}",
            hint=f"`quantmill features build {request.symbol}` builds those of its bars",
        )
    say_if_synthetic(mill, request.symbol, progress)
    _say_context(mill, request, progress)
    rows = rows if request.limit is None else rows.tail(request.limit)
    return feature_statistics(rows) if request.statistics else rows


def _say_context(mill: Mill, request: FeaturesShowRequest, progress: Progress) -> None:
    """Tell a person which symbols were seen beside the bars."""
    build = find_features(mill.state, request.symbol, feature_set=request.features, version=request.version)
    if build.context is not None:
        benchmark, source = (build.context[name] or "none" for name in ("benchmark", "volatility"))
        progress.say(f"beside {request.symbol}: benchmark {benchmark}, volatility source {source}")
