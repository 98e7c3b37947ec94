"""Alpaca's REST interface over a frame of bars."""

import base64
import random
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

import polars as pl

from tests.standins.server import Answer, Request, StandIn, json_answer

__all__ = ["AlpacaStandIn", "instant", "page_offset", "page_token"]


class AlpacaStandIn(StandIn):
    """Serves `/v2/stocks/bars`, `/v1/corporate-actions` and the trading server's `/v2/calendar`.

    Args:
        bars: Columns of `BAR_SCHEMA`, any symbols, one bar a minute and symbol.
        key: The key id and secret that it takes.
        page_rows: Most rows of a page, whatever a client asks for.
        actions: Of each list of corporate actions the rows, as Alpaca sends them.
        calendar: Rows of `/v2/calendar`.
        options: As for `StandIn`.
    """

    # Faults that this protocol cannot have, each with the reason.
    impossible: ClassVar[dict[str, str]] = {}

    def __init__(
        self,
        bars: pl.DataFrame,
        *,
        key: tuple[str, str] = ("AKTEST", "s3cr3t-value"),
        page_rows: int = 10_000,
        actions: Mapping[str, list[dict[str, Any]]] | None = None,
        calendar: list[dict[str, str]] | None = None,
        **options: Any,  # noqa: ANN401 - those of StandIn
    ) -> None:
        super().__init__(**options)
        self.key = key
        self.page_rows = page_rows
        self.actions = dict(actions or {})
        self.calendar = list(calendar or [])
        self._frames = {str(name[0]): part.sort("ts") for name, part in bars.group_by("symbol")}

    @property
    def settings(self) -> dict[str, Any]:
        """The settings with which it is reached."""
        key_id, secret = self.key
        urls = {"base_url": self.url, "trading_url": self.url}
        return {"alpaca": {**urls, "key_id": key_id, "secret_key": secret}}

    @property
    def variables(self) -> dict[str, str]:
        """The same as variables of a process."""
        return {f"QUANTMILL_ALPACA__{name.upper()}": value for name, value in self.settings["alpaca"].items()}

    def answer(self, request: Request) -> Answer:
        key = (request.headers.get("apca-api-key-id"), request.headers.get("apca-api-secret-key"))
        if key != self.key:
            return json_answer({"message": "forbidden."}, 403)
        if request.path == "/v1/corporate-actions":
            return json_answer(self._actions(request))
        if request.path == "/v2/calendar":
            first, last = request.query["start"], request.query["end"]
            return json_answer([row for row in self.calendar if first <= row["date"] <= last])
        if request.path != "/v2/stocks/bars":
            return json_answer({"message": "Not Found"}, 404)
        return json_answer(self._page(request))

    def broken(self, fault: str, request: Request) -> Answer:
        if fault == "403 not entitled":
            return self.refused(403, "subscription does not permit querying recent SIP data")
        page = self._page(request)
        bars: dict[str, list[dict[str, Any]]] = page["bars"]
        if fault == "duplicate bars":
            page["bars"] = {symbol: rows + rows[-5:] for symbol, rows in bars.items()}
        elif fault == "shuffled bars":
            page["bars"] = {symbol: random.Random(7).sample(rows, len(rows)) for symbol, rows in bars.items()}
        elif fault == "null bars":
            # The rest is behind another link to the same place.
            page = {"bars": None, "next_page_token": page_token(page_offset(request.query), mark="null")}
        elif fault == "empty page with a link":
            page = {"bars": {}, "next_page_token": page_token(page_offset(request.query), mark="empty")}
        elif fault == "repeated link":
            page["next_page_token"] = page_token(0)
        return json_answer(page)

    def _page(self, request: Request) -> dict[str, Any]:
        query = request.query
        symbols = sorted(query["symbols"].split(","))
        start, end = instant(query["start"]), instant(query["end"])
        limit, offset = min(self.page_rows, int(query.get("limit", "1000"))), page_offset(query)
        chosen = [self._frames[symbol] for symbol in symbols if symbol in self._frames]
        if not chosen:
            return {"bars": {}, "next_page_token": None}
        rows = pl.concat(chosen).filter(pl.col("ts").is_between(start, end))
        page = rows.slice(offset, limit)
        bars: dict[str, list[dict[str, Any]]] = {}
        for row in page.iter_rows(named=True):
            bars.setdefault(row["symbol"], []).append(_bar(row))
        has_more = offset + page.height < rows.height
        return {"bars": bars, "next_page_token": page_token(offset + limit) if has_more else None}

    def _actions(self, request: Request) -> dict[str, Any]:
        query = request.query
        # Without dates Alpaca sends those of today only, and here there are none.
        first, last = query.get("start", "9999"), query.get("end", "9999")
        wanted, symbols = query["types"].split(","), query["symbols"].split(",")
        rows = [
            (f"{kind}s", row)
            for kind in wanted
            for row in self.actions.get(f"{kind}s", [])
            if row["symbol"] in symbols and first <= _date_of(row) <= last
        ]
        offset, limit = page_offset(query), min(self.page_rows, int(query.get("limit", "100")))
        lists: dict[str, list[dict[str, Any]]] = {}
        for kind, row in rows[offset : offset + limit]:
            lists.setdefault(kind, []).append(row)
        has_more = offset + limit < len(rows)
        return {
            "corporate_actions": lists,
            "next_page_token": page_token(offset + limit) if has_more else None,
        }


def _date_of(action: Mapping[str, Any]) -> str:
    return action["process_date"]


def _bar(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "t": row["ts"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "o": row["open"],
        "h": row["high"],
        "l": row["low"],
        "c": row["close"],
        "v": int(row["volume"]),
        "n": row.get("trade_count") or 1,
        "vw": row.get("vwap") or row["close"],
    }


def instant(text: str) -> datetime:
    """An instant of a query."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)


def page_token(offset: int, mark: str = "at") -> str:
    """The link to the rows from `offset` on; links with other marks lead to the same place."""
    return base64.b64encode(f"{mark}|{offset}".encode()).decode()


def page_offset(query: Mapping[str, str]) -> int:
    """Where the page starts that a query asks for."""
    token = query.get("page_token")
    return 0 if token is None else int(base64.b64decode(token).decode().partition("|")[2])
