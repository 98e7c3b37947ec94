"""Live writer and readers of one lake, each the main program of a process of its own.

Commit number n brings minute n of every symbol and up to two earlier minutes anew; all its bars close at n + 1. So a
reader who sees minutes 0 to n of a symbol knows every close, and every revision, that it must see beside them. The
writer's clock stands at the end of its newest minute: sessions of few minutes follow each other quickly.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from quantmill.core.bars import BAR_SCHEMA, ts_of
from quantmill.core.calendar import calendar_for
from quantmill.core.clock import FixedClock
from quantmill.core.instants import MINUTE_US, SECOND_US, from_us, to_us
from quantmill.lake import Lake
from quantmill.testing.lakes import open_lake
from tests.workflows.lake_actors import PAUSE_S, kill_writers, newest_note, say

SYMBOLS: Final = ("QQQ", "SPY", "X:BTC-USD", "X:ETH-USD")
LENGTHS: Final = (1, 34, 2, 3, 12)
"""Minutes of each session, over and over: one is long enough for a roll-up."""
FIRST: Final = datetime(2026, 12, 22, 14, 30, tzinfo=UTC)
GRACE_REAL_S: Final = 5.0
"""How long a retired file stays at least, by the clock of the machine: longer than a read takes."""
OPENING: Final = datetime(2026, 12, 15, 14, 30, tzinfo=UTC)
QUERY: Final = """
    WITH seen AS (
        SELECT symbol, list(epoch_us(ts) ORDER BY ts) AS ts, list(close ORDER BY ts) AS close FROM bars GROUP BY symbol
    ), revised AS (SELECT symbol, count(*) AS n, sum(close) AS total FROM revisions GROUP BY symbol)
    SELECT symbol, ts, close, coalesce(n, 0), coalesce(total, 0) FROM seen LEFT JOIN revised USING (symbol)
    ORDER BY symbol
"""


def _minutes(n_sessions: int) -> Iterator[int]:
    """Minutes of sessions on Tuesdays and Wednesdays, none of them a holiday, over the end of a year."""
    for number in range(n_sessions):
        opening = FIRST + timedelta(days=7 * (number // 2) + number % 2)
        for minute in range(LENGTHS[number % len(LENGTHS)]):
            yield to_us(opening) + minute * MINUTE_US


MINUTES: Final = list(_minutes(400))
NUMBER_OF: Final = {ts: number for number, ts in enumerate(MINUTES)}


def written_by(number: int) -> list[int]:
    """The minutes of commit `number`: its own, one of the last ten and any one before."""
    if number == 0:
        return [0]
    choice = random.Random(number)
    return sorted({number, number - 1 - choice.randrange(min(number, 10)), choice.randrange(number)})


def frame_of(minutes: list[int], close: float, symbols: tuple[str, ...] = SYMBOLS) -> pl.DataFrame:
    """Bars of these minutes for each symbol."""
    ts = np.array([MINUTES[minute] for minute in minutes] * len(symbols), dtype=np.int64)
    names = [symbol for symbol in symbols for _ in minutes]
    return bars_at(names, ts, close)


def bars_at(symbols: list[str], ts: np.ndarray, close: float) -> pl.DataFrame:
    """Bars of these symbols and minutes, every number of them `close`."""
    constant = {"provider": "files", "feed": "test"}
    frame = pl.DataFrame({"symbol": symbols, "ts": ts_of(ts)}, schema_overrides={"symbol": pl.String()})
    return frame.with_columns(
        *(pl.lit(close).alias(name) for name in ("open", "high", "low", "close", "volume")),
        *(pl.lit(value, BAR_SCHEMA[name]).alias(name) for name, value in constant.items()),
    )


@dataclass
class Truth:
    """What a lake of the first minutes holds of each symbol: closes by minute, and closes of revisions."""

    closes: list[float] = field(default_factory=list[float])
    revisions: list[float] = field(default_factory=list[float])

    def advance(self, n_minutes: int) -> None:
        """Go on to `n_minutes` commits, or stay."""
        for number in range(len(self.closes), n_minutes):
            for minute in written_by(number)[:-1]:
                self.revisions.append(self.closes[minute])
                self.closes[minute] = number + 1.0
            self.closes.append(number + 1.0)

    def check(self, ts: list[int], closes: list[float], *, last: int, n_wanted: int | None = None) -> int:
        """How many minutes a reader knows of now who knew of `last`, after a look at whether all is right.

        Args:
            ts: The minutes that it saw of a symbol.
            closes: Their closes.
            last: What it knew of before.
            n_wanted: How many it asked for; all when None.
        """
        n_minutes = NUMBER_OF[ts[-1]] + 1 if ts else 0
        assert n_minutes >= last, f"went back from {last} to {n_minutes}, or {last} was acknowledged before"
        self.advance(n_minutes)
        first = 0 if n_wanted is None else max(0, n_minutes - n_wanted)
        assert ts == MINUTES[first:n_minutes], f"of {n_minutes} minutes {len(ts)} were seen: {ts}"
        assert closes == self.closes[first:n_minutes], f"of several commits: {closes}"
        return n_minutes


def end_of(minute: int) -> datetime:
    """The moment when a minute's bars arrive."""
    return from_us(MINUTES[minute] + MINUTE_US + SECOND_US)


