"""Massive's recorded lists of splits and dividends, values read in the files by hand."""

import json
from datetime import date
from pathlib import Path

import polars as pl

from quantmill.config.settings import Settings
from quantmill.providers.access import Access
from quantmill.providers.actions_protocol import ACTION_PAGE_SCHEMA, ActionProvider
from quantmill.providers.massive.actions import MassiveActions
from tests.standins.massive import MassiveStandIn
from tests.standins.server import Answer, Request


class Recorded(MassiveStandIn):
    """Answers with the recorded lists, once with a link to nothing more."""

    def __init__(self, folder: Path) -> None:
        super().__init__(pl.DataFrame(schema={"symbol": pl.String, "ts": pl.Datetime("us", "UTC")}))
        self._folder = folder

    def answer(self, request: Request) -> Answer:
        name = request.path.rpartition("/")[2]
        body = json.loads((self._folder / f"v3_reference_{name}.json").read_bytes())
        body["next_url"] = None
        return Answer(json.dumps(body).encode())


def test_recorded_splits_and_dividends(real_data: Path) -> None:
    with Recorded(real_data / "payloads" / "massive") as server:
        source = MassiveActions(Access(Settings.model_validate(server.settings)))
        assert isinstance(source, ActionProvider)
        pages = list(source.actions(["GOOGL"], date(2020, 1, 1), date(2026, 1, 1)))
        splits, dividends = server.requests

    assert all(dict(page.schema) == ACTION_PAGE_SCHEMA for page in pages)
    rows = pl.concat(pages)
    first = rows.filter(symbol="GOOGL").row(0)
    assert first == ("GOOGL", date(2022, 7, 18), "split", 20.0, None, "massive", "splits")
    cash = rows.filter(pl.col("symbol") == "CSSEN", ex_date=date(2025, 6, 12))
    assert cash.row(0) == ("CSSEN", date(2025, 6, 12), "dividend", None, 0.59375, "massive", "dividends")
    assert splits.query["execution_date.gte"] == dividends.query["ex_dividend_date.gte"] == "2020-01-01"
    assert splits.query["execution_date.lt"] == "2026-01-01"
