"""The table of providers: capabilities with and without credentials, reasons, and nothing asked."""

from datetime import UTC, date, datetime
from importlib.metadata import EntryPoint, EntryPoints
from typing import Any

import pytest

from quantmill.config.settings import Settings
from quantmill.core.clock import FixedClock
from quantmill.providers import registry
from quantmill.providers.capability_table import CAPABILITY_SCHEMA, capability_table

CLOCK = FixedClock(datetime(2024, 3, 9, tzinfo=UTC))


def table(**settings: dict[str, str]) -> dict[str, dict[str, Any]]:
    rows = capability_table(Settings.model_validate(settings), CLOCK)
    assert dict(rows.schema) == CAPABILITY_SCHEMA
    assert rows["provider"].is_sorted()
    return {row["provider"]: row for row in rows.to_dicts()}


def test_without_a_key_the_capability_is_told_all_the_same() -> None:
    row = table()["alpaca"]

    assert (row["feed"], row["grade"], row["asset_classes"]) == ("iex", "single venue", ["equity"])
    assert (row["earliest"], row["latest"], row["has_live"]) == (date(2016, 1, 4), None, True)
    assert row["needs"] == ["ALPACA_KEY_ID", "ALPACA_SECRET_KEY"]
    assert row["usable"] is False
    assert "ALPACA_KEY_ID" in row["reason"]


def test_with_keys_a_provider_is_usable_and_no_key_is_shown() -> None:
    rows = table(
        alpaca={"key_id": "AKTEST", "secret_key": "s3cr3t-value", "feed": "sip"},
        massive={"api_key": "massive-s3cr3t"},
    )

    assert rows["alpaca"]["grade"] == "consolidated"
    for name in ("alpaca", "massive"):
        assert rows[name]["usable"] is True
        assert rows[name]["reason"] is None
    assert "s3cr3t" not in str(rows)
    assert "AKTEST" not in str(rows)


def test_the_window_of_yahoo_moves_with_the_clock() -> None:
    row = table()["yahoo"]

    # 29 days before 2024-03-09.
    assert row["earliest"] == date(2024, 2, 9)
    assert (row["needs"], row["usable"]) == ([], True)


def test_a_package_that_does_not_load_has_a_row_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def registered(*, group: str) -> EntryPoints:
        return EntryPoints([EntryPoint("lost", "no_such_package.provider:Provider", group)])

    monkeypatch.setattr(registry, "entry_points", registered)

    row = table()["lost"]

    assert row["usable"] is False
    assert "no_such_package" in row["reason"]
    assert row["feed"] is None
    assert "sim" in table()
