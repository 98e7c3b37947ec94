"""The script for the plain DuckDB command line: the rows of `quantmill sql`, of one snapshot at any moment."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from quantmill.core.clock import FixedClock
from quantmill.lake import Lake
from quantmill.testing.lakes import make_bars, open_lake

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def plain_duckdb(lake: Lake, query: str) -> list[dict[str, Any]]:
    """Rows that the DuckDB command line of another version gives after reading the script."""
    program = Path(sysconfig.get_path("scripts")) / "duckdb"
    if not program.exists():
        pytest.skip("the DuckDB command line is not installed: pip install duckdb-cli")
    finished = subprocess.run(
        [str(program), "-init", str(lake.root / "_views" / "lake.sql"), "-json", "-c", query],
        capture_output=True,
        text=True,
        check=True,
        cwd=lake.root.parent,
    )
    return json.loads(finished.stdout or "[]")


def lists(lake: Lake) -> set[str]:
    return {path.name for path in (lake.root / "_views").glob("*.ndjson")}


def test_the_plain_command_line_sees_the_rows_of_quantmill_sql(lake: Lake) -> None:
    lake.write("bars", pl.concat([make_bars("SPY", 5), make_bars("I:VIX", 3)]))
    lake.write("bars", make_bars("SPY", 7))
    lake.write("bars", make_bars("SPY", 1, close=50.0), on_conflict="replace")
    query = (
        "SELECT symbol, count(*) AS n, sum(close) AS s, min(ts)::VARCHAR AS t FROM {} GROUP BY ALL ORDER BY 1"
    )

    for view in ("bars", "revisions"):
        assert plain_duckdb(lake, query.format(view)) == lake.sql(query.format(view)).to_dicts()
    assert [row["n"] for row in plain_duckdb(lake, query.format("bars"))] == [3, 7]


def test_dt_is_the_session_and_not_the_date_in_utc(lake: Lake) -> None:
    # 00:30 UTC on the 13th is 20:30 on the 12th in New York; crypto trades by UTC.
    evening = datetime(2024, 3, 13, 0, 30, tzinfo=UTC)
    lake.write(
        "bars", pl.concat([make_bars("SPY", 1, start=evening), make_bars("X:BTC-USD", 1, start=evening)])
    )
    query = "SELECT symbol, dt::VARCHAR AS dt FROM bars WHERE dt > '2024-03-01' ORDER BY 1"

    expected = [{"symbol": "SPY", "dt": "2024-03-12"}, {"symbol": "X:BTC-USD", "dt": "2024-03-13"}]
    assert plain_duckdb(lake, query) == expected
    assert lake.sql(query).to_dicts() == expected


def test_every_view_has_the_columns_of_quantmill_sql(lake: Lake) -> None:
    lake.write("bars", make_bars("SPY", 5))
    lake.write("features/core@00000001/1m", make_bars("SPY", 2).select("symbol", "ts", old=pl.lit(1.0)))
    lake.write("features/core@00000002/1m", make_bars("QQQ", 2).select("symbol", "ts", new=pl.lit(2.0)))
    views = set(lake.sql("SHOW TABLES")["name"]) - {"symbols"}

    assert {row["name"] for row in plain_duckdb(lake, "SHOW TABLES")} == views
    for view in views:
        query = f"SELECT column_name, column_type FROM (DESCRIBE {view})"
        assert plain_duckdb(lake, query) == lake.sql(query).to_dicts()
    rows = plain_duckdb(lake, "SELECT DISTINCT symbol, old, new FROM features ORDER BY symbol")
    assert [tuple(row.values()) for row in rows] == [("QQQ", None, 2.0), ("SPY", 1.0, None)]


def test_folders_may_have_any_name(tmp_path: Path) -> None:
    lake = open_lake(tmp_path / "it's [x] a*? folder")
    lake.write("bars", make_bars("SPY", 5))

    assert plain_duckdb(lake, "SELECT count(*) AS n FROM bars") == [{"n": 5}]
    assert lake.sql("SELECT count(*) AS n FROM bars").item() == 5


def test_live_bars_are_seen_at_once_and_leave_the_list_alone(tmp_path: Path) -> None:
    clock = FixedClock(NOW)
    lake = open_lake(tmp_path, clock=clock)
    lake.write("bars", make_bars("SPY", 5))
    before = lists(lake)
    query = "SELECT symbol, count(*) AS n, max(ts)::VARCHAR AS t, max(dt)::VARCHAR AS d FROM bars GROUP BY 1 ORDER BY 1"
    # The session of 2026-11-20 opens at 14:30 UTC.
    for number in range(3):
        start = datetime(2026, 11, 20, 14, 30 + number, tzinfo=UTC)
        clock.instant = start + timedelta(seconds=61)
        lake.append_live(pl.concat([make_bars("SPY", 1, start=start), make_bars("QQQ", 1, start=start)]))

        assert plain_duckdb(lake, query) == lake.sql(query).to_dicts()

    assert [row["n"] for row in plain_duckdb(lake, query)] == [3, 8]
    assert lists(lake) == before
    clock.instant += timedelta(days=1)
    lake.compact()
    assert [row["n"] for row in plain_duckdb(lake, query)] == [3, 8]
    assert "live/" not in (lake.root / "_views" / "lake.sql").read_text()
    assert lists(lake) > before


def test_a_replaced_list_lives_on_for_readers_that_are_about_to_read_it(tmp_path: Path) -> None:
    clock = FixedClock(NOW)
    lake = open_lake(tmp_path, clock=clock)
    lake.write("bars", make_bars("SPY", 5))
    first = lists(lake)
    clock.instant += timedelta(minutes=60)
    lake.write("bars", make_bars("SPY", 6))
    second = lists(lake) - first

    # The first list is an hour old, but has only now been replaced.
    assert first < lists(lake)
    clock.instant += timedelta(minutes=4)
    lake.write("bars", make_bars("SPY", 7))
    assert first < lists(lake)
    clock.instant += timedelta(minutes=2)
    lake.write("bars", make_bars("SPY", 8))
    assert not first & lists(lake)
    assert second < lists(lake)


def test_a_new_catalogue_that_counts_the_same_snapshots_gets_lists_of_its_own(tmp_path: Path) -> None:
    lake = open_lake(tmp_path)
    lake.write("bars", make_bars("SPY", 5))
    lake.state.close()
    for path in tmp_path.glob("state.db*"):
        path.unlink()
    again = open_lake(tmp_path, clock=FixedClock(NOW + timedelta(seconds=1)))
    again.write("bars", make_bars("SPY", 3))

    assert plain_duckdb(again, "SELECT count(*) AS n FROM bars") == [{"n": 3}]


def test_readers_see_one_snapshot_while_a_writer_commits(lake: Lake) -> None:
    # Each commit adds a minute to both symbols: in one snapshot both have as many.
    lake.write("bars", pl.concat([make_bars("SPY", 1), make_bars("QQQ", 1)]))
    script = lake.root / "_views" / "lake.sql"
    is_done = threading.Event()
    seen: list[Sequence[int]] = []

    def read() -> None:
        while not is_done.is_set():
            with duckdb.connect() as connection:
                connection.execute(script.read_text())
                query = "SELECT count(*) FILTER (symbol = 'SPY'), count(*) FILTER (symbol = 'QQQ') FROM bars"
                seen.append(connection.execute(query).fetchall()[0])

    reader = threading.Thread(target=read)
    reader.start()
    for n_bars in range(2, 12):
        lake.write("bars", pl.concat([make_bars("SPY", n_bars), make_bars("QQQ", n_bars)]))
    is_done.set()
    reader.join()

    assert all(spy == qqq for spy, qqq in seen)
    assert [spy for spy, _ in seen] == sorted(spy for spy, _ in seen)


def test_the_script_is_never_older_than_the_commits_of_a_process(lake: Lake) -> None:
    code = (
        "import sys; from pathlib import Path; from quantmill.testing.lakes import make_bars, open_lake\n"
        "lake = open_lake(Path(sys.argv[1]))\n"
        "for n in range(1, 9):\n"
        "    snapshot = lake.write('bars', make_bars(sys.argv[2], n)).snapshot\n"
        "    text = (lake.root / '_views' / 'lake.sql').read_text()\n"
        "    assert int(text.split('snapshot ')[1].split(';')[0]) >= snapshot\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(lake.root.parent), symbol], env=os.environ)
        for symbol in ("SPY", "QQQ")
    ]

    assert [writer.wait() for writer in writers] == [0, 0]
    assert plain_duckdb(lake, "SELECT count(*) AS n FROM bars") == [{"n": 16}]
    assert not list((lake.root / "_views").glob("*.partial"))


def test_views_of_a_lost_folder_come_back(lake: Lake) -> None:
    lake.write("bars", make_bars("SPY", 5))
    shutil.rmtree(lake.root / "_views")
    lake.refresh_views()

    assert plain_duckdb(lake, "SELECT count(*) AS n FROM bars") == [{"n": 5}]


def test_files_that_were_retired_and_cleaned_stay_out_of_the_views(tmp_path: Path) -> None:
    clock = FixedClock(NOW)
    lake = open_lake(tmp_path, clock=clock)
    for symbol in ("SPY", "QQQ"):
        lake.write("bars", make_bars(symbol, 2))
    lake.retire(lake.files("bars", keys=["SPY"]), note="too old")
    clock.instant += timedelta(days=2)

    lake.clean()
    lake.refresh_views()

    script = (lake.root / "_views" / "lake.sql").read_text()
    with duckdb.connect() as connection:
        connection.execute(script)
        assert connection.sql("SELECT symbol, count(*) FROM bars GROUP BY ALL").fetchall() == [("QQQ", 2)]
