"""A live, compacting writer killed again and again beside readers; several writers of one session at once."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from quantmill.core.clock import FixedClock
from quantmill.lake import Lake
from quantmill.state.tables.catalogue import LAKE_FLOOR, SNAPSHOT
from quantmill.testing.lakes import open_lake
from tests.databases import Place
from tests.workflows.actor import Actor
from tests.workflows.lake_actors import newest_note
from tests.workflows.live_actors import (
    OPENING,
    SYMBOLS,
    Truth,
    columns_of,
    end_of,
    read_by_polars,
    read_by_sql,
)

PROGRAM = "live_actors"
READERS = ("read-polars", "read-polars", "read-sql", "read-sql")
CENTURY_S = 36_500 * 86_400


@dataclass
class Kills:
    """What was seen while a writer was killed again and again."""

    kills: int
    reads: int = 0
    minutes: int = 0
    acknowledged: int = 0
    rolled_up: int = 0
    merged: int = 0
    cleaned_keys: int = 0
    leftovers: int = 0


def kill_live_writers(home: Path, state: Place, role: str, n_kills: int) -> Kills:
    """Let live writers die one after another beside four readers, then check what is left."""
    lake = open_lake(home, state=state, clock=FixedClock(end_of(0)))
    seen = Kills(n_kills)
    with ExitStack() as stack:
        readers = [Actor(stack, PROGRAM, home, state, reader) for reader in READERS]
        writers = Actor(stack, PROGRAM, home, state, role, n_kills)
        for actor in (*readers, writers):
            actor.go()
        writers.finish()
        (home / "stop").touch()
        seen.reads = sum(int(reader.finish()) for reader in readers)
    seen.acknowledged = newest_note(home / "acknowledged")
    seen.minutes = check_whole(lake, seen.acknowledged)
    notes = notes_of(lake)
    seen.rolled_up = sum(note.startswith("roll-up") for note in notes)
    seen.merged = sum(note.endswith("merged") for note in notes)
    with lake.state.read() as connection:
        seen.cleaned_keys = connection.execute(select(func.count()).select_from(LAKE_FLOOR)).scalar_one()
    swept = lake.sweep(min_age_s=-CENTURY_S)
    seen.leftovers = swept.partial_files + swept.orphan_files
    assert check_whole(lake, seen.minutes) == seen.minutes
    check_past(lake)
    if isinstance(state, Path):
        rebuild(lake, state)
    lake.state.close()
    return seen


def check_whole(lake: Lake, promised: int) -> int:
    """How many minutes the lake holds, at least those promised, after a look at every row of it."""
    truth = Truth()
    n_minutes = read_by_polars(lake, promised, truth)
    assert read_by_sql(lake, n_minutes, truth) == n_minutes
    assert lake.verify().findings == []
    return n_minutes


def check_past(lake: Lake) -> None:
    """Snapshots show the bars of one commit, whether their files are kept or not, and later ones no fewer."""
    last, truth, n_snapshots = 0, Truth(), lake.snapshot()
    for snapshot in range(1, n_snapshots + 1, 1 + n_snapshots // 50):
        last = truth.check(*columns_of(lake.read_bars(SYMBOLS[0], as_of=snapshot)), last=last)


def rebuild(lake: Lake, state: Path) -> None:
    """Lose the state database: the rebuilt one shows the same."""
    n_minutes, snapshot, digest = newest_minute(lake), lake.snapshot(), lake.input_digest("bars")
    lake.state.close()
    for path in state.parent.glob(f"{state.name}*"):
        path.unlink()
    lost = open_lake(lake.root.parent, state=state, clock=lake.clock)

    lost.rebuild_catalog()

    assert (lost.snapshot(), lost.input_digest("bars")) == (snapshot, digest)
    assert check_whole(lost, n_minutes) == n_minutes
    check_past(lost)
    lost.state.close()


def newest_minute(lake: Lake) -> int:
    return sum(lake.sessions(SYMBOLS[0])["n_regular"])


def notes_of(lake: Lake) -> list[str]:
    """What the commits of a lake say of themselves."""
    with lake.state.read() as connection:
        return list(connection.execute(select(SNAPSHOT.c.note).order_by(SNAPSHOT.c.id)).scalars())


def test_a_killed_live_writer_loses_nothing_and_readers_never_notice(
    tmp_path: Path, state_place: Place
) -> None:
    seen = kill_live_writers(tmp_path / "home", state_place, "die-at-moments", 20)

    assert seen.reads >= len(READERS)
    assert seen.acknowledged >= 19
    assert seen.merged >= 1


@pytest.mark.prove
def test_two_hundred_kills_of_a_live_writer_at_random_moments(
    tmp_path: Path, state_place: Place, record_proof: Callable[..., None]
) -> None:
    seen = kill_live_writers(tmp_path / "home", state_place, "die-at-moments", 200)

    record_proof("lake: live, compacting writer killed at random moments beside four readers", **vars(seen))
    assert seen.acknowledged >= 199
    assert min(seen.rolled_up, seen.merged, seen.cleaned_keys) > 0


@pytest.mark.prove
def test_a_kill_of_a_live_writer_at_each_of_its_first_two_hundred_events(
    tmp_path: Path, state_place: Place, record_proof: Callable[..., None]
) -> None:
    seen = kill_live_writers(tmp_path / "home", state_place, "die-at-events", 200)

    record_proof("lake: live, compacting writer killed at each file and database event", **vars(seen))
    assert min(seen.rolled_up, seen.merged, seen.cleaned_keys) > 0


def test_two_live_writers_of_different_symbols_lose_and_double_nothing(
    tmp_path: Path, state_place: Place
) -> None:
    lake = open_lake(tmp_path, state=state_place, clock=FixedClock(OPENING + timedelta(hours=1)))

    with ExitStack() as stack:
        writers = [Actor(stack, PROGRAM, tmp_path, state_place, "append-part", number) for number in (0, 1)]
        for writer in writers:
            writer.go()
        for writer in writers:
            writer.finish()

    wanted = [OPENING + timedelta(minutes=minute) for minute in range(40)]
    for symbol in SYMBOLS:
        assert lake.read_bars(symbol)["ts"].to_list() == wanted
        assert lake.sessions(symbol)["n_regular"].to_list() == [40]
    assert notes_of(lake).count("") == 80
    assert lake.verify().findings == []
    assert lake.sweep(min_age_s=-CENTURY_S).orphan_files == 0
    lake.state.close()


def test_a_live_writer_a_backfill_and_a_compaction_of_one_session_lose_and_double_nothing(
    tmp_path: Path, state_place: Place
) -> None:
    lake = open_lake(tmp_path, state=state_place, clock=FixedClock(OPENING + timedelta(hours=2)))

    with ExitStack() as stack:
        writers = [Actor(stack, PROGRAM, tmp_path, state_place, "share", number) for number in (0, 1)]
        compaction = Actor(stack, PROGRAM, tmp_path, state_place, "compact")
        for actor in (*writers, compaction):
            actor.go()
        for writer in writers:
            writer.finish()
        (tmp_path / "stop").touch()
        n_merged = int(compaction.finish())

    bars = lake.read_bars("SPY")
    assert bars["ts"].to_list() == [OPENING + timedelta(minutes=minute) for minute in range(60)]
    # The live writer brought even minutes, and each but its last one anew with the next; the backfill odd ones.
    closes = [min(minute + 3.0, 59.0) if minute % 2 == 0 else minute + 1.0 for minute in range(60)]
    assert bars["close"].to_list() == closes
    revisions = lake.scan("revisions").collect()
    assert revisions["close"].to_list() == [minute + 1.0 for minute in range(0, 58, 2)]
    assert n_merged >= 1
    assert notes_of(lake).count("") == 60
    assert lake.verify().findings == []
    assert lake.sweep(min_age_s=-CENTURY_S).orphan_files == 0
    lake.state.close()
