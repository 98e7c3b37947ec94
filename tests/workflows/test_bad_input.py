"""Bad input: one clear line with what was found and needed, the right exit code, no stored damage."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.command_line import answer, command

HEADER = "symbol,ts,open,high,low,close,volume"
FIRST = datetime(2024, 1, 2, 14, 30, tzinfo=UTC)


def lines(
    n_rows: int = 30, *, minutes: int = 1, zone: str = "Z", values: str = "10.00,10.20,9.90,10.10,100"
) -> list[str]:
    starts = (FIRST + timedelta(minutes=minutes * at) for at in range(n_rows))
    return [f"REAL,{start:%Y-%m-%dT%H:%M:%S}{zone},{values}" for start in starts]


def write(path: Path, rows: Sequence[str], *, header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One real symbol of 30 bars and one synthetic symbol."""
    folder = tmp_path_factory.mktemp("bad-input")
    stored = answer("import", write(folder / "good.csv", lines()), home=folder / "home")
    assert (stored["rows_stored"], stored["rows_quarantined"]) == (30, 0)
    answer("ingest", "SIM", "--start", "2023-01-03", "--end", "2023-01-05", home=folder / "home")
    return folder / "home"


@pytest.fixture
def undamaged(home: Path) -> Iterator[Path]:
    """The home; afterwards its bars must be what they were, and the lake intact."""
    before = answer(
        "sql", "SELECT symbol, count(*) AS n, sum(close) AS s FROM bars GROUP BY 1 ORDER BY 1", home=home
    )
    yield home
    after = answer(
        "sql", "SELECT symbol, count(*) AS n, sum(close) AS s FROM bars GROUP BY 1 ORDER BY 1", home=home
    )
    assert after == before
    assert answer("verify", "lake", home=home)["ok"]


def bad_file(kind: str, folder: Path) -> Path:
    path = folder / f"{kind}.csv"
    texts = {
        "naive times": lines(zone=""),
        "negative prices": lines(values="-1,-0.5,-2,-1,100"),
        "high below low": lines(values="10,9.5,9.9,9.8,100"),
        "no rows": [],
        "five minutes": lines(minutes=5),
    }
    if kind in texts:
        write(path, texts[kind])
    elif kind == "wrong columns":
        write(path, ["1,2,3"], header="a,b,c")
    elif kind == "no bytes":
        path.write_bytes(b"")
    elif kind == "truncated":
        whole = folder / "whole.parquet"
        pl.read_csv(write(path, lines()), try_parse_dates=True).write_parquet(whole)
        path = folder / "cut.parquet"
        path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    return path


@pytest.mark.parametrize(
    ("kind", "code", "says"),
    [
        ("missing", 2, "no file"),
        ("wrong columns", 1, "found a, b, c"),
        ("naive times", 1, "--tz"),
        ("negative prices", 1, "price_not_positive"),
        ("high below low", 1, "high_below_low"),
        ("no rows", 1, "no rows.csv"),
        ("no bytes", 1, "empty"),
        ("five minutes", 1, "5-minute bars, needed are 1-minute bars"),
        ("truncated", 1, "truncated"),
    ],
)
def test_a_bad_file_is_refused(kind: str, code: int, says: str, undamaged: Path, tmp_path: Path) -> None:
    finished = command("import", bad_file(kind, tmp_path), home=undamaged)

    assert finished.code == code
    assert says in finished.err
    assert finished.out == ""
    assert len(finished.err.splitlines()) <= 2, finished.err


def test_bad_rows_go_to_quarantine_with_their_reason(undamaged: Path, tmp_path: Path) -> None:
    rows = lines()
    rows[3] = rows[3].replace("10.00", "-10.00")
    rows[5] = rows[5].replace("10.20", "9.80")

    stored = answer("import", write(tmp_path / "some.csv", rows), home=undamaged)

    assert (stored["rows_stored"], stored["rows_existing"], stored["rows_quarantined"]) == (0, 28, 2)
    assert stored["quarantine_reasons"] == {"high_below_low": 1, "price_not_positive": 1}
    listed = answer("quarantine", "list", "--symbol", "REAL", home=undamaged)
    assert {"some.csv"} <= {row["source"] for row in listed}


