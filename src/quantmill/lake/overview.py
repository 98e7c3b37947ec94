"""What the lake holds, answered by the catalogue alone: keys, symbols, sessions."""

import json
from collections import defaultdict
from typing import Final

import polars as pl
from sqlalchemy import Connection, distinct, func, select

from quantmill.core.bars import UTC_TIME
from quantmill.lake.catalogue import is_live_at
from quantmill.lake.datasets import BARS
from quantmill.state.tables.catalogue import FILE, FILE_SESSION
from quantmill.state.tables.symbols import SYMBOL

__all__ = ["list_datasets", "list_keys", "list_sessions", "list_symbols"]

_SESSION_COLUMNS: Final = {"session": pl.Date(), "n_regular": pl.Int64(), "n_extended": pl.Int64()}
_SYMBOL_COLUMNS: Final = {
    "symbol": pl.String(),
    "asset_class": pl.String(),
    "calendar": pl.String(),
    "currency": pl.String(),
    "is_synthetic": pl.Boolean(),
    "first_ts": UTC_TIME,
    "last_ts": UTC_TIME,
    "rows": pl.Int64(),
    "sessions": pl.Int64(),
    "providers": pl.List(pl.String()),
}


def list_datasets(connection: Connection) -> list[str]:
    """Names of the datasets that hold something, sorted."""
    statement = select(FILE.c.dataset).where(is_live_at(None)).distinct()
    return sorted(connection.execute(statement).scalars())


def list_keys(connection: Connection, dataset: str) -> list[str]:
    """Keys of a dataset, sorted."""
    statement = select(FILE.c.key).where(FILE.c.dataset == dataset, is_live_at(None)).distinct()
    return sorted(connection.execute(statement).scalars())


def list_sessions(connection: Connection, symbol: str) -> pl.DataFrame:
    """Bars per session of a symbol: `session`, `n_regular`, `n_extended`."""
    counts = FILE_SESSION.c
    statement = (
        select(counts.session, func.sum(counts.n_regular), func.sum(counts.n_extended))
        .join(FILE, FILE.c.id == counts.file_id)
        .where(FILE.c.dataset == BARS.name, FILE.c.key == symbol, is_live_at(None))
        .group_by(counts.session)
        .order_by(counts.session)
    )
    rows = [tuple(int(value) for value in row) for row in connection.execute(statement)]
    days = pl.DataFrame(rows, schema=["session", "n_regular", "n_extended"], orient="row")
    return days.select(
        pl.col(name).cast(pl.Int32 if name == "session" else dtype).cast(dtype)
        for name, dtype in _SESSION_COLUMNS.items()
    )


def list_symbols(connection: Connection) -> pl.DataFrame:
    """Every known symbol with what is stored of it; `sessions` counts dates with a regular bar."""
    stored = (
        select(
            FILE.c.key,
            func.min(FILE.c.min_ts).label("first_ts"),
            func.max(FILE.c.max_ts).label("last_ts"),
            func.sum(FILE.c.rows).label("rows"),
        )
        .where(FILE.c.dataset == BARS.name, is_live_at(None))
        .group_by(FILE.c.key)
        .subquery()
    )
    dates = (
        select(FILE_SESSION.c.key, func.count(distinct(FILE_SESSION.c.session)).label("sessions"))
        .join(FILE, FILE.c.id == FILE_SESSION.c.file_id)
        .where(FILE.c.dataset == BARS.name, is_live_at(None), FILE_SESSION.c.n_regular > 0)
        .group_by(FILE_SESSION.c.key)
        .subquery()
    )
    names = [SYMBOL.c[name] for name in ("symbol", "asset_class", "calendar", "currency", "is_synthetic")]
    statement = (
        select(*names, stored.c.first_ts, stored.c.last_ts, stored.c.rows, dates.c.sessions)
        .outerjoin(stored, stored.c.key == SYMBOL.c.symbol)
        .outerjoin(dates, dates.c.key == SYMBOL.c.symbol)
    )
    providers = _providers(connection)
    # Sorted here: databases differ in how they order texts.
    rows = sorted(
        (*row[:-2], int(row.rows or 0), int(row.sessions or 0), sorted(providers[row.symbol]))
        for row in connection.execute(statement)
    )
    times = ("first_ts", "last_ts")
    schema = {name: pl.Int64() if name in times else dtype for name, dtype in _SYMBOL_COLUMNS.items()}
    return pl.DataFrame(rows, schema=schema, orient="row").cast(dict.fromkeys(times, UTC_TIME))


def _providers(connection: Connection) -> dict[str, set[str]]:
    statement = (
        select(FILE.c.key, FILE.c.providers).where(FILE.c.dataset == BARS.name, is_live_at(None)).distinct()
    )
    found: dict[str, set[str]] = defaultdict(set)
    for key, names in connection.execute(statement):
        found[key].update(json.loads(names))
    return found
