"""Splits and dividends from the command line: imported, listed, and seen in bars."""

from pathlib import Path

import pytest

from tests.command_line import answer, command

BARS = """symbol,ts,open,high,low,close,volume
AA,2024-03-12T19:58:00Z,80,80,80,80,100
AA,2024-03-12T19:59:00Z,80,80,80,80,100
AA,2024-03-13T19:58:00Z,40,40,40,40,200
AA,2024-03-13T19:59:00Z,40,40,40,40,200
AA,2024-03-14T19:58:00Z,36,36,36,36,200
AA,2024-03-14T19:59:00Z,36,36,36,36,200
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two last minutes of three sessions, a split of 2 to 1 on the second day and a tenth paid out on the third."""
    (tmp_path / "bars.csv").write_text(BARS)
    answer("import", tmp_path / "bars.csv", home=tmp_path / "home")
    (tmp_path / "aa.csv").write_text("20240312,0.9,0.5,80\n20240313,0.9,1,40\n20501231,1,1,0\n")
    return tmp_path / "home"


def test_imported_actions_adjust_the_bars_that_are_shown(home: Path) -> None:
    first, second = (answer("actions", "import", home.parent / "aa.csv", home=home) for _ in range(2))
    shown = {
        adjust: [bar["close"] for bar in answer("bars", "AA", "--adjust", adjust, home=home)][::2]
        for adjust in ("none", "forward", "back", "total")
    }

    assert (first["stored"], first["splits"], first["dividends"], first["symbols"]) == (2, 1, 1, ["AA"])
    assert (second["stored"], second["existing"], second["snapshot"]) == (0, 2, first["snapshot"])
    assert shown["none"] == [80.0, 40.0, 36.0]
    assert shown["forward"] == [80.0, 80.0, 72.0]
    assert shown["back"] == [40.0, 40.0, 36.0]
    assert shown["total"] == pytest.approx([36.0, 36.0, 36.0])
    listed = answer("actions", "list", "AA", home=home)
    assert [(row["ex_date"], row["kind"], row["ratio"], row["amount"], row["source"]) for row in listed] == [
        ("2024-03-13", "split", 2.0, None, "aa.csv"),
        ("2024-03-14", "dividend", None, 4.0, "aa.csv"),
    ]
    assert answer("actions", "list", "--kind", "split", home=home) == listed[:1]


def test_a_person_is_told_what_an_adjustment_rests_on(home: Path) -> None:
    before = command("bars", "AA", "--adjust", "total", home=home)
    (home.parent / "AA_dividends.csv").write_text("Date,Dividend\n2024-03-14,4\n2024-06-13,4\n")
    answer("actions", "import", home.parent / "AA_dividends.csv", home=home)
    after = command("bars", "AA", "--adjust", "total", home=home)

    assert "no splits or dividends of AA are stored" in before.err
    assert "stored of AA: 0 splits, 2 dividends" in after.err
    assert "1 after the last stored session are left out" in after.err


def test_what_cannot_be_imported_is_said_with_the_right_exit_code(home: Path) -> None:
    folder = home.parent
    (folder / "rates.csv").write_text("from,rate\n2024-03-14,4\n")
    (folder / "AA.csv").write_text("ex_date,ratio\n2024-03-13,3\n")
    answer("actions", "import", folder / "aa.csv", home=home)

    wrong = command("actions", "import", folder / "rates.csv", home=home)
    nowhere = command("actions", "import", folder / "nowhere.csv", home=home)
    conflict = command("actions", "import", folder / "AA.csv", "--on-conflict", "fail", home=home)
    mixed = command("actions", "import", folder / "rates.csv", folder / "AA.csv", home=home)

    assert (wrong.code, nowhere.code, conflict.code, mixed.code) == (1, 2, 1, 1)
    assert "no column for the ex-date; found from, rate" in wrong.err
    assert "1 rows differ from stored ones, first AA, 2024-03-13, split" in conflict.err
    assert "1 conflicts" in mixed.out
    assert "1 files were not imported" in mixed.out
    assert "no such splits or dividends are stored" in command("actions", "list", "QQQ", home=home).out
