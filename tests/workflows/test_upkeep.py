"""Looking after a home from the command line: database, retention, reports."""

import sqlite3
from pathlib import Path

import pytest

from quantmill.jobs.queue import JobQueue
from quantmill.jobs.runner import worker_name
from quantmill.verbs.mill import Mill
from tests.command_line import answer, command


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """One synthetic symbol, five sessions."""
    answer("ingest", "SPY", "--start", "2023-01-03", "--end", "2023-01-10", home=tmp_path / "home")
    return tmp_path / "home"


def set_revision(home: Path, revision: str) -> None:
    with sqlite3.connect(home / "state.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", [revision])
    connection.close()


def test_a_reset_needs_yes_and_says_what_would_be_lost(home: Path) -> None:
    refused = command("db", "reset", home=home)

    assert refused.code == 2
    assert "symbols 1" in refused.err
    assert "quantmill rebuild" in refused.err
    assert len(answer("symbols", home=home)) == 1


def test_a_reset_empties_the_state_and_leaves_the_files(home: Path) -> None:
    files = sorted((home / "lake" / "bars").rglob("*.parquet"))

    lost = answer("db", "reset", "--yes", home=home)

    assert lost["rows"]["symbol"] == 1
    assert answer("symbols", home=home) == []
    assert sorted((home / "lake" / "bars").rglob("*.parquet")) == files


def test_a_home_in_use_is_not_reset(home: Path) -> None:
    with Mill.existing(home) as mill:
        queue = JobQueue(mill.state, mill.clock)
        queue.claim(queue.enqueue("train", ("SPY",)).id, worker_name(), is_alive=lambda _: True)

    refused = command("db", "reset", "--yes", home=home)

    assert "train is being done by" in refused.err
    assert len(answer("symbols", home=home)) == 1


def test_an_open_home_goes_on_after_a_reset(home: Path) -> None:
    with Mill.existing(home) as mill:
        mill.db.reset(yes=True)

        assert mill.symbols().height == 0
        assert mill.ingest("SPY", start="2023-01-03", end="2023-01-04").rows_stored == 390


def test_a_newer_schema_is_shown_and_not_upgraded(home: Path) -> None:
    set_revision(home, "9999")

    status = answer("db", "status", home=home)
    refused = command("db", "upgrade", home=home)

    assert (status["schema_state"], status["schema_found"]) == ("newer", "9999")
    assert refused.code != 0
    assert "9999" in refused.err


def test_an_upgrade_of_a_current_home_does_nothing(home: Path) -> None:
    assert answer("db", "upgrade", home=home)["migrations"] == []
    assert "nothing to do" in command("db", "upgrade", home=home).out


def test_upkeep_makes_no_home(tmp_path: Path) -> None:
    for words in (
        ("db", "status"),
        ("db", "upgrade"),
        ("db", "reset", "--yes"),
        ("retention", "show"),
        ("storage",),
    ):
        assert command(*words, home=tmp_path / "none").code == 3

    assert not (tmp_path / "none").exists()


def test_retention_is_dry_until_it_is_told_otherwise(home: Path) -> None:
    # The last synthetic bar is of January 2023.
    words = ("retention", "run", "--category", "raw_data", "--retention-days", "300")

    dry = answer(*words, home=home)
    kept = answer("symbols", home=home)[0]["rows"]
    wet = answer(*words, "--no-dry-run", home=home)

    assert (dry["dry_run"], dry["rows"], kept) == (True, 5 * 390, 5 * 390)
    assert wet["found"] == dry["found"]
    assert answer("symbols", home=home)[0]["rows"] == 0
    assert answer(*words, "--no-dry-run", home=home)["found"] == []


def test_days_need_a_category(home: Path) -> None:
    refused = command("retention", "run", "--retention-days", "1", "--no-dry-run", home=home)

    assert refused.code == 2
    assert "--category" in refused.err


def test_raw_data_is_kept_for_ever_unless_set(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "raw_data" not in {one["category"] for one in answer("retention", "run", home=home)["found"]}

    monkeypatch.setenv("QUANTMILL_RETENTION__RAW_DATA_DAYS", "300")

    assert "raw_data" in {one["category"] for one in answer("retention", "run", home=home)["found"]}


@pytest.mark.parametrize("verb", ["storage", "hardware"])
def test_reports_are_drawn(verb: str, home: Path, tmp_path: Path) -> None:
    answer(verb, "--picture", tmp_path / "picture.svg", home=home)

    assert (tmp_path / "picture.svg").read_bytes().startswith(b"<?xml")
    assert command(verb, "--picture", tmp_path / "picture.gif", home=home).code == 2


def test_the_storage_tree_has_datasets_and_their_keys(home: Path) -> None:
    shown = command("storage", home=home).out

    assert "\nbars " in shown
    assert "└ SPY" in shown


def test_batches_are_a_table_of_sql(home: Path) -> None:
    assert answer("sql", "SELECT count(*) AS n FROM batches", home=home) == [{"n": 0}]
