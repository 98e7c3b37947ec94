"""A writer killed at random moments beside readers in other processes; two writers on one partition."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from quantmill.testing.lakes import open_lake
from tests.databases import Place
from tests.postgres_server import PostgresServer
from tests.s3_server import S3Server
from tests.workflows.actor import Actor
from tests.workflows.lake_actors import QUERY, SYMBOLS, check, newest_note, open_place

PROGRAM = "lake_actors"
READERS = ("read-polars", "read-polars", "read-sql", "read-sql")
ONE_DAY_S = 86_400


@dataclass
class Kills:
    """What was seen while a writer was killed again and again."""

    kills: int
    reads: int = 0
    commits: int = 0
    acknowledged: int = 0
    leftovers: int = 0


def kill_writers(home: Path, state: Place, role: str, n_kills: int) -> Kills:
    """Let writers die one after another beside four readers, then check what is left."""
    lake = open_place(home, state)
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
    seen.commits = check(lake.sql(QUERY).rows())
    assert seen.commits >= seen.acknowledged
    assert lake.snapshot() == seen.commits
    assert lake.verify().findings == []
    swept = lake.sweep(min_age_s=-ONE_DAY_S * 36_500)
    seen.leftovers = swept.partial_files + swept.orphan_files
    assert lake.verify().findings == []
    assert check(lake.sql(QUERY).rows()) == seen.commits
    lake.state.close()
    return seen


def test_a_killed_writer_leaves_whole_commits_and_readers_never_notice(
    tmp_path: Path, state_place: Place
) -> None:
    seen = kill_writers(tmp_path / "home", state_place, "die-at-moments", 8)

    assert seen.reads > 0
    assert seen.acknowledged >= 7


def test_a_killed_writer_of_a_bucket_leaves_whole_commits(
    tmp_path: Path, postgres: PostgresServer, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = postgres.fresh()
    for name, value in s3.environment(s3.fresh()).items():
        monkeypatch.setenv(name, value)

    seen = kill_writers(tmp_path / "home", place, "die-at-moments", 3)

    postgres.drop(place)
    assert seen.reads > 0
    assert seen.acknowledged >= 1


@pytest.mark.prove
def test_a_hundred_kills_at_random_moments(
    tmp_path: Path, state_place: Place, record_proof: Callable[..., None]
) -> None:
    seen = kill_writers(tmp_path / "home", state_place, "die-at-moments", 100)

    record_proof("lake: writer killed at random moments beside 2 Polars and 2 SQL readers", **vars(seen))
    assert seen.acknowledged >= 99


@pytest.mark.prove
def test_a_kill_at_every_event_of_two_commits(
    tmp_path: Path, state_place: Place, record_proof: Callable[..., None]
) -> None:
    seen = kill_writers(tmp_path / "home", state_place, "die-at-events", 140)

    record_proof("lake: writer killed at each file and database event of two commits", **vars(seen))
    assert seen.commits > 0


def test_two_writers_on_one_partition_lose_and_double_nothing(tmp_path: Path, state_place: Place) -> None:
    lake = open_lake(tmp_path, state=state_place)

    with ExitStack() as stack:
        writers = [Actor(stack, PROGRAM, tmp_path, state_place, "add", number) for number in (0, 1)]
        for writer in writers:
            writer.go()
        for writer in writers:
            writer.finish()

    bars = lake.read_bars(SYMBOLS[0])
    assert bars.height == bars["ts"].n_unique() == 30
    assert lake.snapshot() == 30
    assert lake.verify().findings == []
    assert lake.sweep(min_age_s=-ONE_DAY_S * 36_500).orphan_files == 0
    lake.state.close()
