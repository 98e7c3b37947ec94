"""What a file of corporate actions holds, whatever its form: rows, and why others were left out."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import polars as pl

from quantmill.core.calendar import FIRST_DATE, LAST_DATE, SessionCalendar

__all__ = ["ACTION_SCHEMA", "FileActions", "RowCollector"]

ACTION_SCHEMA: Final[dict[str, pl.DataType]] = {
    "symbol": pl.String(),
    "ex_date": pl.Date(),
    "kind": pl.String(),
    "ratio": pl.Float64(),
    "amount": pl.Float64(),
}


@dataclass(frozen=True, slots=True)
class FileActions:
    """Actions of a file as rows of `ACTION_SCHEMA`, and how many others were left out for which reason."""

    rows: pl.DataFrame
    skipped: dict[str, int]
    notes: tuple[str, ...] = ()

    @property
    def n_read(self) -> int:
        """Actions and rows left out."""
        return self.rows.height + sum(self.skipped.values())


@dataclass
class RowCollector:
    """Takes the actions of a file one by one."""

    _rows: list[tuple[str, date, str, float | None, float | None]] = field(
        default_factory=list[tuple[str, date, str, float | None, float | None]]
    )
    _skipped: Counter[str] = field(default_factory=Counter[str])

    def skip(self, reason: str) -> None:
        """Count a row that is left out."""
        self._skipped[reason] += 1

    def add(
        self,
        symbol: str,
        ex_date: date,
        kind: str,
        calendar: SessionCalendar,
        *,
        ratio: float | None = None,
        amount: float | None = None,
    ) -> None:
        """Keep an action whose ex-date is a session."""
        if not FIRST_DATE <= ex_date <= LAST_DATE:
            self.skip(f"ex-date outside {FIRST_DATE} to {LAST_DATE}")
        elif not calendar.is_session(ex_date):
            self.skip(f"ex-date is no session of {calendar.name}")
        else:
            self._rows.append((symbol, ex_date, kind, ratio, amount))

    def collected(self, *notes: str) -> FileActions:
        """All that was taken in, by symbol and ex-date."""
        rows = pl.DataFrame(self._rows, schema=ACTION_SCHEMA, orient="row").sort("symbol", "ex_date", "kind")
        return FileActions(rows, dict(sorted(self._skipped.items())), tuple(note for note in notes if note))
