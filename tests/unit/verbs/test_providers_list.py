"""`providers list` says what each provider has, and what it lacks to be asked."""

from datetime import date
from pathlib import Path

import pytest

from quantmill.config.vendor_names import VENDOR_NAMES
from quantmill.verbs.mill import Mill


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VENDOR_NAMES:
        monkeypatch.delenv(name, raising=False)


def test_without_keys_it_names_the_variables(tmp_path: Path) -> None:
    rows = {row["provider"]: row for row in Mill.unopened(tmp_path / "home").providers.list().to_dicts()}

    assert [rows[name]["in_chain"] for name in ("alpaca", "iex", "massive", "yahoo", "sim")] == [
        1,
        2,
        3,
        4,
        None,
    ]
    assert {name for name, row in rows.items() if row["usable"]} == {"sim", "yahoo"}
    assert "ALPACA_KEY_ID" in rows["alpaca"]["reason"]
    assert "TIINGO_API_KEY" in rows["iex"]["reason"]
    assert "MASSIVE_API_KEY" in rows["massive"]["reason"]
    assert not (tmp_path / "home").exists()


def test_with_keys_it_tells_what_they_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ALPACA_KEY_ID", "ALPACA_SECRET_KEY", "POLYGON_API_KEY", "IEX_TOKEN"):
        monkeypatch.setenv(name, "some-s3cret")
    monkeypatch.setenv("ALPACA_FEED", "sip")

    found = Mill.unopened(tmp_path / "home").providers.list()
    rows = {row["provider"]: row for row in found.to_dicts()}

    assert (rows["alpaca"]["feed"], rows["alpaca"]["grade"]) == ("sip", "consolidated")
    assert rows["alpaca"]["earliest"] == date(2016, 1, 4)
    assert rows["massive"]["asset_classes"] == ["crypto", "equity", "index", "option"]
    assert "2024-08-31" in rows["iex"]["reason"]
    assert "some-s3cret" not in str(found.to_dicts())
