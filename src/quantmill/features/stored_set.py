"""The columns of a stored set version, as they were declared when it was built."""

import json
from dataclasses import dataclass

from sqlalchemy import select

from quantmill.errors import NotFoundError
from quantmill.state.engine import State
from quantmill.state.tables.features import FEATURE, FEATURE_SET

__all__ = ["StoredColumn", "read_set_columns", "read_set_hours"]


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """One column: whether it is a `level` or `stationary`, how a linear model scales it, its stationary twin."""

    name: str
    category: str
    kind: str
    scaling: str
    twin: str | None


def read_set_columns(state: State, feature_set: str, version: str) -> tuple[StoredColumn, ...]:
    """The columns of a set version in their order.

    Raises:
        NotFoundError: If this version was never built.
    """
    columns = FEATURE.c
    statement = (
        select(columns.name, columns.category, columns.kind, columns.scaling, columns.declaration)
        .where(columns.feature_set == feature_set, columns.version == version)
        .order_by(columns.position)
    )
    with state.read() as connection:
        found = tuple(
            StoredColumn(row.name, row.category, row.kind, row.scaling, json.loads(row.declaration)["twin"])
            for row in connection.execute(statement)
        )
    if not found:
        raise NotFoundError(
            f"no feature set {feature_set}@{version} is stored",
            hint="`quantmill features list` shows what is",
        )
    return found


def read_set_hours(state: State, feature_set: str, version: str) -> str:
    """Which hours' bars the values of a set version are made of: `regular` or `extended`.

    Raises:
        NotFoundError: If this version was never built.
    """
    statement = select(FEATURE_SET.c.hours).where(
        FEATURE_SET.c.name == feature_set, FEATURE_SET.c.version == version
    )
    with state.read() as connection:
        hours = connection.execute(statement).scalar()
    if hours is None:
        raise NotFoundError(
            f"no feature set {feature_set}@{version} is stored",
            hint="`quantmill features list` shows what is",
        )
    return str(hours)
