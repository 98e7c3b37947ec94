"""`quantmill bars --interval`, as a person uses it."""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

import quantmill
from quantmill.testing.lakes import make_bars
from tests.command_line import answer, command


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SPY from 08:30 to 16:10 in New York on two days, a cent more each minute."""
    root = tmp_path_factory.mktemp("longer") / "home"
    with quantmill.open(root) as mill:
        for day in (12, 13):
            bars = make_bars("SPY", 460, start=datetime(2024, 3, day, 12, 30, tzinfo=UTC))
            mill.lake.write("bars", bars)
        split = {"symbol": "SPY", "ex_date": date(2024, 3, 13), "kind": "split", "ratio": 2.0}
        mill.lake.write("corporate_actions", pl.DataFrame([split]))
    return root


def test_bars_of_an_hour_start_at_the_open(home: Path) -> None:
    rows = answer(
        "bars", "SPY", "--interval", "1h", "--start", "2024-03-13", "--end", "2024-03-14", home=home
    )

    assert [row["ts"][11:16] for row in rows] == [
        "13:30",
        "14:30",
        "15:30",
        "16:30",
        "17:30",
        "18:30",
        "19:30",
    ]
    assert [row["n_bars"] for row in rows] == [60] * 6 + [30]
    # Minute 60 of the day is the open's: 100.60; volume is 1000 a minute.
    assert rows[0] == {
        "ts": "2024-03-13T13:30:00Z",
        "open": 100.6,
        "high": pytest.approx(101.2),
        "low": pytest.approx(100.59),
        "close": 101.19,
        "volume": 60000.0,
        "n_bars": 60,
    }


def test_limit_counts_longer_bars_and_extended_ones_say_their_phase(home: Path) -> None:
    rows = answer("bars", "SPY", "--interval", "1d", "--hours", "extended", "--limit", "4", home=home)

    assert [(row["ts"][8:16], row["phase"], row["n_bars"]) for row in rows] == [
        ("12T20:00", "post", 10),
        ("13T04:00", "pre", 60),
        ("13T13:30", "regular", 390),
        ("13T20:00", "post", 10),
    ]


def test_minutes_of_extended_hours_say_their_phase(home: Path) -> None:
    rows = answer("bars", "SPY", "--hours", "extended", home=home)

    phases = [row["phase"] for row in rows]
    assert [phases.count(phase) for phase in ("pre", "regular", "post")] == [120, 780, 20]
    assert "phase" not in answer("bars", "SPY", "--limit", "1", home=home)[0]


def test_adjusted_prices_are_those_of_adjusted_minutes(home: Path) -> None:
    closes = {
        adjust: [
            row["close"] for row in answer("bars", "SPY", "--interval", "1d", "--adjust", adjust, home=home)
        ]
        for adjust in ("none", "forward", "back")
    }

    assert closes == {"none": [104.49, 104.49], "forward": [104.49, 208.98], "back": [52.245, 104.49]}


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--interval", "7m"], 2, "--interval is '7m'; it must be '1m', '5m'"),
        (["--interval", "1H"], 2, "--interval is '1H'"),
        (["--interval", "5m", "--limit", "0"], 2, "--limit"),
        (["--interval", "5m", "--start", "2024-03-14"], 3, "SPY has no regular bars from 2024-03-14"),
    ],
)
def test_wrong_questions_get_a_clear_answer(home: Path, words: list[str], code: int, message: str) -> None:
    finished = command("bars", "SPY", *words, home=home)

    assert finished.code == code
    assert message in finished.err


def test_sql_gives_the_same_bars(home: Path) -> None:
    rows = answer(
        "sql", "SELECT ts, open, high, low, close, volume, n_bars FROM bars_1h ORDER BY ts", home=home
    )

    assert rows == answer("bars", "SPY", "--interval", "1h", home=home)
