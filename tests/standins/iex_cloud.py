"""The minutes of IEX Cloud's protocol over a frame of bars."""

import random
from datetime import datetime
from typing import Any, ClassVar

import polars as pl

from tests.standins.server import Answer, Request, StandIn, json_answer

__all__ = ["IexCloudStandIn"]

_FIELDS = ("open", "high", "low", "close", "volume")


class IexCloudStandIn(StandIn):
    """Serves `/stable/stock/{symbol}/chart/date/{day}`, minutes in New York time.

    Args:
        bars: Columns of `BAR_SCHEMA`, any symbols.
        key: The token that it takes.
        n_nulls: Minutes without a trade at the end of each answer.
        options: As for `StandIn`.
    """

    # Faults that this protocol cannot have, each with the reason.
    impossible: ClassVar[dict[str, str]] = {
        "empty page with a link": "an answer has no links",
        "repeated link": "an answer has no links",
    }

    def __init__(
        self,
        bars: pl.DataFrame,
        *,
        key: str = "sk_s3cr3t",
        n_nulls: int = 0,
        page_rows: int = 0,
        **options: Any,  # noqa: ANN401 - those of StandIn
    ) -> None:
        super().__init__(**options)
        self.key, self.n_nulls = key, n_nulls
        local = pl.col("ts").dt.convert_time_zone("America/New_York")
        self._frames = {
            str(name[0]): part.sort("ts").with_columns(local=local) for name, part in bars.group_by("symbol")
        }

    @property
    def settings(self) -> dict[str, Any]:
        """The settings with which it is reached."""
        return {"tiingo": {"iex_base_url": f"{self.url}/stable", "iex_token": self.key}}

    def answer(self, request: Request) -> Answer:
        if request.query.get("token") != self.key:
            return Answer(b"The API key provided is not valid.", 403)
        rows = self._rows(request)
        return Answer(b"Unknown symbol", 404) if rows is None else json_answer(rows)

    def broken(self, fault: str, request: Request) -> Answer:
        if fault == "403 not entitled":
            return Answer(b"You have exceeded your allotted message quota.", 402)
        rows = self._rows(request) or []
        if fault == "duplicate bars":
            rows = rows + rows[-5:]
        elif fault == "shuffled bars":
            rows = random.Random(7).sample(rows, len(rows))
        elif fault == "null bars":
            rows = [{**row, **dict.fromkeys(_FIELDS)} for row in rows[:3]] + rows
        return json_answer(rows)

    def _rows(self, request: Request) -> list[dict[str, Any]] | None:
        _, stable, stock, symbol, chart, by_date, day = request.path.split("/")
        assert (stable, stock, chart, by_date) == ("stable", "stock", "chart", "date")
        frame = self._frames.get(symbol.upper())
        if frame is None:
            return None
        chosen = frame.filter(pl.col("local").dt.date() == datetime.strptime(day, "%Y%m%d").date())  # noqa: DTZ007 - a date
        rows = [_row(row) for row in chosen.iter_rows(named=True)]
        nulls = [{"date": row["date"], "minute": "19:59"} | dict.fromkeys(_FIELDS) for row in rows[:1]]
        return rows + nulls * self.n_nulls


def _row(row: dict[str, Any]) -> dict[str, Any]:
    local = row["local"]
    prices = {name: row[name] for name in _FIELDS}
    return {"date": f"{local:%Y-%m-%d}", "minute": f"{local:%H:%M}", "label": f"{local:%I:%M %p}", **prices}
