"""Yahoo's chart over a frame of bars."""

import random
from datetime import UTC, datetime
from typing import Any, ClassVar

import polars as pl

from quantmill.core.symbols import canonical_symbol
from tests.standins.server import Answer, Request, StandIn, json_answer

__all__ = ["YahooStandIn"]

_FIELDS = ("open", "high", "low", "close", "volume")


class YahooStandIn(StandIn):
    """Serves `/v8/finance/chart/{symbol}`.

    Args:
        bars: Columns of `BAR_SCHEMA`, any symbols.
        n_nulls: Rows without any value that each answer has besides.
        options: As for `StandIn`.
    """

    # Faults that this protocol cannot have, each with the reason.
    impossible: ClassVar[dict[str, str]] = {
        "empty page with a link": "a chart has no links",
        "repeated link": "a chart has no links",
        "403 not entitled": "there are no plans",
    }

    def __init__(
        self,
        bars: pl.DataFrame,
        *,
        n_nulls: int = 0,
        page_rows: int = 0,
        **options: Any,  # noqa: ANN401 - those of StandIn
    ) -> None:
        super().__init__(**options)
        self.n_nulls = n_nulls
        self._frames = {str(name[0]): part.sort("ts") for name, part in bars.group_by("symbol")}

    @property
    def settings(self) -> dict[str, Any]:
        """The settings with which it is reached."""
        return {"yahoo": {"base_url": self.url, "requests_per_minute": 100_000}}

    def refused(self, status: int, message: str) -> Answer:
        error = {"code": "Unauthorized" if status == 401 else "Bad Request", "description": message}
        return json_answer({"chart": {"result": None, "error": error}}, status)

    def answer(self, request: Request) -> Answer:
        symbol = canonical_symbol(request.path.rpartition("/")[2].replace("%5E", "^"))
        if symbol not in self._frames:
            error = {"code": "Not Found", "description": "No data found, symbol may be delisted"}
            return json_answer({"chart": {"result": None, "error": error}}, 404)
        return self._chart(self._rows(symbol, request))

    def broken(self, fault: str, request: Request) -> Answer:
        symbol = canonical_symbol(request.path.rpartition("/")[2].replace("%5E", "^"))
        rows = self._rows(symbol, request)
        if fault == "duplicate bars":
            rows = rows + rows[-5:]
        elif fault == "shuffled bars":
            rows = random.Random(7).sample(rows, len(rows))
        elif fault == "null bars":
            rows = [{"ts": row["ts"] + 7, **dict.fromkeys(_FIELDS)} for row in rows[:3]] + rows
        return self._chart(rows)

    def _rows(self, symbol: str, request: Request) -> list[dict[str, Any]]:
        start, end = (
            datetime.fromtimestamp(int(request.query[name]), UTC) for name in ("period1", "period2")
        )
        chosen = self._frames[symbol].filter(pl.col("ts").is_between(start, end, closed="left"))
        rows = [
            {"ts": round(row["ts"].timestamp()), **{name: row[name] for name in _FIELDS}}
            for row in chosen.iter_rows(named=True)
        ]
        nulls = [{"ts": row["ts"] + 60, **dict.fromkeys(_FIELDS)} for row in rows[-self.n_nulls :]]
        return rows + (nulls if self.n_nulls else [])

    def _chart(self, rows: list[dict[str, Any]]) -> Answer:
        quote = {name: [row[name] for row in rows] for name in _FIELDS}
        result = {
            "meta": {"currency": "USD", "exchangeTimezoneName": "America/New_York", "dataGranularity": "1m"},
            "timestamp": [row["ts"] for row in rows],
            "indicators": {"quote": [quote if rows else {}]},
        }
        if not rows:
            del result["timestamp"]
        return json_answer({"chart": {"result": [result], "error": None}})
