"""Tiingo's minutes of IEX over a frame of bars."""

import random
from datetime import date
from typing import Any, ClassVar

import polars as pl

from tests.standins.server import Answer, Request, StandIn, json_answer

__all__ = ["TiingoStandIn"]

_FIELDS = ("open", "high", "low", "close", "volume")


class TiingoStandIn(StandIn):
    """Serves `/iex/{ticker}/prices` by whole days, cut without a word at `max_rows`.

    Args:
        bars: Columns of `BAR_SCHEMA`, any symbols.
        key: The key that it takes.
        max_rows: Most rows of an answer.
        options: As for `StandIn`.
    """

    # Faults that this protocol cannot have, each with the reason.
    impossible: ClassVar[dict[str, str]] = {
        "empty page with a link": "an answer has no links",
        "repeated link": "an answer has no links",
        "null bars": "an answer is a list",
        "403 not entitled": "a plan limits requests, not data",
    }

    def __init__(
        self,
        bars: pl.DataFrame,
        *,
        key: str = "tiingo-s3cr3t",
        max_rows: int = 10_000,
        page_rows: int = 0,
        **options: Any,  # noqa: ANN401 - those of StandIn
    ) -> None:
        super().__init__(**options)
        self.key = key
        self.max_rows = max_rows
        self._frames = {str(name[0]): part.sort("ts") for name, part in bars.group_by("symbol")}

    @property
    def settings(self) -> dict[str, Any]:
        """The settings with which it is reached."""
        return {"tiingo": {"base_url": self.url, "api_key": self.key, "requests_per_hour": 1_000_000}}

    def refused(self, status: int, message: str) -> Answer:
        return json_answer({"detail": message}, status)

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Token {self.key}":
            return self.refused(401, "Please supply a token")
        symbol = self._symbol(request)
        if symbol not in self._frames:
            return self.refused(404, "Not found.")
        return json_answer(self._rows(symbol, request))

    def broken(self, fault: str, request: Request) -> Answer:
        rows = self._rows(self._symbol(request), request)
        if fault == "duplicate bars":
            rows = rows + rows[-5:]
        elif fault == "shuffled bars":
            rows = random.Random(7).sample(rows, len(rows))
        return json_answer(rows)

    def _symbol(self, request: Request) -> str:
        return request.path.split("/")[2].upper().replace("-", ".")

    def _rows(self, symbol: str, request: Request) -> list[dict[str, Any]]:
        first, last = (date.fromisoformat(request.query[name]) for name in ("startDate", "endDate"))
        chosen = self._frames[symbol].filter(pl.col("ts").dt.date().is_between(first, last))
        return [
            {
                "date": row["ts"].strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                **{name: row[name] for name in _FIELDS},
            }
            for row in chosen.head(self.max_rows).iter_rows(named=True)
        ]
