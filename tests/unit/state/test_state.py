"""The state database: transactions, schema, unusable places."""

import multiprocessing
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

import quantmill.state.tables  # noqa: F401 - registers every table
from quantmill.errors import ConfigError
from quantmill.state.engine import State, open_state
from quantmill.state.tables.metadata import METADATA


@pytest.fixture
def state(tmp_path: Path) -> State:
    return open_state(tmp_path / "state.db")


def test_sqlite_is_opened_durable_and_concurrent(state: State) -> None:
    with state.read() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }

    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}


def test_migrations_make_exactly_the_declared_tables(state: State) -> None:
    with state.read() as connection:
        difference = compare_metadata(MigrationContext.configure(connection), METADATA)

    assert difference == []


def test_a_failed_block_writes_nothing(state: State) -> None:
    def fail() -> None:
        with state.write() as connection:
            connection.execute(text("CREATE TABLE scratch (x INTEGER)"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    with state.read() as connection:
        assert connection.execute(text("SELECT 1 FROM sqlite_master WHERE name = 'scratch'")).first() is None


def test_a_reader_sees_one_moment_while_a_writer_commits(state: State) -> None:
    with state.write() as connection:
        connection.execute(text("CREATE TABLE scratch (x INTEGER)"))

    with state.read() as reader:
        before = reader.execute(text("SELECT count(*) FROM scratch")).scalar_one()
        with state.write() as writer:
            writer.execute(text("INSERT INTO scratch VALUES (1)"))
        after = reader.execute(text("SELECT count(*) FROM scratch")).scalar_one()

    assert (before, after) == (0, 0)


def test_writers_in_threads_wait_for_one_another(state: State) -> None:
    with state.write() as connection:
        connection.execute(text("CREATE TABLE counter (x INTEGER)"))
        connection.execute(text("INSERT INTO counter VALUES (0)"))

    def count() -> None:
        for _ in range(20):
            with state.write() as connection:
                value = connection.execute(text("SELECT x FROM counter")).scalar_one()
                connection.execute(text("UPDATE counter SET x = :x"), {"x": value + 1})

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with state.read() as connection:
        assert connection.execute(text("SELECT x FROM counter")).scalar_one() == 80


def test_processes_may_open_a_new_database_together(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=open_state, args=(tmp_path / "state.db",)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)

    assert [process.exitcode for process in processes] == [0, 0, 0]


def test_a_database_of_a_newer_version_is_refused(state: State, tmp_path: Path) -> None:
    with state.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(ConfigError, match="9999"):
        open_state(tmp_path / "state.db")


def test_unusable_places_are_refused_in_plain_words(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database" * 500)

    for where in (tmp_path / "missing" / "state.db", tmp_path / "text.db", "nosuchdb://host/x"):
        with pytest.raises(ConfigError) as caught:
            open_state(where)
        assert caught.value.hint