def test_quarantined_spike_is_shown_and_released_by_command(tmp_path: Path) -> None:
    home, rows = tmp_path / "home", lines()
    rows[12] = rows[12].replace("9.90", "3.00")
    answer("import", write(tmp_path / "spike.csv", rows), home=home)
    row_id = answer("quarantine", "list", home=home)[0]["id"]

    shown = command("quarantine", "show", "--id", row_id, home=home)
    dry = answer("quarantine", "release", "--symbol", "REAL", home=home)
    still = len(answer("quarantine", "list", home=home))
    done = answer("quarantine", "release", "--id", row_id, "--no-dry-run", home=home)
    again = answer("quarantine", "release", "--id", row_id, "--no-dry-run", home=home)

    # The bars of 14:41 and 14:43 stand around that of 14:42.
    assert "before   2024-01-02 14:41" in shown.out
    assert "after    2024-01-02 14:43" in shown.out
    assert '"low":"3.00"' in shown.out
    assert (dry["dry_run"], dry["fates"], still) == (True, {"stored": 1}, 1)
    assert (done["fates"], done["snapshot"]) == ({"stored": 1}, 2)
    assert (again["fates"], again["already_released"], again["snapshot"]) == ({}, 1, 2)
    assert answer("quarantine", "list", home=home) == []
    assert len(answer("bars", "REAL", home=home)) == 30
    assert command("quarantine", "release", home=home).err.startswith("error: no rows are chosen")
    # Files of a catalogue that was lost still say what was released.
    (home / "state.db").unlink()
    answer("rebuild", home=home)
    assert answer("quarantine", "list", "--status", "released", home=home)[0]["id"] == row_id


def test_gaps_as_a_calendar_and_a_picture(undamaged: Path, tmp_path: Path) -> None:
    path = tmp_path / "gaps.png"

    shown = command("gaps", "REAL", "--calendar", "--picture", path, home=undamaged)

    # 30 minutes of one session, and 360 minutes after them.
    assert shown.code == 0, shown.err
    assert "2024-01   ░" in shown.out
    assert "REAL (recorded): 7.69 % of the minutes of 1 sessions, 0 sessions missing and 1 short" in shown.out
    assert path.read_bytes().startswith(b"\x89PNG")


def test_duplicate_and_unsorted_rows_are_counted(undamaged: Path, tmp_path: Path) -> None:
    rows = lines()
    changed = rows[0].replace("10.10", "10.15")

    stored = answer(
        "import", write(tmp_path / "twice.csv", [*rows[10:], *rows[:15], changed]), home=undamaged
    )

    # 20 + 15 + 1 rows of 30 minutes: five come twice, one has two values and overrules the other.
    assert stored["rows_read"] == 36
    assert (stored["rows_existing"], stored["rows_duplicate"], stored["rows_overruled"]) == (30, 5, 1)
    assert stored["conflicts"] == 2


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["bars", "NOPE"], 3, "NOPE"),
        (["features", "build", "NOPE"], 3, "NOPE"),
        (["features", "show", "SIM"], 3, "quantmill features build SIM"),
        (["features", "show", "SIM", "--features", "nope"], 3, "nope"),
        (["train", "NOPE"], 3, "NOPE"),
        (["train", "SIM", "--algorithm", "magic"], 3, "no algorithm 'magic'"),
        (["train", "SIM", "--include", "nope"], 3, "no feature 'nope'"),
        (["train", "SIM", "--include", "close"], 2, "raw price"),
        (["train", "SIM", "--param", "alpha=-1"], 2, "alpha=-1"),
        (["models", "show", "nope"], 3, "no model 'nope'"),
        (["simulate", "--model", "nope"], 3, "no model 'nope'"),
        (["simulate"], 2, "one of --model, --predictions and --all-models"),
        (["simulate", "--predictions", "none.parquet", "--symbol", "SIM"], 3, "none.parquet"),
        (["simulate", "--model", "nope", "--threshold", "much"], 2, "threshold 'much'"),
        (["optimize", "run", "--models", "nope"], 3, "nope"),
        (["optimize", "run", "--models", "a", "--thresholds", "p51"], 2, "p51"),
        (["leaderboard"], 3, "no trials yet"),
        (["leaderboard", "opt_nope"], 3, "opt_nope"),
        (["runs", "show", "r-nope"], 3, "no run 'r-nope'"),
        (["sql", "SELCT 1"], 1, "syntax error"),
        (["sql", "DROP TABLE bars"], 1, "more than read"),
        (["sql", "SELECT nope FROM bars"], 1, "nope"),
        (["verify", "lookahead", "nope"], 3, "no feature 'nope'"),
        (["ingest", "REAL"], 1, "synthetic bars asked for REAL, which holds real ones"),
        (["ingest", "SPY", "--provider", "nobody"], 2, "no provider 'nobody'"),
        (["ingest", "I:TICK"], 3, "sim has no I:TICK"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_name_is_said_and_harms_nothing(
    words: list[str], code: int, says: str, undamaged: Path
) -> None:
    finished = command(*words, home=undamaged)

    assert finished.code == code, finished.err
    assert says in finished.err
    assert finished.out == ""


def test_real_bars_over_synthetic_ones_are_refused(undamaged: Path, tmp_path: Path) -> None:
    rows = [line.replace("REAL", "SIM") for line in lines()]

    finished = command("import", write(tmp_path / "sim.csv", rows), home=undamaged)

    assert finished.code == 1
    assert "SIM, which holds synthetic ones" in finished.err
