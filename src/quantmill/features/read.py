"""Reads stored features, and tells what is stored and what each column means."""

from collections.abc import Sequence
from typing import Any

import polars as pl
from sqlalchemy import select

from quantmill.core.span import Span
from quantmill.errors import NotFoundError
from quantmill.features.records import StoredBuild, certified_columns, find_builds, stored_columns
from quantmill.features.sets import FEATURE_SETS, FeatureSet, nearest_names
from quantmill.lake.store import Lake
from quantmill.state.engine import State
from quantmill.state.tables.features import FEATURE_SET

__all__ = [
    "describe_features",
    "feature_statistics",
    "find_features",
    "list_feature_sets",
    "read_certified",
    "read_features",
]


def find_features(
    state: State, symbol: str, *, feature_set: str = "core", version: str | None = None, interval: str = "1m"
) -> StoredBuild:
    """The build that a read with these arguments shows: of one version, or the newest one.

    Raises:
        NotFoundError: If there is none; the hint tells the nearest thing that is stored.
    """
    with state.read() as connection:
        builds = find_builds(connection)
    of_set = [build for build in builds if build.feature_set == feature_set and build.interval == interval]
    of_symbol = [build for build in of_set if build.symbol == symbol]
    found = [build for build in of_symbol if version in (None, build.version)]
    if found:
        return found[0]
    if of_symbol:
        stored = [build.version for build in of_symbol]
        raise NotFoundError(
            f"{symbol} has no features of {feature_set}@{version}",
            hint=f"stored versions: {', '.join(stored)}",
        )
    if of_set:
        symbols = sorted({build.symbol for build in of_set})
        raise NotFoundError(
            f"no {feature_set} features on {interval} bars are stored for {symbol}",
            hint=f"{nearest_names(symbol, symbols)}; or run `quantmill features build {symbol}`",
        )
    if feature_set not in FEATURE_SETS:
        known = sorted({*FEATURE_SETS, *(build.feature_set for build in builds)})
        raise NotFoundError(f"no feature set {feature_set!r}", hint=nearest_names(feature_set, known))
    raise NotFoundError(
        f"no {feature_set} features on {interval} bars are stored for {symbol}",
        hint=f"run `quantmill features build {symbol}`",
    )


def read_features(
    lake: Lake,
    state: State,
    symbol: str,
    *,
    feature_set: str = "core",
    version: str | None = None,
    columns: Sequence[str] | None = None,
    span: Span | None = None,
    interval: str = "1m",
    as_of: int | None = None,
) -> pl.DataFrame:
    """A symbol's stored features in time order.

    Args:
        lake: Where the values are.
        state: Knows the builds.
        symbol: A canonical symbol.
        feature_set: Name of the set.
        version: Version of the set, the newest built for the symbol when None.
        columns: Features to read, all when None.
        span: Bars whose start lies in it.
        interval: Interval of the bars that the features are made of.
        as_of: Snapshot to read, the newest when None.

    Returns:
        `symbol`, `ts` and the features as Float32 or Int8; missing is null.

    Raises:
        NotFoundError: If the symbol, set, version or a column is not stored; the hint tells what is.
    """
    build = find_features(state, symbol, feature_set=feature_set, version=version, interval=interval)
    with state.read() as connection:
        known = stored_columns(connection, build.feature_set, build.version)
    for column in columns or ():
        if column not in known:
            raise NotFoundError(
                f"{feature_set}@{build.version} has no feature {column!r}", hint=nearest_names(column, known)
            )
    wanted = ["symbol", "ts", *(known if columns is None else columns)]
    dataset = f"features/{build.feature_set}@{build.version}/{build.interval}"
    return lake.scan(dataset, keys=[symbol], span=span, as_of=as_of, columns=wanted).collect()


def read_certified(state: State, feature_set: str, version: str) -> frozenset[str]:
    """Columns of a set version that are proved to see no future."""
    with state.read() as connection:
        return certified_columns(connection, feature_set, version)


def list_feature_sets(state: State) -> pl.DataFrame:
    """What is stored: one row per set version, the newest first.

    Returns:
        `feature_set, version, interval, hours, columns, certified, symbols, rows, volatility_sources, created_us`.
    """
    rows: list[dict[str, Any]] = []
    newest = (FEATURE_SET.c.created_us.desc(), FEATURE_SET.c.name)
    with state.read() as connection:
        for stored in connection.execute(select(FEATURE_SET).order_by(*newest)).mappings():
            name, version = stored["name"], stored["version"]
            builds = find_builds(connection, name, version=version)
            rows.append(
                {
                    "feature_set": name,
                    "version": version,
                    "interval": stored["interval"],
                    "hours": stored["hours"],
                    "columns": stored["n_columns"],
                    "certified": len(certified_columns(connection, name, version)),
                    "symbols": sorted(build.symbol for build in builds),
                    "rows": sum(build.rows for build in builds),
                    "volatility_sources": _volatility_sources(builds),
                    "created_us": stored["created_us"],
                }
            )
    return pl.DataFrame(rows, schema=_SET_SCHEMA)


def describe_features(feature_set: FeatureSet) -> pl.DataFrame:
    """The catalogue of a set's columns, in their order.

    Returns:
        `name, category, kind, scaling, dtype, lookback_bars, crosses_sessions, hours, context, twin, revision,
        explains, formula`; context is what is seen beside the bars; the formula is the first line of the definition.
    """
    plain = (
        "name",
        "category",
        "kind",
        "scaling",
        "dtype",
        "lookback_bars",
        "crosses_sessions",
        "hours",
        "context",
        "twin",
    )
    rows = [
        {
            **{name: getattr(one, name) for name in plain},
            "revision": one.revision,
            "explains": one.explains,
            "formula": one.formula.partition("\n")[0],
        }
        for one in feature_set.columns
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def feature_statistics(frame: pl.DataFrame) -> pl.DataFrame:
    """Count, missing, smallest, largest, mean and standard deviation of each feature of a frame.

    Returns:
        `feature, rows, missing, min, max, mean, std` (ddof 1), one row per column in its order; null where
        a column has no value.
    """
    names = [name for name in frame.columns if name not in ("symbol", "ts")]
    rows = [
        {
            "feature": name,
            "rows": frame.height,
            "missing": frame[name].null_count(),
            **_moments(frame[name].cast(pl.Float64)),
        }
        for name in names
    ]
    return pl.DataFrame(rows, schema=_STATISTICS_SCHEMA)


def _volatility_sources(builds: Sequence[StoredBuild]) -> list[str]:
    """The sources that builds saw beside their bars; `none` where no source was stored."""
    contexts = [build.context for build in builds if build.context is not None]
    return sorted({context["volatility"] or "none" for context in contexts})


def _moments(values: pl.Series) -> dict[str, Any]:
    return {"min": values.min(), "max": values.max(), "mean": values.mean(), "std": values.std()}


_SET_SCHEMA = {
    "feature_set": pl.String,
    "version": pl.String,
    "interval": pl.String,
    "hours": pl.String,
    "columns": pl.Int64,
    "certified": pl.Int64,
    "symbols": pl.List(pl.String),
    "rows": pl.Int64,
    "volatility_sources": pl.List(pl.String),
    "created_us": pl.Int64,
}
_STATISTICS_SCHEMA = {
    "feature": pl.String,
    "rows": pl.Int64,
    "missing": pl.Int64,
    "min": pl.Float64,
    "max": pl.Float64,
    "mean": pl.Float64,
    "std": pl.Float64,
}
