"""`verify calendar` lists the days on which Alpaca has other hours."""

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from quantmill.errors import ConfigError
from quantmill.verbs.mill import Mill
from tests.standins.alpaca import AlpacaStandIn
from tests.standins.server import Answer, Request

# The week of 2024-07-03, a half day, and the holiday after it; as the exchange published them.
WEEK = {"2024-07-01": "16:00", "2024-07-02": "16:00", "2024-07-03": "13:00", "2024-07-05": "16:00"}


class Calendar(AlpacaStandIn):
    def __init__(self, days: dict[str, str]) -> None:
        super().__init__(pl.DataFrame(schema={"symbol": pl.String, "ts": pl.Datetime("us", "UTC")}))
        self._days = [{"date": day, "open": "09:30", "close": close} for day, close in days.items()]

    def answer(self, request: Request) -> Answer:
        assert request.path == "/v2/calendar"
        return Answer(json.dumps(self._days).encode())


def differences(
    days: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[date, str, str]]:
    with Calendar(days) as server:
        monkeypatch.setenv("ALPACA_TRADING_URL", server.url)
        monkeypatch.setenv("ALPACA_KEY_ID", "k")
        monkeypatch.setenv("ALPACA_SECRET_KEY", "s")
        mill = Mill.unopened(tmp_path / "home")
        return mill.verify.calendar(start="2024-07-01", end="2024-07-06").rows()


def test_the_same_week_has_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert differences(WEEK, tmp_path, monkeypatch) == []


def test_other_hours_and_days_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {**WEEK, "2024-07-03": "16:00", "2024-07-04": "16:00"}
    del wrong["2024-07-01"]

    assert differences(wrong, tmp_path, monkeypatch) == [
        (date(2024, 7, 1), "09:30-16:00", "closed"),
        (date(2024, 7, 3), "09:30-13:00", "09:30-16:00"),
        (date(2024, 7, 4), "closed", "09:30-16:00"),
    ]


def test_without_a_key_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ALPACA_KEY_ID", "ALPACA_API_KEY_ID", "APCA_API_KEY_ID"):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(ConfigError, match="no credentials"):
        Mill.unopened(tmp_path / "home").verify.calendar()
