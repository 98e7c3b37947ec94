"""A COMMIT whose answer gets lost: what the database kept is kept, what it dropped is removed."""

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from quantmill.errors import StoreError
from quantmill.lake import Lake
from quantmill.testing.lakes import make_bars


def break_commits(lake: Lake, monkeypatch: pytest.MonkeyPatch, *, arrives: bool) -> None:
    """Let the commit that publishes files fail for its caller, whether or not it reached the database."""
    dialect, n_left = lake.state.engine.dialect, 1
    commit, rollback = dialect.do_commit, dialect.do_rollback
    is_write: list[bool] = []

    def note(connection: Connection) -> None:
        is_write.append(bool(connection.get_execution_options().get("is_write")))

    def break_one(connection: object) -> None:
        nonlocal n_left
        if not is_write.pop() or n_left == 0:
            commit(connection)
            return
        n_left = 0
        (commit if arrives else rollback)(connection)
        raise OperationalError("COMMIT", None, Exception("connection lost"))

    event.listen(lake.state.engine, "begin", note)
    monkeypatch.setattr(dialect, "do_commit", break_one)


@pytest.mark.parametrize("arrives", [True, False])
def test_files_are_deleted_only_when_the_database_does_not_know_them(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, arrives: bool
) -> None:
    break_commits(lake, monkeypatch, arrives=arrives)

    with pytest.raises(StoreError, match="connection lost"):
        lake.write("bars", make_bars("SPY", 3))

    assert lake.snapshot() == int(arrives)
    assert len(list(lake.root.rglob("*.parquet"))) == int(arrives)
    assert lake.verify().findings == []
    assert lake.write("bars", make_bars("SPY", 3)).inserted == (0 if arrives else 3)
