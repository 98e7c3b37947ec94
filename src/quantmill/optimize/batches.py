"""The batches of a home and how far each is."""

from typing import Any, Final

import polars as pl
from sqlalchemy import ColumnClause, column, select, table

from quantmill.core.bars import UTC_TIME
from quantmill.state.engine import State

__all__ = ["list_batches"]

_COLUMNS: Final[dict[str, Any]] = {
    "batch_id": pl.String(),
    "status": pl.String(),
    "n_trials": pl.Int64(),
    "n_done": pl.Int64(),
    "n_failed": pl.Int64(),
    "progress_frac": pl.Float64(),
    "n_chunks": pl.Int64(),
    "n_chunks_done": pl.Int64(),
    "n_models": pl.Int64(),
    "wall_s": pl.Float64(),
    "cpu_s": pl.Float64(),
    "code_version": pl.String(),
    "snapshot": pl.Int64(),
    "created_us": pl.Int64(),
    "finished_us": pl.Int64(),
}
_TIMES: Final = {"created_us": "created_at", "finished_us": "finished_at"}


def list_batches(state: State) -> pl.DataFrame:
    """One row per batch, oldest first, as the view `batches` has them; times in UTC."""
    columns: list[ColumnClause[Any]] = [column(name) for name in _COLUMNS]
    view = table("batches", *columns)
    with state.read() as connection:
        found = connection.execute(select(view).order_by(view.c.created_us, view.c.batch_id)).all()
    rows = [
        [
            None if cell is None else float(cell) if kind == pl.Float64 else cell
            for cell, kind in zip(row, _COLUMNS.values(), strict=True)
        ]
        for row in found
    ]
    frame = pl.DataFrame(rows, schema=_COLUMNS, orient="row")
    return frame.with_columns(pl.col(*_TIMES).cast(UTC_TIME)).rename(_TIMES)
