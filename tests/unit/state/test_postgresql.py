"""What holds on PostgreSQL alone: bounded waits, a lost server, refused users, passwords that stay hidden."""

import threading
import time
from collections.abc import Iterator

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import make_url, text

from quantmill.errors import ConfigError, StoreError
from quantmill.state.engine import State, open_state
from tests.postgres_server import PostgresServer, find_binaries, own_server
from tests.unit.state.test_state import open_together

SECRET = "s3cret-w0rd"


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    made = postgres.fresh()
    yield made
    postgres.drop(made)


@pytest.fixture
def empty_url(postgres: PostgresServer) -> Iterator[str]:
    made = postgres.empty()
    yield made
    postgres.drop(made)


@pytest.fixture
def state(url: str) -> Iterator[State]:
    opened = open_state(url)
    yield opened
    opened.close()


def setting(state: State, name: str, *, is_write: bool = False) -> str:
    with (state.write if is_write else state.read)() as connection:
        return connection.exec_driver_sql(f"SHOW {name}").scalar_one()


def test_every_wait_is_bounded(state: State) -> None:
    names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")

    assert [setting(state, name) for name in names] == ["10s", "5min", "2min"]


def test_reads_see_one_moment_and_change_nothing(state: State) -> None:
    assert setting(state, "transaction_isolation") == "repeatable read"
    assert setting(state, "transaction_isolation", is_write=True) == "read committed"
    with pytest.raises(StoreError, match="read-only"), state.read() as connection:
        connection.execute(text("CREATE TABLE scratch (x INTEGER)"))


def test_a_writer_gives_up_when_another_holds_the_database(state: State, url: str) -> None:
    impatient = open_state(f"{url}&options=-c lock_timeout=50ms")

    def write_too() -> None:
        with state.write(), impatient.write():
            pass

    with pytest.raises(StoreError, match="written to by others") as caught:
        write_too()

    impatient.close()
    assert "try again" in caught.value.hint


def test_processes_may_open_a_new_database_together(empty_url: str) -> None:
    assert open_together(empty_url) == [0, 0, 0]


def test_a_failed_migration_leaves_nothing(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade = command.upgrade

    def upgrade_and_fail(config: Config, revision: str) -> None:
        upgrade(config, revision)
        raise RuntimeError

    monkeypatch.setattr(command, "upgrade", upgrade_and_fail)
    with pytest.raises(RuntimeError):
        open_state(empty_url)
    with psycopg.connect(empty_url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    monkeypatch.undo()

    open_state(empty_url).close()

    assert tables == []


def test_a_lost_connection_is_told_and_the_next_one_works(postgres: PostgresServer, state: State) -> None:
    def lose_it() -> None:
        with state.write() as connection:
            pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            postgres.run(f"SELECT pg_terminate_backend({pid}, 5000)")
            connection.exec_driver_sql("SELECT 1")

    with pytest.raises(StoreError, match="cannot be used") as caught:
        lose_it()

    assert "not confirmed" in caught.value.hint
    assert setting(state, "lock_timeout") == "10s"


def test_a_gone_server_is_told_within_moments() -> None:
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("needs a server of its own to stop")
    with own_server(binaries) as url:
        state = open_state(url)
    started = time.monotonic()

    with pytest.raises(StoreError, match="cannot be used"), state.read():
        pass
    with pytest.raises(ConfigError, match="cannot be used"):
        open_state(url)

    assert time.monotonic() - started < 5


def test_more_threads_than_connections_wait_their_turn(state: State) -> None:
    counted: list[int] = []

    def count() -> None:
        with state.read() as connection:
            counted.append(connection.exec_driver_sql("SELECT 1 FROM pg_sleep(0.05)").scalar_one())

    threads = [threading.Thread(target=count) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(counted) == 40


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://me:{SECRET}@127.0.0.1:1/x",
        f"postgres://me:{SECRET}@127.0.0.1:1/x",
        f"postgresql://me@127.0.0.1:1/x?password={SECRET}",
        f"postgresql://me:{SECRET}@127.0.0.1:port/x",
        f"postgresql://me:p@{SECRET}@127.0.0.1:1/x",
        f"mysql://me:{SECRET}@127.0.0.1/x",
        f"postgresql+nodriver://me:{SECRET}@127.0.0.1:1/x?nonsense={1}",
    ],
)
def test_no_message_shows_a_password(address: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_state(address)

    assert caught.value.hint
    assert SECRET not in f"{caught.value} {caught.value.hint}"


def test_a_user_without_rights_is_told_so(postgres: PostgresServer, empty_url: str) -> None:
    postgres.run("DROP ROLE IF EXISTS quantmill_guest")
    postgres.run(f"CREATE ROLE quantmill_guest LOGIN PASSWORD '{SECRET}'")
    guest = make_url(empty_url).set(username="quantmill_guest", password=SECRET)

    with pytest.raises(ConfigError, match="permission denied for schema public") as caught:
        open_state(guest.render_as_string(hide_password=False))

    postgres.run("DROP ROLE quantmill_guest")
    assert "create tables" in caught.value.hint
    assert SECRET not in str(caught.value)
