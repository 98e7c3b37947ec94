"""Builds a dataset from what the lake holds."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from quantmill.core.bars import BarArrays, us_of
from quantmill.core.calendar import calendar_for
from quantmill.core.digest import digest
from quantmill.core.symbols import describe_symbol
from quantmill.datasets.assemble import FeatureRows, assemble_dataset
from quantmill.datasets.dataset import Dataset
from quantmill.datasets.exclusion import select_columns
from quantmill.datasets.recipe import DatasetRecipe
from quantmill.errors import ModelError, NotFoundError, UsageError
from quantmill.features.read import find_features, read_certified, read_features
from quantmill.features.stored_set import read_set_columns, read_set_hours
from quantmill.lake.store import Lake
from quantmill.lake.symbols import is_synthetic_provider
from quantmill.state.engine import State

__all__ = ["build_dataset"]


def build_dataset(lake: Lake, state: State, recipe: DatasetRecipe) -> Dataset:
    """Features of one symbol with their targets, read from one snapshot of the lake.

    Args:
        lake: Where bars and features are.
        state: The state database.
        recipe: The choices.

    Returns:
        The dataset; its recipe names the feature set's version and the columns.

    Raises:
        NotFoundError: If the symbol, the feature set or a feature is unknown or not built.
        UsageError: If a column that may not enter is asked for, or the set was made of other hours' bars.
        ModelError: If a column has no certificate that it sees no future.
        DataError: If no bar has both features and a label.
    """
    snapshot = lake.snapshot()
    bars = lake.read_bars(recipe.symbol, hours=recipe.hours, adjust="forward", as_of=snapshot)
    build = find_features(
        state,
        recipe.symbol,
        feature_set=recipe.feature_set,
        version=recipe.feature_version,
        interval=recipe.interval,
    )
    _check_hours(state, recipe, build.version)
    declared = read_set_columns(state, recipe.feature_set, build.version)
    may_enter = select_columns(declared, recipe.features, levels=recipe.levels)
    names = _certified(state, recipe, build.version, may_enter)
    stored = read_features(
        lake,
        state,
        recipe.symbol,
        feature_set=recipe.feature_set,
        version=build.version,
        columns=names,
        interval=recipe.interval,
        as_of=snapshot,
    )
    scaling = {column.name: column.scaling for column in declared}
    levels = [column.name for column in declared if column.name in names and column.kind == "level"]
    uncertified = [name for name in may_enter if name not in names]
    feature_files = f"features/{recipe.feature_set}@{build.version}/{recipe.interval}"
    return assemble_dataset(
        replace(recipe, feature_version=build.version, features=names),
        BarArrays.of(bars, calendar_for(describe_symbol(recipe.symbol).calendar)),
        FeatureRows(
            us_of(stored["ts"]), _matrix(stored, names), names, tuple(scaling[name] for name in names)
        ),
        snapshot=snapshot,
        input_digest=digest(
            lake.input_digest("bars", keys=[recipe.symbol], as_of=snapshot),
            lake.input_digest("corporate_actions", keys=[recipe.symbol], as_of=snapshot),
            lake.input_digest(feature_files, keys=[recipe.symbol], as_of=snapshot),
        ),
        is_synthetic=any(is_synthetic_provider(provider) for provider in bars["provider"].unique().to_list()),
        notes=_notes(levels, uncertified, is_stale=_is_stale(lake, recipe.symbol, build.snapshot, snapshot)),
    )


def _check_hours(state: State, recipe: DatasetRecipe, version: str) -> None:
    hours = read_set_hours(state, recipe.feature_set, version)
    if hours != recipe.hours:
        raise UsageError(
            f"{recipe.feature_set}@{version} is made of {hours} bars, the dataset asks for {recipe.hours} ones",
            hint="use --feature-set core for regular and core_extended for extended hours",
        )


def _certified(state: State, recipe: DatasetRecipe, version: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """The columns that are proved to see no future: all that were named, or those there are."""
    certified = read_certified(state, recipe.feature_set, version)
    missing = [name for name in names if name not in certified]
    if missing and (recipe.features is not None or len(missing) == len(names)):
        raise ModelError(
            f"{len(missing)} of {len(names)} features of {recipe.feature_set}@{version} are not proved to see no "
            f"future: {', '.join(missing)}",
            hint="`quantmill verify lookahead` says why; leave them out by naming the others",
        )
    return tuple(name for name in names if name in certified)


def _is_stale(lake: Lake, symbol: str, built: int, snapshot: int) -> bool:
    """Whether bars or splits changed after the features were built from them."""
    try:
        return any(
            lake.input_digest(name, keys=[symbol], as_of=built)
            != lake.input_digest(name, keys=[symbol], as_of=snapshot)
            for name in ("bars", "corporate_actions")
        )
    except NotFoundError:
        # A file of that time was replaced, then cleaned away.
        return True


def _notes(levels: Sequence[str], uncertified: Sequence[str], *, is_stale: bool) -> list[str]:
    notes: list[str] = []
    if levels:
        notes.append(
            f"price levels enter the model and need not stay in their trained range: {', '.join(levels)}"
        )
    if uncertified:
        notes.append(f"left out, not proved to see no future: {', '.join(uncertified)}")
    if is_stale:
        notes.append(
            "the bars changed after the features were built: `quantmill features build` brings them up to date"
        )
    return notes


def _matrix(stored: pl.DataFrame, names: Sequence[str]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    columns = stored.select(pl.col(name).cast(pl.Float64).fill_null(float("nan")) for name in names)
    return np.ascontiguousarray(columns.to_numpy(), dtype=np.float64)
