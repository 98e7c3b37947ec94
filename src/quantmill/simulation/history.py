"""Recorded runs: what was asked, what came out, and the curves to look at again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import polars as pl
from sqlalchemy import Connection, RowMapping, select

from quantmill.core.digest import canonical_json
from quantmill.errors import NotFoundError
from quantmill.lake.store import Lake
from quantmill.simulation.band import Band
from quantmill.simulation.metrics import MetricValue
from quantmill.state.engine import State
from quantmill.state.statements import upsert
from quantmill.state.tables.runs import RUN

__all__ = ["RunRecord", "find_run", "get_run", "list_runs", "read_equity", "read_trades", "store_run"]

_JSON = ("params", "metrics", "null_reasons", "labels", "counts", "band")


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One recorded simulation; mappings hold plain JSON values.

    Attributes:
        run_id: `r-` and 10 characters: digest of inputs, parameters and code version.
        source: `model` or `file`.
        model_id: None for predictions from a file.
        predictions_sha256: None for a model.
        params: Threshold, filters, fill, costs, cash.
        metrics: By the names of `quantmill.simulation.metrics`; None where `null_reasons` says why.
        labels: What a reader must know, one sentence by the name of each finding.
        counts: Bars that filters held back, predictions left out, trades by what closed them where rules did.
        snapshot: Snapshot of the lake that was read.
        input_digest: Of the bars and predictions by value.
        first_session: First session simulated, as a date.
        last_session: Last one.
        band: Figures of the same signal by fill model; None for a run that was made before there were any.
    """

    run_id: str
    symbol: str
    source: str
    model_id: str | None
    model_name: str
    predictions_sha256: str | None
    params: Mapping[str, Any]
    metrics: Mapping[str, MetricValue]
    null_reasons: Mapping[str, str]
    labels: Mapping[str, str]
    counts: Mapping[str, int]
    snapshot: int
    feature_set: str | None
    feature_version: str | None
    input_digest: str
    code_version: str
    is_synthetic: bool
    n_sessions: int
    first_session: str
    last_session: str
    created_us: int
    band: Band | None = None


def store_run(connection: Connection, record: RunRecord) -> None:
    """Write a run, or overwrite the one of the same id, inside the transaction that publishes its curves."""
    row = {field.name: getattr(record, field.name) for field in fields(record)}
    row.update({name: canonical_json(row[name]) for name in _JSON if row[name] is not None})
    upsert(connection, RUN, row, key=["run_id"])


def find_run(state: State, run_id: str) -> RunRecord | None:
    """The run of an id, None when there is none."""
    with state.read() as connection:
        row = connection.execute(select(RUN).where(RUN.c.run_id == run_id)).mappings().first()
    return None if row is None else _record(row)


def get_run(state: State, run_id: str) -> RunRecord:
    """The run of an id.

    Raises:
        NotFoundError: If there is none.
    """
    record = find_run(state, run_id)
    if record is None:
        newest = list_runs(state, limit=1)
        hint = f"the newest is {newest[0].run_id}" if newest else "`quantmill simulate` makes one"
        raise NotFoundError(f"no run {run_id!r}", hint=hint)
    return record


def list_runs(
    state: State, *, symbol: str | None = None, model_id: str | None = None, limit: int | None = None
) -> list[RunRecord]:
    """Recorded runs, the newest `limit` of them, oldest first.

    Args:
        state: The state database.
        symbol: Only runs on this symbol.
        model_id: Only runs of this model.
        limit: None for all.
    """
    statement = select(RUN).order_by(RUN.c.created_us.desc(), RUN.c.run_id.desc())
    if symbol is not None:
        statement = statement.where(RUN.c.symbol == symbol)
    if model_id is not None:
        statement = statement.where(RUN.c.model_id == model_id)
    if limit is not None:
        statement = statement.limit(limit)
    with state.read() as connection:
        rows = connection.execute(statement).mappings().all()
    return [_record(row) for row in reversed(rows)]


def read_equity(lake: Lake, run_id: str) -> pl.DataFrame:
    """Equity per bar of a run: run_id, ts, equity, position_shares, close, is_hit.

    `is_hit` is null where the hit rate does not count the bar, and throughout in runs recorded before it was kept.
    """
    return lake.scan("equity", keys=[run_id]).collect().sort("ts")


def read_trades(lake: Lake, run_id: str) -> pl.DataFrame:
    """Trades of a run in time order; the last may still be open.

    `exit_reason` is null for an open position, and throughout in runs recorded before it was kept.
    """
    trades = lake.scan("trades", keys=[run_id]).collect().sort("trade")
    if "exit_reason" in trades.columns:
        return trades
    return trades.with_columns(exit_reason=pl.lit(None, pl.String()))


def _record(row: RowMapping) -> RunRecord:
    values = {field.name: row[field.name] for field in fields(RunRecord)}
    values.update({name: json.loads(values[name]) for name in _JSON if values[name] is not None})
    return RunRecord(**values)
