"""The state database: transactions, schema, unusable places."""

import multiprocessing
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

import quantmill.state.tables  # noqa: F401 - registers every table
from quantmill.errors import ConfigError
from quantmill.state.engine import State, open_state
from quantmill.state.statements import insert_missing, upsert
from quantmill.state.tables.catalogue import LAKE_HEAD
from quantmill.state.tables.metadata import METADATA
from tests.databases import Place


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
        assert not inspect(connection).has_table("scratch")


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


def test_a_failed_savepoint_leaves_the_rest_of_the_transaction(state: State) -> None:
    with state.write() as connection:
        connection.execute(LAKE_HEAD.insert().values(id=1, snapshot=5))
        with pytest.raises(IntegrityError), connection.begin_nested():
            connection.execute(LAKE_HEAD.insert().values(id=1, snapshot=6))
        connection.execute(LAKE_HEAD.insert().values(id=2, snapshot=7))

    with state.read() as connection:
        assert connection.execute(LAKE_HEAD.select().order_by("id")).all() == [(1, 5), (2, 7)]


def test_rows_are_inserted_when_missing_and_overwritten_when_asked(state: State) -> None:
    with state.write() as connection:
        first = insert_missing(connection, LAKE_HEAD, [{"id": 1, "snapshot": 1}, {"id": 2, "snapshot": 2}])
        again = insert_missing(connection, LAKE_HEAD, [{"id": 2, "snapshot": 9}, {"id": 3, "snapshot": 3}])
        upsert(connection, LAKE_HEAD, {"id": 1, "snapshot": 2**62}, key=["id"])
        rows = connection.execute(LAKE_HEAD.select().order_by("id")).all()

    assert (first, again) == (2, 1)
    assert rows == [(1, 2**62), (2, 2), (3, 3)]


def test_a_database_of_a_newer_version_is_refused(state: State, state_place: Place) -> None:
    with state.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(ConfigError, match="9999"):
        open_state(state_place)


def test_sqlite_is_opened_durable_and_concurrent(tmp_path: Path) -> None:
    with open_state(tmp_path / "state.db").read() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }

    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}


def open_together(place: Place) -> list[int | None]:
    """Exit codes of three processes that open a database at the same time."""
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=open_state, args=(place,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    return [process.exitcode for process in processes]


def test_processes_may_open_a_new_database_together(tmp_path: Path) -> None:
    assert open_together(tmp_path / "state.db") == [0, 0, 0]


def test_unusable_places_are_refused_in_plain_words(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database" * 500)

    for where in (
        tmp_path / "missing" / "state.db",
        tmp_path / "text.db",
        "nosuchdb://host/x",
        "sqlite//x://",
    ):
        with pytest.raises(ConfigError) as caught:
            open_state(where)
        assert caught.value.hint
