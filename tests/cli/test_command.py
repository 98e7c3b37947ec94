"""The command line: exit codes, the one JSON document, help, options anywhere."""

import contextlib
import json
import re
import signal
import sqlite3
from pathlib import Path

import polars as pl
import pytest

from quantmill.cli import main as entry
from quantmill.verbs import symbols
from quantmill.verbs.registry import GROUPS, VERBS
from tests.command_line import answer, command


@pytest.fixture(scope="module")
def small_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two synthetic symbols, five sessions."""
    home = tmp_path_factory.mktemp("small") / "home"
    stored = answer("ingest", "SPY,QQQ", "--start", "2023-01-03", "--end", "2023-01-10", home=home)
    # 2023-01-03 to 2023-01-09 are five full sessions of 390 minutes, of two symbols.
    assert stored["rows_stored"] == 2 * 5 * 390
    return home


def test_ingest_twice_stores_nothing_and_succeeds(small_home: Path) -> None:
    again = command("ingest", "SPY", "--start", "2023-01-03", "--end", "2023-01-10", home=small_home)

    assert again.code == 0
    assert "nothing to do" in again.out


def test_bars_have_the_documented_keys(small_home: Path) -> None:
    rows = answer("bars", "SPY", "--limit", "2", home=small_home)

    assert [list(row) for row in rows] == [["ts", "open", "high", "low", "close", "volume"]] * 2
    # The end 2023-01-10 is excluded: the last bar starts at 15:59 New York on the 9th.
    assert [row["ts"] for row in rows] == ["2023-01-09T20:58:00Z", "2023-01-09T20:59:00Z"]


def test_end_is_excluded(small_home: Path) -> None:
    rows = answer("bars", "SPY", "--start", "2023-01-04", "--end", "2023-01-05", home=small_home)

    assert len(rows) == 390
    assert rows[0]["ts"] == "2023-01-04T14:30:00Z"


@pytest.mark.parametrize(
    "words",
    [
        ["--json", "--home", "HOME", "symbols"],
        ["symbols", "--home", "HOME", "--json"],
        ["--json", "symbols", "--home=HOME"],
    ],
)
def test_options_stand_anywhere(words: list[str], small_home: Path) -> None:
    finished = command(*(word.replace("HOME", str(small_home)) for word in words))

    assert finished.code == 0
    assert [row["symbol"] for row in finished.document] == ["QQQ", "SPY"]


def test_options_stand_before_a_group(small_home: Path) -> None:
    assert command("models", "--json", "--home", small_home, "list").document == []


def test_home_comes_from_the_environment(small_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANTMILL_HOME", str(small_home))

    assert len(answer("symbols")) == 2


@pytest.mark.parametrize(
    ("words", "code", "kind"),
    [
        (["symbols"], 3, "NotFoundError"),
        (["bars", "SPY"], 3, "NotFoundError"),
        (["simbols"], 2, "UsageError"),
        (["bars"], 2, "UsageError"),
        (["bars", "SPY", "--limit", "0"], 2, "UsageError"),
        (["bars", "SPY", "--limt", "1"], 2, "UsageError"),
        (["bars", "SPY", "--start", "2024-01-02", "--end", "2024-01-02"], 2, "UsageError"),
        (["bars", "SPY", "--out", "rows.xlsx"], 2, "UsageError"),
        (["ingest", "SPY", "--provider", "nobody"], 2, "UsageError"),
        (["models"], 2, "UsageError"),
        ([], 2, "UsageError"),
    ],
)
def test_errors_are_one_document_with_their_code(
    words: list[str], code: int, kind: str, tmp_path: Path
) -> None:
    finished = command(*words, "--json", home=tmp_path / "none")

    assert finished.code == code
    document = json.loads(finished.out.strip().splitlines()[-1])
    assert document["error"]["type"] == kind
    assert set(document["error"]) == {"type", "message", "hint"}


def test_reading_makes_no_home(tmp_path: Path) -> None:
    command("symbols", home=tmp_path / "none")
    command("features", "show", "SPY", home=tmp_path / "none")

    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "words", [["train", "SPY"], ["features", "build", "SPY"], ["models", "delete", "m-x"]]
)
def test_a_mistyped_home_is_refused_and_not_made(words: list[str], tmp_path: Path) -> None:
    ended = command(*words, home=tmp_path / "mistyped")

    assert ended.code == 3
    assert "there is no quantmill home" in ended.err
    assert not (tmp_path / "mistyped").exists()


def test_what_a_library_makes_of_an_interrupt_is_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: object) -> int:
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        raise RuntimeError("no compiled object yet")

    monkeypatch.setattr(entry, "_run", stumble)
    signal.signal(signal.SIGINT, signal.default_int_handler)

    assert entry.main(["symbols"]) == 130


def test_errors_are_a_line_and_a_hint(tmp_path: Path) -> None:
    finished = command("bars", "SPY", "--limit", "-1", home=tmp_path)

    assert finished.out == ""
    assert finished.err.splitlines() == [
        "error: --limit is '-1'; it must be greater than or equal to 1",
        "hint: The last N bars of those asked for, in time order. [≥ 1]",
    ]


@pytest.mark.parametrize(("typo", "meant"), [("trian", "train"), ("symbol", "symbols")])
def test_a_typo_gets_the_nearest_command(typo: str, meant: str) -> None:
    assert f"'{meant}'" in command(typo).err


def test_a_typo_gets_the_nearest_option() -> None:
    assert "--limit" in command("bars", "SPY", "--limti", "3").err


def test_a_wrong_setting_is_a_configuration_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANTMILL_SIMULATION__FEE_US", "1")

    finished = command("config", "check", home=tmp_path)

    assert finished.code == 4
    assert "did you mean simulation.fee_usd?" in finished.err


def test_settings_are_shown_with_their_origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANTMILL_SIMULATION__FEE_USD", "0.07")
    monkeypatch.setenv("QUANTMILL_STATE_URL", "postgresql://me:secret@host/name")
    monkeypatch.chdir(tmp_path)

    rows = {row["key"]: row for row in answer("config", "show", home=tmp_path)}

    assert (rows["simulation.fee_usd"]["value"], rows["simulation.fee_usd"]["origin"]) == (
        "0.07",
        "environment",
    )
    assert rows["simulation.fill"]["origin"] == "default"
    assert "secret" not in rows["state_url"]["value"]


@pytest.mark.parametrize("words", [["--help"], ["features", "--help"], ["--version"]])
def test_help_and_version_succeed(words: list[str]) -> None:
    assert command(*words).code == 0


def test_help_names_every_command() -> None:
    shown = command("--help").out

    for name in {verb.name for verb in VERBS.values() if verb.group is None} | set(GROUPS):
        assert re.search(rf"\b{name}\b", shown), name


def test_command_help_shows_defaults_units_and_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")

    shown = command("train", "--help").out

    assert "bars, ≥ 1, ≤ 10000; default: 1" in shown
    assert "default: core" in shown
    assert "open|high|low|close" in shown


@pytest.mark.parametrize("kind", ["csv", "parquet", "json"])
def test_views_are_written_to_files(kind: str, small_home: Path, tmp_path: Path) -> None:
    path = tmp_path / f"rows.{kind}"

    finished = command("bars", "SPY", "--limit", "3", "--out", path, home=small_home)

    rows = {"csv": pl.read_csv, "parquet": pl.read_parquet, "json": pl.read_json}[kind](path)
    assert finished.code == 0
    assert rows.columns == ["ts", "open", "high", "low", "close", "volume"]
    assert str(rows["ts"][0]).startswith("2023-01-09")


def test_tables_in_a_pipe_are_not_cut(small_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")

    shown = command("symbols", home=small_home).out

    assert "providers" in shown.splitlines()[0]
    assert "\x1b" not in shown
    assert "…" not in shown


def test_synthetic_bars_are_labeled(small_home: Path) -> None:
    assert "synthetic" in command("symbols", home=small_home).out


def test_an_unexpected_error_is_one_line(small_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(symbols, "run", fail)

    finished = command("symbols", home=small_home)
    loud = command("-v", "symbols", home=small_home)

    assert finished.code == loud.code == 1
    assert finished.err.splitlines()[0] == "error: RuntimeError: boom"
    assert "Traceback" not in finished.err
    assert "Traceback" in loud.err


def test_an_interrupt_is_130_and_the_job_is_cancelled(
    small_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("quantmill.verbs.ingest_bars.ingest_symbols", interrupt)
    before = answer("symbols", home=small_home)

    finished = command("ingest", "IWM", "--json", home=small_home)

    assert finished.code == entry.INTERRUPTED
    assert finished.document["error"]["type"] == "Interrupted"
    with sqlite3.connect(small_home / "state.db") as connection:
        states = connection.execute("SELECT status FROM job WHERE key LIKE '%IWM%'").fetchall()
    connection.close()
    assert states == [("cancelled",)]
    assert answer("symbols", home=small_home) == before


def test_a_printing_library_does_not_spoil_the_document(
    small_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def chatter(mill: object, request: object, progress: object) -> pl.DataFrame:
        import sys

        sys.stdout.write("hello from a library\n")
        return pl.DataFrame({"symbol": ["A"]})

    monkeypatch.setattr(symbols, "run", chatter)

    finished = command("symbols", "--json", home=small_home)

    assert finished.document == [{"symbol": "A"}]
    assert "hello" in finished.err
