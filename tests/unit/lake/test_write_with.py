"""What the caller writes and what the lake publishes stand or fall together."""

import pytest
from sqlalchemy import Connection, select

from quantmill.lake import Lake
from quantmill.state.statements import upsert_all
from quantmill.state.tables.providers import RATE_LIMIT
from quantmill.testing.lakes import make_bars

ROW = {"bucket": "test", "per_window": 5, "due_us": 0, "blocked_until_us": 0}


def rows_of(lake: Lake) -> list[str]:
    with lake.state.read() as connection:
        return list(connection.execute(select(RATE_LIMIT.c.bucket)).scalars())


def put(connection: Connection) -> None:
    upsert_all(connection, RATE_LIMIT, [ROW], key=("bucket",))


def test_both_are_written(lake: Lake) -> None:
    lake.write_with(lambda: [lake.stage("bars", make_bars("SPY", 5))], put)

    assert lake.snapshot() == 1
    assert lake.scan("bars").collect().height == 5
    assert rows_of(lake) == ["test"]


def test_without_rows_the_caller_still_writes(lake: Lake) -> None:
    lake.write_with(list, put)

    assert (lake.snapshot(), rows_of(lake)) == (0, ["test"])


def test_neither_is_written_when_the_caller_fails(lake: Lake) -> None:
    def fail(connection: Connection) -> None:
        put(connection)
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        lake.write_with(lambda: [lake.stage("bars", make_bars("SPY", 5))], fail)

    assert (lake.snapshot(), rows_of(lake)) == (0, [])
    assert lake.verify().findings == []
    assert not [path for path in (lake.root / "bars").rglob("*") if path.is_file()]


def test_another_writer_in_between_is_no_matter(lake: Lake) -> None:
    raced = iter([True, False])

    def stage() -> list[object]:
        staged = [lake.stage("bars", make_bars("SPY", 5))]
        if next(raced):
            lake.write("bars", make_bars("SPY", 3))
        return staged

    lake.write_with(stage, put)  # type: ignore[arg-type] - staged writes

    assert lake.scan("bars").collect().height == 5
    assert rows_of(lake) == ["test"]
