"""Writer and readers of one lake, each the main program of a process of its own.

The writer's commit number g gives every symbol its minute g and rewrites its minute 0 to close g + 1, which
makes one revision per symbol: eight partitions of two datasets in one commit. So a reader who sees minutes
0 to g of a symbol must see the same of every symbol, close g + 1 in minute 0, and g revisions each.
"""

import argparse
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import polars as pl
from sqlalchemy import event

from quantmill.config.loading import load_settings
from quantmill.core.clock import SystemClock
from quantmill.lake import Lake
from quantmill.lake.volumes import open_volume
from quantmill.testing.lakes import make_bars, open_lake

SYMBOLS = ("X:AA-USD", "X:BB-USD", "X:CC-USD", "X:DD-USD")
FIRST = datetime(2024, 3, 1, tzinfo=UTC)
PAUSE_S = 0.005
QUERY = """
    WITH seen AS (
        SELECT symbol, count(*) AS n, count(DISTINCT ts) AS n_ts, max(ts) AS last_ts, arg_min(close, ts) AS close
        FROM bars GROUP BY symbol
    ), revised AS (SELECT symbol, count(*) AS n_revisions FROM revisions GROUP BY symbol)
    SELECT n, n_ts, last_ts, close, coalesce(n_revisions, 0) FROM seen LEFT JOIN revised USING (symbol)
"""


def open_place(home: Path, state: Path | str) -> Lake:
    """The lake below `home`, or in the bucket that the environment names."""
    settings = load_settings(home).values
    clock = SystemClock()
    volume = open_volume(
        home / "lake", settings.lake_url, settings.s3, cache_path=home / "cache", clock=clock
    )
    return open_lake(home, state=state, volume=volume, clock=clock)


def generation(n_bars: int) -> pl.DataFrame:
    """The rows of commit `n_bars`, counted from 0."""
    parts: list[pl.DataFrame] = []
    for symbol in SYMBOLS:
        parts.append(make_bars(symbol, 1, start=FIRST, close=float(n_bars + 1)))
        if n_bars:
            parts.append(make_bars(symbol, 1, start=FIRST + timedelta(minutes=n_bars)))
    return pl.concat(parts)


def write(lake: Lake, acknowledged: Path) -> None:
    """Commit generations until killed, and note each when its commit has returned."""
    at = lake.files("bars", keys=SYMBOLS[:1])
    n_bars = at[0].rows if at else 0
    with acknowledged.open("a") as notes:
        while True:
            commit = lake.write("bars", generation(n_bars), on_conflict="replace")
            assert commit.inserted == len(SYMBOLS), commit
            n_bars += 1
            notes.write(f"{n_bars}\n")
            notes.flush()


def start_writer(home: Path, state: str) -> tuple[Lake, Callable[[], None]]:
    """A lake, and what its writer does until it is killed."""
    lake = open_place(home, state)
    return lake, partial(write, lake, home / "acknowledged")


def kill_writers(
    start: Callable[[int], tuple[Lake, Callable[[], None]]],
    acknowledged: Path,
    n_kills: int,
    *,
    at_events: bool,
) -> None:
    """Let `n_kills` writers work and die, one after another; `start` makes the one of a number.

    Each dies at its first, second, … event, or some moment after none to two commits. They are forks of this
    process, which saves their start-up: it has opened nothing, neither engine nor thread pool.
    """
    moments = random.Random(n_kills)
    for number in range(n_kills):
        promised = newest_note(acknowledged)
        writer = os.fork()
        if writer == 0:
            try:
                lake, work = start(number)
                if at_events:
                    die_at_event(lake, number + 1)
                work()
            finally:
                os._exit(1)
        if not at_events:
            while newest_note(acknowledged) < promised + number % 3:
                time.sleep(PAUSE_S)
            time.sleep(moments.uniform(0, 0.25))
            os.kill(writer, signal.SIGKILL)
        _, status = os.waitpid(writer, 0)
        assert os.WIFSIGNALED(status), f"writer {number} ended by itself"


def read(lake: Lake, acknowledged: Path, stop: Path, *, through_sql: bool) -> None:
    """Read until `stop` exists; print how often, or fail with what was wrong."""
    n_reads = last = 0
    while not stop.exists():
        promised = newest_note(acknowledged)
        rows = lake.sql(QUERY).rows() if through_sql else list(seen_by_polars(lake))
        n_bars = check(rows)
        assert n_bars >= last, f"went back from {last} to {n_bars}"
        assert n_bars >= promised, f"{promised} was acknowledged before the read, which saw {n_bars}"
        last = n_bars
        n_reads += 1
        time.sleep(PAUSE_S)
    say(str(n_reads))


def seen_by_polars(lake: Lake) -> Iterable[tuple[int, int, datetime, float, int | None]]:
    """One row per symbol as the query gives it; revisions are of another read, so they are left out."""
    bars = lake.scan("bars").collect()
    for _, part in bars.group_by("symbol"):
        first = part.filter(pl.col("ts") == FIRST)["close"].item()
        yield part.height, part["ts"].n_unique(), part["ts"].max(), first, None  # pyright: ignore[reportReturnType]


def check(rows: list[tuple[int, int, datetime, float, int | None]]) -> int:
    """How many bars each symbol has, after a look at whether it is one version, whole and undoubled."""
    if not rows:
        return 0
    assert len(rows) == len(SYMBOLS), rows
    n_bars = rows[0][0]
    last_ts = FIRST + timedelta(minutes=n_bars - 1)
    for row in rows:
        assert row[:4] == (n_bars, n_bars, last_ts, float(n_bars)), rows
        assert row[4] in {None, n_bars - 1}, rows
    return n_bars


def add_rows(lake: Lake, writer: int, n_rows: int) -> None:
    """Commit `n_rows` one by one to the partition that another writer works on too."""
    for at in range(n_rows):
        minute = FIRST + timedelta(minutes=2 * at + writer)
        commit = lake.write("bars", make_bars(SYMBOLS[0], 1, start=minute))
        assert commit.inserted == 1, commit


def newest_note(acknowledged: Path) -> int:
    """The newest generation whose commit has returned; a line cut short by a kill does not count."""
    text = acknowledged.read_text() if acknowledged.exists() else ""
    whole = text[: text.rfind("\n") + 1].split()
    return int(whole[-1]) if whole else 0


def die_at_event(lake: Lake, number: int) -> None:
    """Have this process killed at its `number`th file or database event from now on."""
    left = number

    def count() -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def hear(name: str, _arguments: tuple[object, ...]) -> None:
        if name in {"open", "os.rename", "os.mkdir"}:
            count()

    sys.addaudithook(hear)
    event.listen(lake.state.engine, "before_cursor_execute", lambda *_: count())
    event.listen(lake.state.engine, "commit", lambda *_: count())


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=["die-at-moments", "die-at-events", "read-polars", "read-sql", "add"])
    parser.add_argument("home", type=Path)
    parser.add_argument("state", help="path or URL of the state database")
    parser.add_argument("--number", type=int, default=0)
    arguments = parser.parse_args()
    say("ready")
    sys.stdin.readline()
    home: Path = arguments.home
    if arguments.role in {"die-at-moments", "die-at-events"}:
        kill_writers(
            lambda _: start_writer(home, arguments.state),
            home / "acknowledged",
            arguments.number,
            at_events=arguments.role == "die-at-events",
        )
        return
    lake = open_place(home, arguments.state)
    if arguments.role == "add":
        add_rows(lake, arguments.number, n_rows=15)
    else:
        read(lake, home / "acknowledged", home / "stop", through_sql=arguments.role == "read-sql")


if __name__ == "__main__":
    main()
