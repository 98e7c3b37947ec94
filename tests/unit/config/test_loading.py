"""Where a setting's value comes from."""

from pathlib import Path

import pytest

from quantmill.config.loading import load_settings
from quantmill.errors import ConfigError


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("QUANTMILL_")]:
        monkeypatch.delenv(name)


def test_later_sources_win_and_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "quantmill.toml").write_text(
        'symbols = ["SPY"]\n[simulation]\nfee_usd = 1.5\nfill = "close"\n'
    )
    (tmp_path / ".env").write_text("QUANTMILL_SIMULATION__FILL=delayed_mid\nSOMETHING_ELSE=1\n")
    monkeypatch.setenv("QUANTMILL_SYMBOLS", "SPY, QQQ")

    loaded = load_settings(tmp_path)

    assert loaded.values.symbols == ("SPY", "QQQ")
    assert (loaded.values.simulation.fee_usd, loaded.values.simulation.fill) == (1.5, "delayed_mid")
    assert loaded.origins["symbols"] == "environment"
    assert loaded.origins["simulation.fee_usd"].endswith("quantmill.toml")
    assert loaded.origins["simulation.fill"].endswith(".env")
    assert loaded.origins["simulation.initial_cash_usd"] == "default"


def test_secrets_are_masked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANTMILL_STATE_URL", "postgresql://u:hunter2@localhost/q")

    rows = load_settings(tmp_path).rows()

    assert "hunter2" not in str(rows)
    assert next(row for row in rows if row["key"] == "state_url")["value"] == "********"


@pytest.mark.parametrize(
    ("toml", "found", "hint"),
    [
        ("[simulation]\nfee = 1.0\n", "simulation.fee", "simulation.fee_usd"),
        ("[simulation]\nfee_usd = -1\n", "simulation.fee_usd", "config show"),
        ("[simulation\n", "not TOML", "correct"),
        ("nonsense = 1\n", "nonsense", "config show"),
    ],
)
def test_a_bad_file_says_what_is_wrong(tmp_path: Path, toml: str, found: str, hint: str) -> None:
    (tmp_path / "quantmill.toml").write_text(toml)

    with pytest.raises(ConfigError, match=found) as caught:
        load_settings(tmp_path)

    assert hint in caught.value.hint


def test_a_misspelled_variable_names_the_nearest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANTMILL_SIMULATION__FEE", "1")

    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path)

    assert "simulation.fee_usd" in caught.value.hint
