"""A recorded run made by hand, for what shows runs."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from quantmill.core.bars import UTC_TIME, ts_of
from quantmill.core.calendar import calendar_for
from quantmill.core.instants import to_us
from quantmill.reports.tear_sheet import TearSheet, tear_sheet
from quantmill.simulation.findings import findings_of_labels
from quantmill.simulation.history import RunRecord
from quantmill.simulation.metrics import METRIC_NAMES, null_reasons

TRADE_SCHEMA: Mapping[str, Any] = {
    "trade": pl.Int64(),
    "entry_ts": UTC_TIME,
    "exit_ts": UTC_TIME,
    "entry_bar": pl.Int64(),
    "exit_bar": pl.Int64(),
    "shares": pl.Float64(),
    "entry_price": pl.Float64(),
    "exit_price": pl.Float64(),
    "exit_reason": pl.String(),
    "fees_usd": pl.Float64(),
    "spread_usd": pl.Float64(),
    "pnl_usd": pl.Float64(),
    "mae_frac": pl.Float64(),
    "mfe_frac": pl.Float64(),
}


def trade(
    number: int, entry: int, exit_: int | None, *, shares: float = 10.0, pnl: float = 1.0
) -> dict[str, Any]:
    """A trade between two bars, bought at 100 and sold at 101; still open without an exit."""
    closed = {
        "exit_bar": exit_,
        "exit_price": 101.0,
        "exit_reason": "signal",
        "pnl_usd": pnl,
        "mae_frac": -0.01,
        "mfe_frac": 0.02,
    }
    opened = {
        "trade": number,
        "entry_bar": entry,
        "shares": shares,
        "entry_price": 100.0,
        "fees_usd": 0.04,
        "spread_usd": 0.5,
    }
    return opened if exit_ is None else {**opened, **closed}


def recorded(
    closes: Sequence[Sequence[float]],
    *,
    equity: Sequence[float] | None = None,
    trades: Sequence[Mapping[str, Any]] = (),
    is_hit: Sequence[bool | None] | None = None,
    first: date = date(2024, 1, 2),
    initial_cash_usd: float = 1000.0,
    metrics: Mapping[str, float | None] | None = None,
    **changes: Any,  # noqa: ANN401 - fields of the record
) -> TearSheet:
    """The tear sheet of a run on some minutes of consecutive sessions.

    Args:
        closes: Per session, from its first minute on.
        equity: Per bar; the initial cash throughout when left out.
        trades: What `trade` gives.
        is_hit: Per bar; null throughout when left out.
        first: The sessions begin on or after this date.
        initial_cash_usd: Start cash.
        metrics: Those that are not 0.
        **changes: Other fields of the record.
    """
    calendar = calendar_for("XNYS")
    days = calendar.next_sessions(first, len(closes))
    ts_us = np.concatenate(
        [calendar.regular_minutes(day)[: len(own)] for day, own in zip(days, closes, strict=True)]
    )
    close = np.concatenate([np.array(own, dtype=np.float64) for own in closes])
    value = np.full(close.size, initial_cash_usd) if equity is None else np.array(equity, dtype=np.float64)
    hits = [None] * close.size if is_hit is None else list(is_hit)
    curves = pl.DataFrame(
        {
            "ts": ts_of(ts_us),
            "equity": value,
            "position_shares": 0.0,
            "close": close,
            "is_hit": pl.Series(hits, dtype=pl.Boolean),
        }
    )
    rows = [
        {
            **row,
            "entry_ts": ts_of(ts_us)[int(row["entry_bar"])],
            "exit_ts": None if "exit_bar" not in row else ts_of(ts_us)[int(row["exit_bar"])],
        }
        for row in trades
    ]
    figures = {**dict.fromkeys(METRIC_NAMES, 0), **(metrics or {})}
    values: dict[str, Any] = {
        "run_id": "r-byhand",
        "symbol": "SPY",
        "source": "model",
        "model_id": "m-byhand",
        "model_name": "by hand",
        "predictions_sha256": None,
        "params": {"threshold": 0.001, "initial_cash_usd": initial_cash_usd, "regime_col": None},
        "metrics": figures,
        "null_reasons": null_reasons(figures),
        "labels": {},
        "counts": {"bars": close.size},
        "snapshot": 7,
        "feature_set": "core",
        "feature_version": "0a1b2c3d",
        "input_digest": "0" * 64,
        "code_version": "0.1.0",
        "is_synthetic": False,
        "n_sessions": len(closes),
        "first_session": days[0].isoformat(),
        "last_session": days[-1].isoformat(),
        "created_us": to_us(calendar.session_span(days[-1]).end),
    }
    frame = pl.DataFrame(rows, schema=TRADE_SCHEMA)
    record = RunRecord(**{**values, **changes})
    return tear_sheet(record, curves, frame, findings_of_labels(record.labels))