def write(lake: Lake, clock: FixedClock, acknowledged: Path, turn: int) -> None:
    """Append minutes until killed, compact and clean on the way; note each minute when its commit has returned.

    Args:
        lake: The lake.
        clock: Its clock.
        acknowledged: File of notes: the time by the machine's clock, and minutes stored.
        turn: Says what comes first: a commit, a compaction or a cleaning.
    """
    n_minutes = sum(lake.sessions(SYMBOLS[0])["n_regular"])
    clock.instant = end_of(max(n_minutes - 1, 0))
    with acknowledged.open("a") as notes:
        while True:
            if turn % 3 == 0:
                clock.instant = end_of(n_minutes)
                commit = lake.append_live(frame_of(written_by(n_minutes), n_minutes + 1.0))
                assert commit.inserted == len(SYMBOLS), commit
                n_minutes += 1
                notes.write(f"{time.time_ns()} {n_minutes}\n")
                notes.flush()
            elif turn % 3 == 1:
                lake.compact()
            else:
                clean(lake, acknowledged)
            turn += 1


def clean(lake: Lake, acknowledged: Path) -> None:
    """Delete files that were retired before a minute that was acknowledged `GRACE_REAL_S` ago."""
    long_ago = time.time_ns() - int(GRACE_REAL_S * 1e9)
    notes = [
        line.split() for line in acknowledged.read_text().splitlines(keepends=True) if line.endswith("\n")
    ]
    old = [int(n_minutes) for at, n_minutes in notes if int(at) < long_ago]
    if old:
        lake.clean(grace_s=max(300.0, (lake.clock.now() - end_of(old[-1] - 1)).total_seconds()))


def start_writer(home: Path, state: str, turn: int) -> tuple[Lake, Callable[[], None]]:
    """A lake, and what its writer does until it is killed."""
    clock = FixedClock(end_of(0))
    lake = open_lake(home, state=state, clock=clock)
    return lake, partial(write, lake, clock, home / "acknowledged", turn)


def read_by_polars(lake: Lake, last: int, truth: Truth) -> int:
    """Look at the lake in every way; how many minutes it holds by now."""
    for symbol in SYMBOLS:
        bars = lake.read_bars(symbol)
        last = truth.check(*columns_of(bars), last=last)
        tail = lake.tail(symbol, 7)
        last = truth.check(*columns_of(tail), last=last, n_wanted=7)
    everything = lake.scan("bars").collect()
    last = check_all(everything, last, truth)
    with lake.pin("a reader", for_s=3600.0) as snapshot:
        pinned = lake.scan("bars", as_of=snapshot).collect()
    return check_all(pinned, last, truth)


def check_all(bars: pl.DataFrame, last: int, truth: Truth) -> int:
    """As `Truth.check`, of all symbols in one frame."""
    counts = {truth.check(*columns_of(bars.filter(pl.col("symbol") == name)), last=last) for name in SYMBOLS}
    assert len(counts) == 1, f"symbols of several commits: {counts}"
    return counts.pop()


