"""Retention of rows of the state database."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Table, Text, cast, delete, func, literal, select

from quantmill.upkeep.place import Place
from quantmill.upkeep.retention import Find

__all__ = ["StateRows"]


@dataclass(frozen=True, slots=True)
class StateRows:
    """Rows of a table.

    Attributes:
        table: The table; its owner gives `is_old`.
        is_old: Condition: the row may go, and is older than an instant in µs since 1970 UTC.
        what: What a person calls the rows.
    """

    table: Table
    is_old: Callable[[int], ColumnElement[bool]]
    what: str

    def find(self, place: Place, before_us: int | None) -> list[Find]:
        """How many rows are older, and how much text they hold."""
        condition = None if before_us is None else self.is_old(before_us)
        with place.state.read() as connection:
            return self._count(connection, condition)

    def remove(self, place: Place, before_us: int) -> list[Find]:
        """Delete the rows in one transaction."""
        condition = self.is_old(before_us)
        with place.state.write() as connection:
            found = self._count(connection, condition)
            connection.execute(delete(self.table).where(condition))
        return found

    def _count(self, connection: Connection, condition: ColumnElement[bool] | None) -> list[Find]:
        text = [func.coalesce(func.length(cast(column, Text)), 0) for column in self.table.columns]
        size = func.coalesce(func.sum(sum(text, literal(0))), 0)
        statement = select(func.count(), size).select_from(self.table)
        rows, n_bytes = connection.execute(
            statement if condition is None else statement.where(condition)
        ).one()
        return [Find("rows", self.what, "", "", 0, int(rows), int(n_bytes))] if rows else []
