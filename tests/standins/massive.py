"""Massive's aggregates over a frame of bars."""

import base64
import random
from typing import Any, ClassVar

import polars as pl

from quantmill.providers.massive.names import from_massive
from tests.standins.server import Answer, Request, StandIn, json_answer

__all__ = ["MassiveStandIn"]


class MassiveStandIn(StandIn):
    """Serves `/v2/aggs/ticker/{ticker}/range/1/minute/{from}/{to}` in milliseconds, and what follows it.

    Its links name Massive's own host, as the real ones do: a client with another server must lead them back.

    Args:
        bars: Columns of `BAR_SCHEMA`, any symbols.
        key: The key that it takes.
        page_rows: Most bars of a page.
        link_host: The host in links, this server's own when None.
        options: As for `StandIn`.
    """

    # Faults that this protocol cannot have, each with the reason.
    impossible: ClassVar[dict[str, str]] = {}

    def __init__(
        self,
        bars: pl.DataFrame,
        *,
        key: str = "massive-s3cr3t",
        page_rows: int = 50_000,
        link_host: str | None = "https://api.massive.com:443",
        **options: Any,  # noqa: ANN401 - those of StandIn
    ) -> None:
        super().__init__(**options)
        self.key = key
        self.page_rows = page_rows
        self.link_host = link_host
        self._frames = {str(name[0]): part.sort("ts") for name, part in bars.group_by("symbol")}

    @property
    def settings(self) -> dict[str, Any]:
        """The settings with which it is reached."""
        return {"massive": {"base_url": self.url, "api_key": self.key, "requests_per_minute": 100_000}}

    def refused(self, status: int, message: str) -> Answer:
        return json_answer({"status": "ERROR", "request_id": "6a7e466379af0a71", "error": message}, status)

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return self.refused(401, "Unknown API Key")
        return json_answer(self._page(request))

    def broken(self, fault: str, request: Request) -> Answer:
        if fault == "403 not entitled":
            message = "Your plan doesn't include this data timeframe."
            return json_answer({"status": "NOT_AUTHORIZED", "request_id": "6a7e", "message": message}, 403)
        page = self._page(request)
        rows: list[dict[str, Any]] = page.get("results", [])
        if fault == "duplicate bars":
            page |= {"results": rows + rows[-5:], "resultsCount": len(rows) + len(rows[-5:])}
        elif fault == "shuffled bars":
            page["results"] = random.Random(7).sample(rows, len(rows))
        elif fault in {"null bars", "empty page with a link"}:
            page |= {"results": None if fault == "null bars" else [], "resultsCount": 0}
            page["next_url"] = self._link(request, self._offset(request), mark=fault[:4])
        elif fault == "repeated link":
            page["next_url"] = self._link(request, 0)
        return json_answer(page)

    def _page(self, request: Request) -> dict[str, Any]:
        _, _, _, _, ticker, _, _, _, first, last = request.path.split("/")
        rows = self._frames.get(from_massive(ticker), pl.DataFrame(schema={"ts": pl.Datetime("us", "UTC")}))
        chosen = rows.filter(pl.col("ts").dt.epoch("ms").is_between(int(first), int(last)))
        at, limit = self._offset(request), min(self.page_rows, int(request.query.get("limit", "5000")))
        part = chosen.slice(at, limit)
        page: dict[str, Any] = {
            "ticker": ticker,
            "adjusted": request.query.get("adjusted") == "true",
            "queryCount": part.height,
            "resultsCount": part.height,
            "status": "OK",
            "request_id": "b84e24636301f19f88e0dfbf9a45ed5c",
        }
        if part.height:
            page["results"] = [_bar(row) for row in part.iter_rows(named=True)]
        if at + part.height < chosen.height:
            page["next_url"] = self._link(request, at + part.height)
        return page

    def _link(self, request: Request, offset: int, mark: str = "at") -> str:
        cursor = base64.urlsafe_b64encode(f"{mark}|{offset}".encode()).decode()
        limit = request.query.get("limit", "5000")
        return f"{self.link_host or self.url}{request.path}?cursor={cursor}&limit={limit}"

    def _offset(self, request: Request) -> int:
        cursor = request.query.get("cursor")
        return 0 if cursor is None else int(base64.urlsafe_b64decode(cursor).decode().partition("|")[2])


def _bar(row: dict[str, Any]) -> dict[str, Any]:
    bar = {
        "o": row["open"],
        "h": row["high"],
        "l": row["low"],
        "c": row["close"],
        "t": round(row["ts"].timestamp() * 1000),
    }
    if row["volume"] is None:
        return bar
    return bar | {
        "v": row["volume"],
        "vw": row.get("vwap") or row["close"],
        "n": row.get("trade_count") or 1,
    }
