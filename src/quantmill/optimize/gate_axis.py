"""The gates that a batch can use: whether their columns are stored, and whether regimes have values at all."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from quantmill.errors import NotFoundError, UsageError
from quantmill.features.read import find_features, read_features
from quantmill.lake.store import Lake
from quantmill.models.predictions import read_predictions
from quantmill.models.record import ModelRecord
from quantmill.optimize.axis import DEFAULT_GATES
from quantmill.optimize.trial_space import TrialSpace
from quantmill.simulation.gates import parse_gates
from quantmill.state.engine import State

__all__ = ["UsableSpace", "feature_datasets", "usable_space"]


@dataclass(frozen=True, slots=True)
class UsableSpace:
    """A parameter space whose gates can be used, and what was left out of the default ones."""

    space: TrialSpace
    note: str


def usable_space(lake: Lake, state: State, models: Sequence[ModelRecord], space: TrialSpace) -> UsableSpace:
    """The space, without those default gates whose regime has no value on any model's sessions.

    Gates that were asked for one by one stay: where their regime has no values, their trials fail and say so.

    Raises:
        NotFoundError: If a column that was asked for is not stored with a model's features.
        UsageError: If a sample asks for more trials than the gates that are left give.
    """
    gates = {str(value): parse_gates(str(value)) for value in space.values_of("gates")}
    columns = sorted({column for one in gates.values() for column in one.columns})
    if tuple(gates) != DEFAULT_GATES:
        for model in models if columns else ():
            _read(lake, state, model, columns)
        return UsableSpace(space, "")
    known: set[str] = set()
    for model in models:
        known |= _columns_with_values(lake, state, model, [name for name in columns if name not in known])
    unknown = [name for name in columns if name not in known]
    if not unknown:
        return UsableSpace(space, "")
    left = tuple(text for text, one in gates.items() if known.issuperset(one.columns))
    note = (
        f"{len(gates) - len(left)} of {len(gates)} gates left out: {' and '.join(unknown)} "
        f"{'has' if len(unknown) == 1 else 'have'} no values on these sessions; "
        "`quantmill features build` tells what regimes need"
    )
    try:
        return UsableSpace(space.with_values("gates", left), note)
    except UsageError as error:
        raise UsageError(f"{error}; {note}", hint=error.hint) from error


def feature_datasets(state: State, models: Sequence[ModelRecord]) -> list[tuple[str, str]]:
    """Dataset and symbol of the features that the gates of these models look at."""
    builds = [
        find_features(state, model.symbol, feature_set=model.feature_set, version=model.feature_version)
        for model in models
    ]
    return sorted(
        {(f"features/{one.feature_set}@{one.version}/{one.interval}", one.symbol) for one in builds}
    )


def _columns_with_values(lake: Lake, state: State, model: ModelRecord, columns: Sequence[str]) -> set[str]:
    if not columns:
        return set()
    found: set[str] = set()
    predicted = read_predictions(lake, model.id)["ts"]
    for column in columns:
        try:
            values = _read(lake, state, model, [column])
        except NotFoundError:
            continue
        on_sessions = values.filter(pl.col("ts").is_between(predicted.min(), predicted.max()))
        if on_sessions[column].count() > 0:
            found.add(column)
    return found


def _read(lake: Lake, state: State, model: ModelRecord, columns: Sequence[str]) -> pl.DataFrame:
    return read_features(
        lake,
        state,
        model.symbol,
        feature_set=model.feature_set,
        version=model.feature_version,
        columns=columns,
    )
