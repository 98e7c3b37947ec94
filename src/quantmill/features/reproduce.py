"""The proof that stored features can be made again: rebuilt from what their build recorded, compared bit for bit."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, cast

import numpy as np
import polars as pl
from sqlalchemy import select

from quantmill.core.bars import BarArrays
from quantmill.core.calendar import calendar_for
from quantmill.core.digest import canonical_json
from quantmill.core.symbols import describe_symbol
from quantmill.core.version import VERSION
from quantmill.errors import ConfigError, DamagedFileError, NotFoundError
from quantmill.features.compute import compute_feature, stored_column
from quantmill.features.context.sources import ContextSources
from quantmill.features.declaration import Feature
from quantmill.features.inputs import input_digest
from quantmill.features.market import NO_MARKET, Market
from quantmill.features.records import StoredBuild
from quantmill.features.regime_build import rebuild_market
from quantmill.features.registry import FEATURES
from quantmill.features.stored_set import read_set_hours
from quantmill.lake.reading import Hours
from quantmill.lake.store import Lake
from quantmill.state.engine import State
from quantmill.state.tables.features import FEATURE

__all__ = ["ColumnVerdict", "Reproduction", "Verdict", "reproduce_features"]

Verdict = Literal["identical", "differs", "not rebuilt"]

# What decides a feature's values, of all that its declaration says.
_IDENTITY: Final = (
    "name",
    "parameters",
    "revision",
    "dtype",
    "context",
    "context_lookback_bars",
    "context_max_age_minutes",
)
_BITS: Final[Mapping[pl.DataType, type[np.unsignedinteger[Any]]]] = {
    pl.Float32(): np.uint32,
    pl.Int8(): np.uint8,
}


@dataclass(frozen=True, slots=True)
class ColumnVerdict:
    """How one stored column compares with its rebuilt one.

    Of a column that differs: in how many rows, the first one's `ts` with both values (None is null). `reason` says why
    a column could not be rebuilt, or what a difference may come from.
    """

    column: str
    verdict: Verdict
    n_differ: int = 0
    first_ts: datetime | None = None
    stored: float | None = None
    rebuilt: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Reproduction:
    """One build against its stored files; the first of `columns` is `ts`, the rows themselves."""

    build: StoredBuild
    rows: int
    columns: tuple[ColumnVerdict, ...]

    def count(self, verdict: Verdict) -> int:
        """Columns with a verdict."""
        return sum(column.verdict == verdict for column in self.columns)


@dataclass(frozen=True, slots=True)
class _Recorded:
    """A column as the state remembers it."""

    name: str
    declaration: Mapping[str, Any]
    source_sha256: str


@dataclass(frozen=True, slots=True)
class _Inputs:
    """What a build saw, read again; `doubt` says in what it may not be the same."""

    arrays: BarArrays
    ts: pl.Series
    market: Market
    doubt: str


def reproduce_features(lake: Lake, state: State, build: StoredBuild) -> Reproduction:
    """Rebuild a symbol's features in memory and compare every value with the stored one; nothing is written.

    Made of the recorded set version, parameters and context and of the bars of the recorded snapshot. A column counts
    as identical when every value has the same bits, whatever the code is now. One that differs although code, package
    version or inputs are no longer those recorded counts as not rebuilt, with that reason.

    Args:
        lake: Where bars and stored features are.
        state: Knows what was recorded.
        build: The build whose files are examined.
    """
    recorded = _recorded_columns(state, build)
    try:
        stored = lake.scan(_dataset(build), keys=[build.symbol]).collect()
    except (NotFoundError, DamagedFileError) as error:
        return _none_rebuilt(build, 0, recorded, f"its stored files cannot be read: {error}")
    try:
        inputs = _read_inputs(lake, state, build, recorded)
    except (NotFoundError, DamagedFileError) as error:
        reason = f"its inputs, snapshot {build.snapshot}, cannot be read any more: {error}"
        return _none_rebuilt(build, stored.height, recorded, reason)
    rows = _compare_rows(stored["ts"], inputs)
    shared = stored.filter(stored["ts"].is_in(inputs.ts.implode())) if rows.n_differ else stored
    is_stored = inputs.ts.is_in(stored["ts"].implode()) if rows.n_differ else None
    columns = [_reproduce_column(one, inputs, shared, is_stored) for one in recorded]
    return Reproduction(build, stored.height, (rows, *columns))


def _recorded_columns(state: State, build: StoredBuild) -> list[_Recorded]:
    columns = FEATURE.c
    statement = (
        select(columns.name, columns.declaration, columns.source_sha256)
        .where(columns.feature_set == build.feature_set, columns.version == build.version)
        .order_by(columns.position)
    )
    with state.read() as connection:
        rows = connection.execute(statement).all()
    return [_Recorded(row.name, json.loads(row.declaration), row.source_sha256) for row in rows]


def _read_inputs(lake: Lake, state: State, build: StoredBuild, recorded: list[_Recorded]) -> _Inputs:
    """Bars and market of the recorded snapshot.

    Raises:
        NotFoundError: If the snapshot, a symbol or its bars are gone.
        DamagedFileError: If a file of the snapshot is gone.
    """
    hours = cast("Hours", read_set_hours(state, build.feature_set, build.version))
    sources = None if build.context is None else ContextSources.from_json(build.context)
    bars = lake.read_bars(build.symbol, hours=hours, adjust="forward", as_of=build.snapshot)
    if bars.is_empty():
        raise NotFoundError(f"{build.symbol} has no bars in it")
    roles = {one.declaration.get("context") for one in recorded}
    market = (
        NO_MARKET
        if sources is None
        else rebuild_market(
            lake, state, sources, hours=hours, as_of=build.snapshot, with_regimes="regimes" in roles
        )
    )
    found = input_digest(
        lake,
        build.symbol,
        sources,
        hours=hours,
        snapshot=build.snapshot,
        source_sha256=[one.source_sha256 for one in recorded],
        package_version=build.package_version,
    )
    arrays = BarArrays.of(bars, calendar_for(describe_symbol(build.symbol).calendar))
    return _Inputs(arrays, bars["ts"], market, "; ".join(_doubts(build, found)))


def _doubts(build: StoredBuild, found: str) -> Iterator[str]:
    if build.package_version != VERSION:
        yield f"built by quantmill {build.package_version}, this is {VERSION}"
    if build.input_digest != found:
        yield (
            f"the bars, splits, dividends or context of snapshot {build.snapshot}, or the code, "
            "are no longer those of the build"
        )


def _compare_rows(stored: pl.Series, inputs: _Inputs) -> ColumnVerdict:
    """Whether the stored rows are those of the bars."""
    if stored.equals(inputs.ts):
        return ColumnVerdict("ts", "identical")
    extra = stored.filter(~stored.is_in(inputs.ts.implode()))
    missing = inputs.ts.filter(~inputs.ts.is_in(stored.implode()))
    said = f"{extra.len()} stored rows have no bar, {missing.len()} bars have no stored row"
    first = pl.concat([extra, missing]).min()
    return ColumnVerdict(
        "ts",
        "not rebuilt" if inputs.doubt else "differs",
        extra.len() + missing.len(),
        cast("datetime | None", first),
        reason="; ".join(filter(None, (said, inputs.doubt))),
    )


def _reproduce_column(
    recorded: _Recorded, inputs: _Inputs, stored: pl.DataFrame, is_stored: pl.Series | None
) -> ColumnVerdict:
    name = recorded.name
    feature = FEATURES.get(name)
    if feature is None:
        return ColumnVerdict(name, "not rebuilt", reason="no feature of this name is declared any more")
    changed = _changed_identity(recorded, feature)
    if changed:
        return ColumnVerdict(name, "not rebuilt", reason=f"declared otherwise by now: {changed}")
    if name not in stored.columns:
        return ColumnVerdict(name, "differs", stored.height, reason="the stored files lack the column")
    try:
        values = compute_feature(feature, inputs.arrays, inputs.market)
    except ConfigError as error:
        return ColumnVerdict(name, "not rebuilt", reason=str(error))
    rebuilt = stored_column(feature, values)
    rebuilt = rebuilt if is_stored is None else rebuilt.filter(is_stored)
    differs = _differing_bits(stored[name], rebuilt)
    if differs.size == 0:
        return ColumnVerdict(name, "identical")
    first = int(differs[0])
    is_other_code = recorded.source_sha256 != feature.source_sha256
    doubts = [doubt for doubt in ("its code has changed" if is_other_code else "", inputs.doubt) if doubt]
    return ColumnVerdict(
        name,
        "not rebuilt" if doubts else "differs",
        differs.size,
        stored["ts"][first],
        stored[name][first],
        rebuilt[first],
        "; ".join(doubts),
    )


def _changed_identity(recorded: _Recorded, feature: Feature) -> str:
    """What of a declaration that decides values is no longer as recorded, empty when nothing."""
    now: Mapping[str, Any] = json.loads(canonical_json(feature.declaration))
    then = recorded.declaration
    # A declaration of an older package lacks what nothing could be said about then.
    return ", ".join(
        f"{part} {then[part]!r} then, {now.get(part)!r} now"
        for part in _IDENTITY
        if part in then and then[part] != now.get(part)
    )


def _differing_bits(stored: pl.Series, rebuilt: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Rows in which two columns of one length are not the same null or the same bits."""
    if stored.dtype != rebuilt.dtype:
        return np.arange(stored.len(), dtype=np.int64)
    is_null, is_null_now = stored.is_null().to_numpy(), rebuilt.is_null().to_numpy()
    bits, bits_now = (
        np.frombuffer(column.fill_null(0).to_numpy().tobytes(), dtype=_BITS[column.dtype])
        for column in (stored, rebuilt)
    )
    return np.flatnonzero((is_null != is_null_now) | (bits != bits_now))


def _none_rebuilt(build: StoredBuild, rows: int, recorded: list[_Recorded], reason: str) -> Reproduction:
    names = ("ts", *(one.name for one in recorded))
    return Reproduction(
        build, rows, tuple(ColumnVerdict(name, "not rebuilt", reason=reason) for name in names)
    )


def _dataset(build: StoredBuild) -> str:
    return f"features/{build.feature_set}@{build.version}/{build.interval}"
