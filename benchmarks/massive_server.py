"""Massive's bars from rows that were made into text before."""

import json
from bisect import bisect_left, bisect_right
from typing import Final

import polars as pl

from tests.standins.massive import MassiveStandIn
from tests.standins.server import Answer, Request

__all__ = ["KEY", "PreparedMassive"]

KEY: Final = "benchmark-value"


class PreparedMassive(MassiveStandIn):
    """Joins texts, so that serving costs the machine next to nothing."""

    def __init__(self, bars: pl.DataFrame) -> None:
        super().__init__(bars, key=KEY)
        self._times: dict[str, list[int]] = {}
        self._rows: dict[str, list[str]] = {}
        for (symbol,), part in bars.group_by("symbol", maintain_order=True):
            times = part["ts"].dt.epoch("ms").to_list()
            numbers = part.select("open", "high", "low", "close", "volume").rows()
            self._times[str(symbol)] = times
            self._rows[str(symbol)] = [
                f'{{"v":{int(v)},"vw":{c},"o":{o},"c":{c},"h":{h},"l":{low},"t":{t},"n":{int(v) % 977 + 1}}}'
                for t, (o, h, low, c, v) in zip(times, numbers, strict=True)
            ]

    def answer(self, request: Request) -> Answer:
        _, _, _, _, ticker, _, _, _, start, end = request.path.split("/")
        times, limit = self._times[ticker], min(self.page_rows, int(request.query.get("limit", "5000")))
        first, stop = bisect_left(times, int(start)), bisect_right(times, int(end))
        offset = self._offset(request)
        rows = self._rows[ticker][first + offset : min(first + offset + limit, stop)]
        facts = f'"ticker":"{ticker}","adjusted":false,"queryCount":{len(rows)},"resultsCount":{len(rows)},"status":"OK"'
        results = f',"results":[{",".join(rows)}]' if rows else ""
        has_more = first + offset + len(rows) < stop
        link = f',"next_url":{json.dumps(self._link(request, offset + limit))}' if has_more else ""
        return Answer(f"{{{facts}{results}{link}}}".encode(), 200, {"Content-Type": "application/json"})
