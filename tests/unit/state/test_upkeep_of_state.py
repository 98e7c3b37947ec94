"""Status, upgrade and reset of state databases of any version."""

from pathlib import Path

import pytest
from sqlalchemy import insert, text

from quantmill.errors import ConfigError
from quantmill.state.engine import State, open_state, state_as_it_is
from quantmill.state.reset import reset_state
from quantmill.state.schema import HEAD, pending_migrations, revision_of, upgrade
from quantmill.state.status import read_status
from quantmill.state.tables.models import MODEL
from quantmill.state.tables.symbols import SYMBOL
from quantmill.state.views import drop_views


@pytest.fixture
def filled(state: State) -> State:
    """A database of either kind with one symbol in it."""
    row = {"symbol": "SPY", "asset_class": "equity", "calendar": "XNYS", "currency": "USD"}
    with state.write() as connection:
        connection.execute(insert(SYMBOL).values(**row, is_synthetic=False, created_us=1))
    return state


@pytest.fixture
def of_sqlite(tmp_path: Path) -> State:
    """An SQLite file with one symbol in it."""
    state = open_state(tmp_path / "state.db")
    row = {"symbol": "SPY", "asset_class": "equity", "calendar": "XNYS", "currency": "USD"}
    with state.write() as connection:
        connection.execute(insert(SYMBOL).values(**row, is_synthetic=False, created_us=1))
    return state


def set_revision(state: State, revision: str) -> None:
    with state.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": revision})


def test_status_counts_rows(filled: State) -> None:
    status = read_status(filled)

    assert (status.revision, status.needed, status.pending) == (HEAD, HEAD, ())
    assert status.rows["symbol"] == 1
    assert status.rows[MODEL.name] == 0
    assert status.n_bytes > 0


def test_status_of_an_older_schema_names_what_is_pending(filled: State) -> None:
    set_revision(filled, "0001")

    status = read_status(filled)

    assert status.revision == "0001"
    assert [step.revision for step in status.pending] == [
        step.revision for step in pending_migrations("0001")
    ]
    assert status.pending[-1].revision == HEAD
    assert not status.is_newer


def test_status_of_a_newer_schema_shows_its_tables(of_sqlite: State) -> None:
    with of_sqlite.write() as connection:
        connection.execute(text("CREATE TABLE later (x INTEGER)"))
    set_revision(of_sqlite, "9999")

    status = read_status(of_sqlite)

    assert (status.is_newer, status.pending, status.rows["later"]) == (True, (), 0)


def test_status_makes_no_database(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no state database"):
        state_as_it_is(tmp_path / "state.db")

    assert list(tmp_path.iterdir()) == []


def test_the_whole_line_of_migrations_runs_in_one_go(tmp_path: Path) -> None:
    (tmp_path / "state.db").touch()
    state = state_as_it_is(tmp_path / "state.db")

    with state.write() as connection:
        steps = upgrade(connection)
        again = upgrade(connection)

    assert steps == pending_migrations(None)
    assert (steps[0].revision, steps[-1].revision, again) == ("0001", HEAD, ())


def test_reset_leaves_an_empty_database_of_the_newest_schema(filled: State) -> None:
    reset_state(filled)

    status = read_status(filled)
    assert set(status.rows.values()) == {0}
    assert (status.revision, status.views) == (HEAD, ("batches", "criteria", "leaderboard"))


def test_reset_of_a_newer_file_drops_its_tables(of_sqlite: State) -> None:
    with of_sqlite.write() as connection:
        drop_views(connection)
        connection.execute(text("CREATE TABLE later (x VARCHAR(32) REFERENCES symbol (symbol))"))
        connection.execute(text("INSERT INTO later VALUES ('SPY')"))
        connection.execute(text("CREATE VIEW afterwards AS SELECT * FROM later"))
    set_revision(of_sqlite, "9999")

    reset_state(of_sqlite)

    status = read_status(of_sqlite)
    assert "later" not in status.rows
    assert status.revision == HEAD


def test_reset_of_a_newer_server_is_refused(filled: State) -> None:
    if filled.engine.dialect.name == "sqlite":
        pytest.skip("of a file every table is known to be ours")
    set_revision(filled, "9999")

    with pytest.raises(ConfigError, match="9999"):
        reset_state(filled)


def test_what_others_keep_on_a_server_stays(filled: State) -> None:
    if filled.engine.dialect.name == "sqlite":
        pytest.skip("a file is ours alone")
    with filled.write() as connection:
        connection.execute(text("CREATE TABLE of_others (x INTEGER)"))
        connection.execute(text("INSERT INTO of_others VALUES (1)"))

    reset_state(filled)

    with filled.read() as connection:
        assert connection.execute(text("SELECT x FROM of_others")).scalars().all() == [1]
    assert "of_others" not in read_status(filled).rows


def test_a_failed_reset_changes_nothing(filled: State, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_connection: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("quantmill.state.reset.upgrade", fail)

    with pytest.raises(RuntimeError):
        reset_state(filled)

    with filled.read() as connection:
        assert revision_of(connection) == HEAD
    assert read_status(filled).rows["symbol"] == 1
