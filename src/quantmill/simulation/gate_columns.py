"""Stored columns that gates look at, laid on the bars that are simulated."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from quantmill.core.arrays import Floats, Ints
from quantmill.core.bars import us_of
from quantmill.features.read import find_features, read_features
from quantmill.lake.store import Lake
from quantmill.simulation.gates import GateColumn, Gates
from quantmill.simulation.signal import SignalSource
from quantmill.state.engine import State

__all__ = ["with_gate_columns"]

_DEFAULT_SET: Final = "core"


def with_gate_columns(lake: Lake, state: State, source: SignalSource, gates: Iterable[Gates]) -> SignalSource:
    """The source with every column that the gates look at; itself when they look at none.

    A model's gates read the feature set version that it was trained on, those of a file of predictions the
    newest `core` of the symbol. The value of a bar is the one that was known at its close.

    Raises:
        NotFoundError: If the symbol has no stored features, or they have no such column; the hint tells the nearest.
    """
    columns = sorted({column for one in gates for column in one.columns})
    if not columns:
        return source
    build = find_features(
        state,
        source.market.symbol,
        feature_set=source.feature_set or _DEFAULT_SET,
        version=source.feature_version,
    )
    frame = read_features(
        lake,
        state,
        source.market.symbol,
        feature_set=build.feature_set,
        version=build.version,
        columns=columns,
        as_of=source.snapshot or None,
    )
    laid = {name: _laid(source.market.ts_us, frame, name) for name in columns}
    return replace(source, gate_columns=laid, feature_set=build.feature_set, feature_version=build.version)


def _laid(ts_us: Ints, frame: pl.DataFrame, name: str) -> GateColumn:
    values = np.full(ts_us.size, np.nan)
    _, bar, at = np.intersect1d(ts_us, us_of(frame["ts"]), assume_unique=True, return_indices=True)
    stored: Floats = frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
    values[bar] = stored[at]
    return GateColumn(values, hashlib.sha256(np.ascontiguousarray(values + 0.0).tobytes()).hexdigest())
