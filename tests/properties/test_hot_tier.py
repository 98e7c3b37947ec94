"""Live minutes, bulk writes, compaction, cleaning, pins and rebuilding in any order: the lake is a dictionary."""

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import delete, update

from quantmill.core.bars import BAR_SCHEMA, ts_of
from quantmill.core.clock import FixedClock
from quantmill.core.instants import MINUTE_US, to_us
from quantmill.core.symbols import describe_symbol
from quantmill.errors import ConflictError
from quantmill.lake import Lake
from quantmill.lake.commits import Commit
from quantmill.lake.compacting import FILES_PER_ROLL_UP
from quantmill.lake.merging import OnConflict
from quantmill.state.tables.catalogue import (
    DATASET_SCHEMA,
    FILE,
    FILE_KEYS,
    FILE_SESSION,
    LAKE_FLOOR,
    LAKE_HEAD,
    PIN,
    SNAPSHOT,
)
from quantmill.state.tables.symbols import SYMBOL
from quantmill.testing.lakes import open_lake
from tests.databases import Databases

Key = tuple[str, int]
Rows = dict[Key, float]

PROVIDERS = {"SPY": "files", "SIM": "sim", "X:BTC-USD": "files"}
NOON = datetime(2026, 11, 20, 17, tzinfo=UTC)
# Two neighbouring sessions, the last and the first one of a year; of each: before the open, inside, after the close.
SESSIONS = [
    datetime(*day, 14, 30, tzinfo=UTC)
    for day in ((2026, 11, 19), (2026, 11, 20), (2026, 12, 31), (2027, 1, 4))
]
MINUTES = [
    to_us(opening + timedelta(minutes=minute))
    for opening in SESSIONS
    for minute in (-5, 0, 1, 2, 120, 121, 389, 395)
]
LATE = timedelta(minutes=15)
PAUSES = [
    timedelta(minutes=1),
    timedelta(minutes=14),
    timedelta(hours=5),
    timedelta(days=1),
    timedelta(days=41),
]
TYPES = {name: BAR_SCHEMA[name] for name in ("symbol", "open", "high", "low", "close", "provider", "feed")}
OF_CATALOGUE = (FILE_SESSION, FILE_KEYS, FILE, LAKE_FLOOR, PIN, SNAPSHOT, DATASET_SCHEMA, SYMBOL)

rows_of_one_write = st.dictionaries(
    st.tuples(st.sampled_from(list(PROVIDERS)), st.sampled_from(MINUTES)),
    st.sampled_from([1.0, 2.0, 3.0]),
    min_size=1,
    max_size=12,
)
policies = st.sampled_from(["keep", "replace", "replace", "fail"])


def frame_of(rows: Rows) -> pl.DataFrame:
    prices = list(rows.values())
    return pl.DataFrame(
        {
            "symbol": [symbol for symbol, _ in rows],
            "ts": ts_of(np.array([us for _, us in rows], dtype=np.int64)),
            **dict.fromkeys(("open", "high", "low", "close"), prices),
            "provider": [PROVIDERS[symbol] for symbol, _ in rows],
            "feed": ["test"] * len(rows),
        },
        schema_overrides=TYPES,
    )


def rows_of(bars: pl.DataFrame) -> list[tuple[str, int, float]]:
    return bars.select("symbol", pl.col("ts").to_physical(), "close").rows()


def flat(rows: Rows, symbol: str | None = None) -> list[tuple[str, int, float]]:
    return sorted((name, us, price) for (name, us), price in rows.items() if symbol in {None, name})


def is_regular(symbol: str, us: int) -> bool:
    """By hand: New York trades from 14:30 to 21:00 UTC on these days, crypto always."""
    minute = us // MINUTE_US % 1440
    return describe_symbol(symbol).calendar == "24/7" or 14 * 60 + 30 <= minute < 21 * 60