def columns_of(bars: pl.DataFrame) -> tuple[list[int], list[float]]:
    return bars["ts"].to_physical().to_list(), bars["close"].to_list()


def read_by_sql(lake: Lake, last: int, truth: Truth) -> int:
    """As `read_by_polars`: bars and revisions of one snapshot."""
    rows = lake.sql(QUERY).rows()
    assert [row[0] for row in rows] in ([], list(SYMBOLS)), rows
    counts: set[int] = {last} if not rows else set()
    for _, ts, closes, n_revisions, total in rows:
        counts.add(truth.check(ts, closes, last=last))
        assert (n_revisions, total) == (len(truth.revisions), sum(truth.revisions)), rows
    assert len(counts) == 1, f"symbols of several commits: {counts}"
    return counts.pop()


def read(lake: Lake, home: Path, look: Callable[[Lake, int, Truth], int]) -> None:
    """Read until `stop` exists; print how often, or fail with what was wrong."""
    n_reads = last = 0
    truth = Truth()
    while not (home / "stop").exists():
        promised = newest_note(home / "acknowledged")
        if promised:
            last = look(lake, max(last, promised), truth)
            n_reads += 1
        time.sleep(PAUSE_S)
    say(str(n_reads))


def append_part(home: Path, state: str, number: int) -> None:
    """Append forty minutes of the symbols of one of two live writers."""
    clock = FixedClock(OPENING)
    lake = open_lake(home, state=state, clock=clock)
    names = list(SYMBOLS[number::2])
    for minute in range(40):
        start = OPENING + timedelta(minutes=minute)
        clock.instant = start + timedelta(seconds=61)
        commit = lake.append_live(bars_at(names, np.array([to_us(start)] * 2), 1.0))
        assert (commit.inserted, commit.existing) == (2, 0), commit


def share_session(home: Path, state: str, number: int) -> None:
    """Bring every other minute of a session, live or in bulk; the live writer corrects the minute before too."""
    is_live = number == 0
    clock = FixedClock(OPENING)
    lake = open_lake(home, state=state, clock=clock)
    for minute in range(number, 60, 2):
        start = OPENING + timedelta(minutes=minute)
        clock.instant = start + timedelta(seconds=61)
        minutes = [start] if minute < 2 or not is_live else [start, start - timedelta(minutes=2)]
        bars = bars_at(["SPY"] * len(minutes), np.array([to_us(ts) for ts in minutes]), minute + 1.0)
        commit = lake.append_live(bars) if is_live else lake.write("bars", bars)
        assert (commit.inserted, commit.replaced) == (1, len(minutes) - 1), commit


def compact_on(home: Path, state: str) -> None:
    """Merge the session again and again, as if it were over, until `stop` exists; print how often."""
    lake = open_lake(home, state=state, clock=FixedClock(OPENING + timedelta(days=1)))
    n_merged = 0
    while not (home / "stop").exists():
        n_merged += lake.compact().sessions
        time.sleep(PAUSE_S)
    say(str(n_merged))


def main() -> None:
    roles = ["die-at-moments", "die-at-events", "read-polars", "read-sql", "append-part", "share", "compact"]
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=roles)
    parser.add_argument("home", type=Path)
    parser.add_argument("state", help="path or URL of the state database")
    parser.add_argument("--number", type=int, default=0)
    arguments = parser.parse_args()
    home, state, number = arguments.home, arguments.state, arguments.number
    # Made once for all forks.
    calendar_for("XNYS")
    calendar_for("24/7")
    say("ready")
    sys.stdin.readline()
    match arguments.role:
        case "die-at-moments" | "die-at-events" as role:
            start = partial(start_writer, home, state)
            kill_writers(start, home / "acknowledged", number, at_events=role == "die-at-events")
        case "append-part":
            append_part(home, state, number)
        case "share":
            share_session(home, state, number)
        case "compact":
            compact_on(home, state)
        case role:
            # A pin holds by the writer's clock, which this one is far ahead of.
            lake = open_lake(home, state=state, clock=FixedClock(datetime(2040, 1, 1, tzinfo=UTC)))
            read(lake, home, read_by_sql if role == "read-sql" else read_by_polars)


if __name__ == "__main__":
    main()
