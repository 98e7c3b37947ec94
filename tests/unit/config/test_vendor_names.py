"""Vendors' own variables are settings too, below ours of the same place."""

from pathlib import Path

import pytest

from quantmill.config.loading import load_settings
from quantmill.config.vendor_names import VENDOR_NAMES, vendor_settings


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VENDOR_NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("prefix", ["ALPACA_", "ALPACA_API_"])
def test_alpaca_is_read_under_both_prefixes(prefix: str) -> None:
    names = {f"{prefix}KEY_ID": "k", f"{prefix}SECRET_KEY": "s", f"{prefix}FEED": "sip"}

    assert vendor_settings(names) == {"alpaca": {"key_id": "k", "secret_key": "s", "feed": "sip"}}


def test_the_trading_server_is_no_server_of_bars() -> None:
    found = vendor_settings({"ALPACA_BASE_URL": "https://paper-api.alpaca.markets/"})

    assert found == {"alpaca": {"trading_url": "https://paper-api.alpaca.markets"}}
    assert vendor_settings({"ALPACA_BASE_URL": "http://127.0.0.1:9"}) == {
        "alpaca": {"base_url": "http://127.0.0.1:9"}
    }


def test_the_newer_name_of_massive_counts() -> None:
    assert vendor_settings({"POLYGON_API_KEY": "old"}) == {"massive": {"api_key": "old"}}
    assert vendor_settings({"POLYGON_API_KEY": "old", "MASSIVE_API_KEY": "new"}) == {
        "massive": {"api_key": "new"}
    }


def test_empty_variables_are_unset() -> None:
    assert vendor_settings({"TIINGO_API_KEY": " ", "IEX_TOKEN": None}) == {}


def test_files_and_environment_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("ALPACA_FEED=sip\nTIINGO_API_KEY=from-file\n")
    monkeypatch.setenv("ALPACA_API_KEY_ID", "theirs")
    monkeypatch.setenv("QUANTMILL_ALPACA__KEY_ID", "ours")

    loaded = load_settings(tmp_path)

    assert loaded.values.alpaca.feed == "sip"
    assert loaded.values.tiingo.api_key is not None
    assert loaded.values.tiingo.api_key.get_secret_value() == "from-file"
    assert loaded.values.alpaca.key_id is not None
    assert loaded.values.alpaca.key_id.get_secret_value() == "ours"
    assert loaded.origins["alpaca.feed"] == f"{tmp_path / '.env'} (a vendor's name)"
    shown = {row["key"]: row["value"] for row in loaded.rows()}
    assert shown["tiingo.api_key"] == "********"
    assert "theirs" not in str(loaded.rows())
