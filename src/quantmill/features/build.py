"""Builds a symbol's features: the whole history computed, only what changed written."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import polars as pl
from sqlalchemy import Connection

from quantmill.core.bars import BarArrays
from quantmill.core.calendar import calendar_for
from quantmill.core.instants import from_us
from quantmill.core.interval import ONE_MINUTE
from quantmill.core.span import Span
from quantmill.core.symbols import describe_symbol
from quantmill.core.version import VERSION
from quantmill.errors import CommitConflictError, NoDataError, UsageError
from quantmill.features.certificate import Certificate, certify
from quantmill.features.compute import compute_features, stored_column
from quantmill.features.context.sources import sources_of
from quantmill.features.declaration import Feature
from quantmill.features.inputs import input_digest
from quantmill.features.market import NO_MARKET
from quantmill.features.records import (
    StoredBuild,
    certified_columns,
    find_build,
    is_certificate_current,
    record_build,
    record_certificate,
    record_set,
)
from quantmill.features.regime_build import ensure_regimes, load_market
from quantmill.features.sets import FeatureSet
from quantmill.lake.staging import Staged
from quantmill.lake.store import Lake
from quantmill.state.engine import State

__all__ = [
    "BuildReport",
    "PreparedBuild",
    "build_features",
    "ensure_certificate",
    "prepare_build",
    "publish_build",
]

_ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did for one symbol.

    `sessions_built` are sessions with new or changed values, `sessions_reused` those stored before with the
    very values; `null_counts` is by column and cause; `uncertified` columns are never trained on. `context` names
    the benchmark and the volatility source that were seen beside the bars, `notes` what a person should know of it.
    """

    symbol: str
    feature_set: str
    version: str
    interval: str
    rows: int
    columns: tuple[str, ...]
    sessions_built: int
    sessions_reused: int
    null_counts: Mapping[str, Mapping[str, int]]
    snapshot: int
    uncertified: tuple[str, ...] = ()
    context: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PreparedBuild:
    """Feature files on disk that wait for their commit; `staged` is None when nothing had to be computed."""

    feature_set: FeatureSet
    build: StoredBuild
    sessions_built: int
    staged: Staged | None


def build_features(
    lake: Lake, state: State, feature_set: FeatureSet, symbol: str, *, force: bool = False
) -> BuildReport:
    """Bring a symbol's stored features up to date with its bars and the market's.

    Nothing is computed when bars, splits, context, set version and code are those of the last build. Otherwise the
    whole history is computed, so the result equals a full rebuild, and months whose values changed are written.

    Args:
        lake: Where bars come from and features go.
        state: Remembers builds and certificates.
        feature_set: The columns; its `hours` decide which bars they are made of.
        symbol: A canonical symbol.
        force: Compute even when nothing changed.

    Raises:
        NotFoundError: If no bars of the symbol are stored.
        NoDataError: If it has no bars of the set's hours.
        ConfigError: If a feature does not return one number per bar.
    """
    ensure_certificate(lake, state, feature_set)
    for attempt in range(1, _ATTEMPTS + 1):
        prepared = prepare_build(lake, state, feature_set, symbol, force=force)
        try:
            with state.write() as connection:
                report = publish_build(lake, prepared, connection)
        except CommitConflictError:
            if attempt == _ATTEMPTS:
                raise
        else:
            lake.refresh_views()
            return report
    raise AssertionError("unreachable")


def ensure_certificate(
    lake: Lake, state: State, feature_set: FeatureSet, *, seed: int = 0
) -> Certificate | None:
    """Prove a set version free of look-ahead unless it was proved with the present source; None when it was."""
    with state.read() as connection:
        if is_certificate_current(connection, feature_set):
            return None
    certificate = _certify_sample(feature_set.columns, seed)
    at_us = lake.clock.now_us()
    with state.write() as connection:
        record_set(connection, feature_set, at_us=at_us)
        record_certificate(connection, feature_set, certificate, at_us=at_us)
    return certificate


