"""Alpaca's splits and dividends, of recorded shape: pages, dates, several of one day, the lake."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from quantmill.config.settings import Settings
from quantmill.core.clock import FixedClock
from quantmill.errors import AuthError, UsageError
from quantmill.ingest.actions_fetching import fetch_actions
from quantmill.lake.store import Lake
from quantmill.providers.access import Access
from quantmill.providers.action_registry import make_action_provider
from quantmill.providers.actions_protocol import ACTION_PAGE_SCHEMA, ActionProvider
from quantmill.providers.alpaca.actions import AlpacaActions
from quantmill.providers.alpaca.calendar_check import CalendarDifference, compare_calendar
from quantmill.state.engine import State
from tests.standins.alpaca import AlpacaStandIn

START, END = date(2023, 1, 3), date(2024, 1, 1)
# The forms are those of alpaca-py's recorded answers, with other symbols and dates.
ACTIONS: dict[str, list[dict[str, Any]]] = {
    "forward_splits": [
        {
            "id": "1",
            "symbol": "SRE",
            "ex_date": "2023-08-22",
            "old_rate": 1,
            "new_rate": 2,
            "process_date": "2023-08-22",
        },
    ],
    "reverse_splits": [
        {
            "id": "2",
            "symbol": "MNTS",
            "ex_date": "2023-08-24",
            "old_rate": 50,
            "new_rate": 1,
            "process_date": "2023-08-24",
        },
    ],
    "stock_dividends": [
        {"id": "3", "symbol": "MSBC", "ex_date": "2023-05-19", "rate": 0.05, "process_date": "2023-05-19"},
    ],
    "cash_dividends": [
        # Processed when it is paid, after the end of the year that is asked for.
        {
            "id": "4",
            "symbol": "SRE",
            "ex_date": "2023-12-27",
            "rate": 0.6,
            "process_date": "2024-01-26",
            "special": False,
        },
        {
            "id": "5",
            "symbol": "SRE",
            "ex_date": "2023-12-27",
            "rate": 1.4,
            "process_date": "2024-01-26",
            "special": True,
        },
        {"id": "6", "symbol": "SRE", "ex_date": "2024-01-02", "rate": 9.0, "process_date": "2024-01-26"},
        # Independence Day is no session.
        {"id": "7", "symbol": "MSBC", "ex_date": "2023-07-04", "rate": 0.1, "process_date": "2023-07-14"},
    ],
}
EXPECTED = [
    ("MNTS", date(2023, 8, 24), "split", 0.02, None, "alpaca", "reverse_splits"),
    ("MSBC", date(2023, 5, 19), "split", 1.05, None, "alpaca", "stock_dividends"),
    ("MSBC", date(2023, 7, 4), "dividend", None, 0.1, "alpaca", "cash_dividends"),
    ("SRE", date(2023, 8, 22), "split", 2.0, None, "alpaca", "forward_splits"),
    ("SRE", date(2023, 12, 27), "dividend", None, 2.0, "alpaca", "cash_dividends"),
]
SYMBOLS = ("MNTS", "MSBC", "SRE")


def stand_in(**options: Any) -> AlpacaStandIn:  # noqa: ANN401 - those of the stand-in
    no_bars = pl.DataFrame(schema={"symbol": pl.String, "ts": pl.Datetime("us", "UTC")})
    return AlpacaStandIn(no_bars, **{"actions": ACTIONS, "page_rows": 2, **options})


def access_to(server: AlpacaStandIn, changes: Mapping[str, Any] | None = None) -> Access:
    settings = {"alpaca": {**server.settings["alpaca"], **(changes or {})}}
    return Access(Settings.model_validate(settings))


def test_all_pages_become_ratios_and_amounts_of_the_ex_dates_asked_for() -> None:
    with stand_in() as server:
        provider = AlpacaActions(access_to(server))
        pages = list(provider.actions(SYMBOLS, START, END))

        assert len(server.requests) == 4
    assert isinstance(provider, ActionProvider)
    found = pl.concat(pages)
    assert dict(found.schema) == ACTION_PAGE_SCHEMA
    assert found.sort("symbol", "ex_date").rows() == EXPECTED


def test_a_recorded_answer_decodes(real_data: Path) -> None:
    body = (real_data / "payloads" / "alpaca" / "corporate_actions__get_corporate_actions.json").read_text()
    with stand_in(actions=json.loads(body)["corporate_actions"], page_rows=1000) as server:
        found = pl.concat(list(AlpacaActions(access_to(server)).actions(("MNTS", "SRE", "MSBC"), START, END)))

    assert found.sort("symbol").select("symbol", "ex_date", "ratio").rows() == [
        ("MNTS", date(2023, 8, 24), 0.02),
        ("MSBC", date(2023, 5, 19), 1.05),
        ("SRE", date(2023, 8, 22), 2.0),
    ]


def test_fetched_actions_are_stored_once(state: State, tmp_path: Path) -> None:
    with stand_in() as server:
        lake = Lake.open(tmp_path / "lake", state, FixedClock(datetime(2024, 6, 3, tzinfo=UTC)))
        provider = make_action_provider("alpaca", access_to(server))

        first = fetch_actions(lake, provider, SYMBOLS, START, END)
        again = fetch_actions(lake, provider, SYMBOLS, START, END)

        stored = lake.scan("corporate_actions").collect().sort("symbol", "ex_date")
    assert (first.stored, first.splits, first.dividends, first.skipped) == (4, 3, 1, 1)
    assert (again.stored, again.existing, again.conflicts) == (0, 4, 0)
    assert stored.select("symbol", "ex_date", "kind").rows() == [
        row[:3] for row in EXPECTED if row[1].month != 7
    ]


def test_a_wrong_key_is_told_at_once() -> None:
    with stand_in() as server:
        provider = AlpacaActions(access_to(server, {"secret_key": "mistyped-value"}))
        with pytest.raises(AuthError):
            list(provider.actions(SYMBOLS, START, END))

        assert len(server.requests) == 1


def test_an_unknown_source_is_told() -> None:
    with stand_in() as server, pytest.raises(UsageError, match="nope"):
        make_action_provider("nope", access_to(server))


def test_only_differences_of_the_calendar_are_reported() -> None:
    # 2024-11-28 is Thanksgiving, the day after ends at 13:00.
    days = [
        {"date": "2024-11-26", "open": "09:30", "close": "16:00"},
        {"date": "2024-11-27", "open": "09:30", "close": "15:00"},
        {"date": "2024-11-28", "open": "09:30", "close": "16:00"},
        {"date": "2024-11-29", "open": "09:30", "close": "13:00"},
    ]
    with stand_in(calendar=days) as server:
        found = compare_calendar(access_to(server), date(2024, 11, 26), date(2024, 12, 3))

    assert found == [
        CalendarDifference(date(2024, 11, 27), "09:30-16:00", "09:30-15:00"),
        CalendarDifference(date(2024, 11, 28), "closed", "09:30-16:00"),
        CalendarDifference(date(2024, 12, 2), "09:30-16:00", "closed"),
    ]