def counts_of(rows: Rows, symbol: str) -> list[tuple[int, int, int]]:
    """Sessions as days since 1970 with regular and extended bars; no minute here lies on another date in New York."""
    days: dict[int, list[int]] = {}
    for name, us in rows:
        if name == symbol:
            days.setdefault(us // (1440 * MINUTE_US), [0, 0])[not is_regular(symbol, us)] += 1
    return [(day, *counts) for day, counts in sorted(days.items())]


@dataclass
class Truth:
    """What the lake should hold: bars, bars replaced with the reason why, and bars of each snapshot and instant."""

    bars: Rows = field(default_factory=dict[Key, float])
    revisions: list[tuple[str, int, float, str]] = field(default_factory=list[tuple[str, int, float, str]])
    snapshots: dict[int, Rows] = field(default_factory=dict[int, Rows])
    instants: dict[datetime, Rows] = field(default_factory=dict[datetime, Rows])


class HotTier(RuleBasedStateMachine):
    """Uses of a lake beside a dictionary that they change in the same way."""

    databases: Databases

    def __init__(self) -> None:
        super().__init__()
        self.stack, self.pins = ExitStack(), ExitStack()
        folder = Path(self.stack.enter_context(TemporaryDirectory()))
        self.clock = FixedClock(NOON)
        self.lake = self.open(folder)
        self.truth = Truth()
        self.pinned: dict[int, Rows] = {}

    def open(self, folder: Path) -> Lake:
        self.stack.enter_context(self.databases.dropping())
        lake = open_lake(folder, state=self.databases.fresh(folder), clock=self.clock)
        self.stack.callback(lake.state.close)
        return lake

    @initialize()
    def start(self) -> None:
        self.truth.snapshots[0] = {}

    @rule(rows=rows_of_one_write, policy=policies)
    def append_live(self, rows: Rows, policy: OnConflict) -> None:
        self.store(rows, policy, is_live=True)

    @rule(rows=rows_of_one_write, policy=policies)
    def write(self, rows: Rows, policy: OnConflict) -> None:
        self.store(rows, policy, is_live=False)

    @rule(
        symbols=st.sets(st.sampled_from(list(PROVIDERS)), min_size=1), opening=st.sampled_from(SESSIONS[1:])
    )
    def trade_for_five_minutes(self, symbols: set[str], opening: datetime) -> None:
        """Minutes as they come, so many that they are rolled up."""
        for minute in range(5):
            start = opening + timedelta(minutes=minute)
            self.clock.instant = max(self.clock.instant, start + timedelta(seconds=61))
            self.store({(symbol, to_us(start)): 4.0 for symbol in sorted(symbols)}, "replace", is_live=True)

    @rule(pause=st.sampled_from(PAUSES))
    def wait(self, pause: timedelta) -> None:
        self.clock.instant += pause

    @rule(pause=st.sampled_from(PAUSES))
    def compact(self, pause: timedelta) -> None:
        self.clock.instant += pause
        digest = self.lake.input_digest("bars")
        self.lake.compact()
        self.note_snapshots()

        assert self.lake.input_digest("bars") == digest
        assert self.lake.compact().sessions == 0

    @rule(pause=st.sampled_from(PAUSES))
    def clean(self, pause: timedelta) -> None:
        self.clock.instant += pause
        self.lake.clean(grace_s=300.0)

        # An hour later nothing but what pins hold is left beside the live files.
        self.clock.instant += timedelta(hours=2)
        report = self.lake.clean(grace_s=300.0)
        stored = {
            path.relative_to(self.lake.root).as_posix() for path in self.lake.root.rglob("[!_]*/**/*.parquet")
        }
        live = {file.path for name in ("bars", "revisions") for file in self.lake.files(name)}
        assert live <= stored
        assert len(stored - live) == report.pinned_files

    @rule()
    def pin(self) -> None:
        snapshot = self.pins.enter_context(self.lake.pin("a test", for_s=10 * 365 * 86_400.0))
        self.pinned[snapshot] = dict(self.truth.bars)

    @rule()
    def unpin(self) -> None:
        self.pins.close()
        self.pinned.clear()

    @rule()
    def lose_and_rebuild_the_catalogue(self) -> None:
        self.unpin()
        seen = self.lake.symbols()
        snapshot = self.lake.snapshot()
        with self.lake.state.write() as connection:
            for table in OF_CATALOGUE:
                connection.execute(delete(table))
            connection.execute(update(LAKE_HEAD).values(snapshot=0))

        report = self.lake.rebuild_catalog()

        assert (self.lake.snapshot(), report.dropped_snapshot) == (snapshot, None)
        assert self.lake.symbols().equals(seen)

    @invariant()
    def every_reader_sees_the_truth(self) -> None:
        expected = flat(self.truth.bars)
        scanned = self.lake.scan("bars").collect()
        assert sorted(rows_of(scanned)) == expected
        query = "SELECT symbol, epoch_us(ts), close FROM bars ORDER BY ALL"
        assert self.lake.sql(query).rows() == expected
        known = self.lake.symbols()
        assert known["symbol"].to_list() == sorted({symbol for symbol, _ in self.truth.bars})
        for symbol, n_rows, n_sessions, providers in known.select(
            "symbol", "rows", "sessions", "providers"
        ).rows():
            own = flat(self.truth.bars, symbol)
            regular = [row for row in own if is_regular(symbol, row[1])]
            counts = counts_of(self.truth.bars, symbol)
            assert rows_of(self.lake.read_bars(symbol, hours="extended")) == own
            assert rows_of(self.lake.read_bars(symbol)) == regular
            for n_bars in (1, 3):
                assert rows_of(self.lake.tail(symbol, n_bars)) == regular[-n_bars:]
                assert rows_of(self.lake.tail(symbol, n_bars, hours="extended")) == own[-n_bars:]
            days = self.lake.sessions(symbol).with_columns(pl.col("session").to_physical())
            assert days.rows() == counts
            assert (n_rows, n_sessions) == (len(own), sum(n_regular > 0 for _, n_regular, _ in counts))
            assert providers == [PROVIDERS[symbol]]

    @invariant()
    def replaced_bars_are_kept(self) -> None:
        columns = ("symbol", pl.col("ts").to_physical(), "close", "reason")
        stood = self.lake.scan("revisions").filter(pl.col("reason") != "offered")
        kept = stood.select(*columns).collect().rows()
        assert Counter(kept) == Counter(self.truth.revisions)

    @invariant()
    def disk_and_catalogue_agree(self) -> None:
        assert self.lake.verify().findings == []

    @invariant()
    def pinned_snapshots_are_whole(self) -> None:
        for snapshot, bars in self.pinned.items():
            assert sorted(rows_of(self.lake.scan("bars", as_of=snapshot).collect())) == flat(bars)

    @invariant()
    def a_past_snapshot_is_what_it_was(self) -> None:
        some = sorted(self.truth.snapshots)[-6::2]
        self.check_past(some)

    def teardown(self) -> None:
        with self.stack, self.pins:
            self.check_past(self.truth.snapshots)
            for instant, bars in self.truth.instants.items():
                for symbol in {symbol for symbol, _ in self.truth.bars}:
                    seen = self.lake.read_bars(symbol, hours="extended", as_of=instant)
                    assert rows_of(seen) == flat(bars, symbol)
            if self.truth.bars:
                fresh = self.open(self.lake.root.parent / "fresh")
                fresh.write("bars", frame_of(self.truth.bars))
                assert fresh.input_digest("bars") == self.lake.input_digest("bars")

    def store(self, rows: Rows, policy: OnConflict, *, is_live: bool) -> None:
        """Write to the lake and to the dictionary, and compare how the rows fared."""
        truth = self.truth
        self.clock.instant += timedelta(seconds=1)
        truth.instants[self.clock.instant - timedelta(microseconds=1)] = dict(truth.bars)
        now_us = to_us(self.clock.instant)
        late = {
            key for key in rows if is_live and now_us - key[1] - MINUTE_US > LATE / timedelta(microseconds=1)
        }
        known = rows.keys() & truth.bars.keys()
        differing = {key for key in known if truth.bars[key] != rows[key]}
        frame = frame_of(rows)
        if policy == "fail" and differing:
            with pytest.raises(ConflictError, match=f"{len(differing)} rows differ"):
                self.offer(frame, policy, is_live=is_live)
            return
        commit = self.offer(frame, policy, is_live=is_live)
        if policy == "replace":
            truth.revisions += [
                (*key, truth.bars[key], "late" if key in late else "replaced") for key in differing
            ]
            truth.bars |= rows
        else:
            truth.bars = rows | truth.bars
        self.note_snapshots()
        assert (commit.inserted, commit.existing, commit.conflicts) == (
            len(rows) - len(known),
            len(known),
            len(differing),
        )
        assert commit.replaced == (len(differing) if policy == "replace" else 0)
        assert commit.late == len(late)

    def offer(self, frame: pl.DataFrame, policy: OnConflict, *, is_live: bool) -> Commit:
        if is_live:
            return self.lake.append_live(frame, on_conflict=policy)
        return self.lake.write("bars", frame, on_conflict=policy)

    def note_snapshots(self) -> None:
        """All snapshots since the last look show the same bars: housekeeping changes none."""
        for snapshot in range(len(self.truth.snapshots), self.lake.snapshot() + 1):
            self.truth.snapshots[snapshot] = dict(self.truth.bars)

    def check_past(self, snapshots: Iterable[int]) -> None:
        for snapshot in snapshots:
            for symbol in {symbol for symbol, _ in self.truth.bars}:
                seen = self.lake.read_bars(symbol, hours="extended", as_of=snapshot)
                assert rows_of(seen) == flat(self.truth.snapshots[snapshot], symbol)


@pytest.fixture
def often_rolled_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A roll-up of three segments, a larger one of two roll-ups: with few minutes all kinds of files come about."""
    for kind, count in {"s": 3, "r": 2}.items():
        monkeypatch.setitem(FILES_PER_ROLL_UP, kind, count)


@pytest.mark.usefixtures("often_rolled_up")
def test_the_hot_tier_is_a_dictionary(databases: Databases) -> None:
    machine = type("HotTierThere", (HotTier,), {"databases": databases})

    # A failure is shown as it was found: making it small would take minutes.
    short = settings(max_examples=6, stateful_step_count=12, phases=(Phase.generate,))
    run_state_machine_as_test(machine, settings=short)