def prepare_build(
    lake: Lake, state: State, feature_set: FeatureSet, symbol: str, *, force: bool = False
) -> PreparedBuild:
    """Compute a symbol's features and stage the months that changed; arguments and errors as `build_features`."""
    if feature_set.interval != ONE_MINUTE:
        raise UsageError(
            f"features are built on 1m bars, not {feature_set.interval}", hint="use --interval 1m"
        )
    snapshot = lake.snapshot()
    roles = {one.context for one in feature_set.columns} - {None}
    sources = sources_of(lake, symbol) if roles else None
    inputs = input_digest(
        lake,
        symbol,
        sources,
        hours=feature_set.hours,
        snapshot=snapshot,
        source_sha256=[one.source_sha256 for one in feature_set.columns],
    )
    with state.read() as connection:
        last = find_build(connection, feature_set, symbol)
    if last is not None and last.input_digest == inputs and not force:
        return PreparedBuild(feature_set, last, 0, None)
    bars = lake.read_bars(symbol, hours=feature_set.hours, adjust="forward", as_of=snapshot)
    if bars.height == 0:
        raise NoDataError(
            f"{symbol} has no bars in {feature_set.hours} hours",
            hint="build with --hours extended, or import bars of regular hours",
        )
    arrays = BarArrays.of(bars, calendar_for(describe_symbol(symbol).calendar))
    market, context = NO_MARKET, None
    if sources is not None:
        regimes = ensure_regimes(lake, state, sources, as_of=snapshot) if "regimes" in roles else None
        market = load_market(
            lake, sources, hours=feature_set.hours, as_of=snapshot, with_regimes=regimes is not None
        )
        notes = [*sources.notes, *(() if regimes is None else regimes.notes)]
        context = {**sources.as_json(), "notes": notes}
    columns: list[pl.Series] = []
    null_counts: dict[str, Mapping[str, int]] = {}
    for one in compute_features(feature_set.columns, arrays, market):
        columns.append(stored_column(one.feature, one.values))
        null_counts[one.feature.name] = dict(one.null_counts)
    frame = bars.select("symbol", "ts").with_columns(columns)
    staged = lake.stage(feature_set.dataset, frame, key=symbol)
    build = StoredBuild(
        feature_set=feature_set.name,
        version=feature_set.version,
        interval=str(feature_set.interval),
        symbol=symbol,
        input_digest=inputs,
        snapshot=snapshot,
        rows=frame.height,
        sessions=int(np.count_nonzero(arrays.opens_session)),
        null_counts=null_counts,
        package_version=VERSION,
        built_us=lake.clock.now_us(),
        context=context,
    )
    return PreparedBuild(feature_set, build, _changed_sessions(lake, staged, frame, arrays), staged)


def publish_build(
    lake: Lake, prepared: PreparedBuild, connection: Connection, *, job_id: str | None = None
) -> BuildReport:
    """Publish a prepared build within a write transaction, together with its record.

    Raises:
        CommitConflictError: If another build of the symbol came first; prepare again.
    """
    build, feature_set = prepared.build, prepared.feature_set
    snapshot = build.snapshot
    if prepared.staged is not None:
        record_set(connection, feature_set, at_us=build.built_us)
        commit = lake.commit([prepared.staged], connection=connection, job_id=job_id)
        snapshot = commit.snapshot
        record_build(connection, build)
    certified = certified_columns(connection, feature_set.name, feature_set.version)
    return BuildReport(
        symbol=build.symbol,
        feature_set=build.feature_set,
        version=build.version,
        interval=build.interval,
        rows=build.rows,
        columns=feature_set.names,
        sessions_built=prepared.sessions_built,
        sessions_reused=build.sessions - prepared.sessions_built,
        null_counts=build.null_counts,
        snapshot=snapshot,
        uncertified=tuple(name for name in feature_set.names if name not in certified),
        context=build.context,
        notes=() if build.context is None else tuple(build.context["notes"]),
    )


@lru_cache(maxsize=8)
def _certify_sample(columns: tuple[Feature, ...], seed: int) -> Certificate:
    """The proof on the fixed sample, the same for every home that a process opens."""
    return certify(columns, seed=seed)


def _changed_sessions(lake: Lake, staged: Staged, frame: pl.DataFrame, arrays: BarArrays) -> int:
    """How many sessions of the months to be written differ from what is stored."""
    sessions = frame.with_columns(pl.Series("session", arrays.session))
    n_changed = 0
    for draft in staged.drafts:
        assert draft.min_ts is not None
        assert draft.max_ts is not None
        span = Span(from_us(draft.min_ts), from_us(draft.max_ts + 1))
        new = sessions.filter(pl.col("ts").is_between(span.start, span.end, closed="left"))
        if not draft.replaces:
            n_changed += new["session"].n_unique()
            continue
        stored = lake.scan(draft.dataset, keys=[draft.key], span=span, as_of=staged.base_snapshot).collect()
        for part in new.partition_by("session", maintain_order=True):
            low, high = part["ts"][0], part["ts"][-1]
            before = stored.filter(pl.col("ts").is_between(low, high))
            n_changed += not part.drop("session").equals(before)
    return n_changed
