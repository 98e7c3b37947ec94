"""Alpaca's bars from rows that were made into text before."""

import json
from bisect import bisect_left, bisect_right
from typing import Final

import polars as pl

from tests.standins.alpaca import AlpacaStandIn, instant, page_offset, page_token
from tests.standins.server import Answer, Request

__all__ = ["KEY", "PreparedAlpaca"]

KEY: Final = ("AKBENCH", "benchmark-value")


class PreparedAlpaca(AlpacaStandIn):
    """Joins texts, so that serving costs the machine next to nothing."""

    def __init__(self, bars: pl.DataFrame) -> None:
        super().__init__(bars, key=KEY)
        self._times: dict[str, list[str]] = {}
        self._rows: dict[str, list[str]] = {}
        for (symbol,), part in bars.group_by("symbol", maintain_order=True):
            times = part["ts"].dt.strftime("%Y-%m-%dT%H:%M:%SZ").to_list()
            numbers = part.select("open", "high", "low", "close", "volume").rows()
            self._times[str(symbol)] = times
            self._rows[str(symbol)] = [
                f'{{"t":"{t}","o":{o},"h":{h},"l":{low},"c":{c},"v":{int(v)},"n":{int(v) % 977 + 1},"vw":{c}}}'
                for t, (o, h, low, c, v) in zip(times, numbers, strict=True)
            ]

    def answer(self, request: Request) -> Answer:
        query = request.query
        start, end = (f"{instant(query[name]):%Y-%m-%dT%H:%M:%SZ}" for name in ("start", "end"))
        limit = min(self.page_rows, int(query.get("limit", "1000")))
        skipped, wanted = page_offset(query), limit
        parts: list[str] = []
        has_more = False
        for symbol in sorted(query["symbols"].split(",")):
            times = self._times[symbol]
            at, stop = bisect_left(times, start), bisect_right(times, end)
            first = min(at + skipped, stop)
            skipped -= first - at
            taken = min(wanted, stop - first)
            wanted -= taken
            has_more = has_more or first + taken < stop
            if taken:
                parts.append(f'"{symbol}":[{",".join(self._rows[symbol][first : first + taken])}]')
        token = json.dumps(page_token(page_offset(query) + limit) if has_more else None)
        body = f'{{"bars":{{{",".join(parts)}}},"next_page_token":{token}}}'
        return Answer(body.encode(), 200, {"Content-Type": "application/json"})
