"""What the lake holds, answered by the catalogue alone: keys, symbols, sessions."""

import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection, Row, and_, distinct, func, select

from quantmill.core.bars import UTC_TIME
from quantmill.core.instants import day_of_date
from quantmill.lake.catalogue import find_hot_files, find_hot_keys, is_live_at
from quantmill.lake.datasets import BARS
from quantmill.lake.hot import HotKey, HotSession
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
    of_base = and_(FILE.c.dataset == dataset, FILE.c.tier == "base", is_live_at(None))
    keys = set(connection.execute(select(FILE.c.key).where(of_base).distinct()).scalars())
    if dataset == BARS.name:
        keys.update(*(held.keys for held in _hot(connection)))
    return sorted(keys)


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
    counted: dict[int, tuple[int, int]] = {
        int(day): (int(regular), int(extended)) for day, regular, extended in connection.execute(statement)
    }
    for held in _hot(connection):
        if symbol in held.keys:
            key, (regular, extended) = held.keys[symbol], counted.get(held.day, (0, 0))
            counted[held.day] = (regular + key.n_regular, extended + key.n_extended)
    rows = [(day, *counts) for day, counts in sorted(counted.items())]
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
    hot = _hot_by_symbol(connection)
    days = _base_days(connection, {held.day for parts in hot.values() for _, held in parts})
    # Sorted here: databases differ in how they order texts.
    rows = sorted(
        _with_hot(row, hot.get(row.symbol, []), providers[row.symbol], days[row.symbol])
        for row in connection.execute(statement)
    )
    times = ("first_ts", "last_ts")
    schema = {name: pl.Int64() if name in times else dtype for name, dtype in _SYMBOL_COLUMNS.items()}
    return pl.DataFrame(rows, schema=schema, orient="row").cast(dict.fromkeys(times, UTC_TIME))


@dataclass(frozen=True, slots=True)
class _Hot:
    """What a hot file holds, by symbol; its session as days since 1970."""

    day: int
    providers: list[str]
    keys: dict[str, HotKey]


def _hot(connection: Connection) -> list[_Hot]:
    files = find_hot_files(connection)
    keys = find_hot_keys(connection, files)
    return [
        _Hot(
            day_of_date(HotSession.of(file.key, file.period).session),
            json.loads(file.providers),
            keys[file.path],
        )
        for file in files
    ]


def _hot_by_symbol(connection: Connection) -> dict[str, list[tuple[HotKey, _Hot]]]:
    by_symbol: dict[str, list[tuple[HotKey, _Hot]]] = defaultdict(list)
    for held in _hot(connection):
        for symbol, key in held.keys.items():
            by_symbol[symbol].append((key, held))
    return by_symbol


def _base_days(connection: Connection, days: Collection[int]) -> dict[str, set[int]]:
    """Which of some sessions have regular bars in the base tier, by symbol."""
    found: dict[str, set[int]] = defaultdict(set)
    counts = FILE_SESSION.c
    statement = (
        select(counts.key, counts.session)
        .join(FILE, FILE.c.id == counts.file_id)
        .where(FILE.c.dataset == BARS.name, is_live_at(None), counts.n_regular > 0, counts.session.in_(days))
    )
    for key, day in connection.execute(statement) if days else ():
        found[key].add(day)
    return found


def _with_hot(
    row: Row[Any], hot: list[tuple[HotKey, _Hot]], providers: set[str], base_days: set[int]
) -> tuple[object, ...]:
    """A row of `list_symbols` from what the base tier and the hot files hold."""
    first = [row.first_ts, *(key.first_us for key, _ in hot)]
    last = [row.last_ts, *(key.last_us for key, _ in hot)]
    # Bars that came before a session went live, or after it was merged, lie in the other tier.
    sessions = {held.day for key, held in hot if key.n_regular} - base_days
    names = providers.union(*(key.providers or held.providers for key, held in hot))
    return (
        *row[:-4],
        min((ts for ts in first if ts is not None), default=None),
        max((ts for ts in last if ts is not None), default=None),
        int(row.rows or 0) + sum(key.n_regular + key.n_extended for key, _ in hot),
        int(row.sessions or 0) + len(sessions),
        sorted(names),
    )


def _providers(connection: Connection) -> dict[str, set[str]]:
    of_base = and_(FILE.c.dataset == BARS.name, FILE.c.tier == "base", is_live_at(None))
    found: dict[str, set[str]] = defaultdict(set)
    for key, names in connection.execute(select(FILE.c.key, FILE.c.providers).where(of_base).distinct()):
        found[key].update(json.loads(names))
    return found
