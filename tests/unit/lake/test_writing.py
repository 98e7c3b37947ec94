"""Writes: what is merged, refused, published together, and left behind on failure."""

import errno
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from quantmill.core.bars import BAR_SCHEMA
from quantmill.core.clock import FixedClock
from quantmill.errors import (
    BadBarsError,
    CommitConflictError,
    ConflictError,
    DamagedFileError,
    NotFoundError,
    SchemaDriftError,
    StoreError,
    SymbolKindError,
)
from quantmill.lake import Lake
from quantmill.testing.lakes import FIRST_MINUTE, make_bars, open_lake
from tests.databases import Databases

LAKES = {name: datetime(2026, 11, day, tzinfo=UTC) for name, day in (("early", 1), ("late", 2))}
DEAR = pl.col("close", "open", "high", "low") + 5.0


def data_files(lake: Lake) -> list[str]:
    return sorted(path.relative_to(lake.root).as_posix() for path in lake.root.rglob("*.parquet"))


def test_written_bars_come_back_in_order_with_the_declared_schema(lake: Lake) -> None:
    bars = make_bars("SPY", 20)

    commit = lake.write("bars", bars.reverse())

    stored = lake.read_bars("SPY")
    assert (commit.snapshot, commit.inserted, commit.files) == (1, 20, 1)
    assert dict(stored.schema) == BAR_SCHEMA
    assert stored.select(bars.columns).equals(bars)
    assert stored["ingested_at"].unique().to_list() == [lake.clock.now()]


def test_writing_the_same_bars_again_makes_no_snapshot_and_no_file(lake: Lake) -> None:
    lake.write("bars", make_bars("SPY", 20))
    before = data_files(lake)

    again = lake.write("bars", make_bars("SPY", 20))

    assert (again.snapshot, again.inserted, again.existing, again.conflicts, again.files) == (1, 0, 20, 0, 0)
    assert data_files(lake) == before


def test_policy_keep_counts_conflicts_and_keeps_the_stored_rows(lake: Lake) -> None:
    lake.write("bars", make_bars("SPY", 10))

    commit = lake.write("bars", make_bars("SPY", 12).with_columns(DEAR))

    assert (commit.inserted, commit.existing, commit.conflicts, commit.replaced) == (2, 10, 10, 0)
    assert lake.read_bars("SPY")["close"].to_list()[8:] == [100.08, 100.09, 105.1, 105.11]


def test_policy_replace_keeps_the_replaced_rows_as_revisions_of_the_same_snapshot(lake: Lake) -> None:
    lake.write("bars", make_bars("SPY", 10))

    commit = lake.write("bars", make_bars("SPY", 3).with_columns(DEAR), on_conflict="replace")

    revisions = lake.scan("revisions").collect()
    assert (commit.snapshot, commit.replaced, commit.conflicts, commit.inserted) == (2, 3, 3, 0)
    assert revisions["close"].to_list() == [100.0, 100.01, 100.02]
    assert revisions["superseded_at"].unique().to_list() == [lake.clock.now()]
    assert lake.files("revisions")[0].added == lake.files("bars")[0].added == 2
    assert lake.read_bars("SPY")["close"].to_list()[:4] == [105.0, 105.01, 105.02, 100.03]
    assert lake.read_bars("SPY", as_of=1)["close"].to_list()[:2] == [100.0, 100.01]


def test_policy_fail_names_the_first_conflict_and_stores_nothing(lake: Lake) -> None:
    lake.write("bars", make_bars("SPY", 10))
    before = data_files(lake)
    offered = make_bars("SPY", 12).with_columns(close=pl.col("close") + 0.005)

    with pytest.raises(ConflictError, match=r"10 rows differ.*first SPY, 2024-03-12 13:30:00"):
        lake.write("bars", offered, on_conflict="fail")

    assert data_files(lake) == before
    assert lake.snapshot() == 1


def test_a_null_that_meets_a_value_is_a_conflict_and_null_meets_null_is_not(lake: Lake) -> None:
    bars = make_bars("SPY", 2)
    lake.write("bars", bars.with_columns(volume=pl.Series([None, None], dtype=pl.Float64)))

    commit = lake.write("bars", bars.with_columns(volume=pl.Series([None, 5.0], dtype=pl.Float64)))

    assert (commit.existing, commit.conflicts) == (2, 1)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda bars: bars.drop("close"), SchemaDriftError, "column 'close' is missing"),
        (lambda bars: bars.with_columns(extra=pl.lit(1)), SchemaDriftError, "column 'extra' is not declared"),
        (
            lambda bars: bars.cast({"close": pl.Float32}),
            SchemaDriftError,
            "'close' is Float32, needed is Float64",
        ),
        (
            lambda bars: bars.with_columns(pl.col("ts").dt.replace_time_zone(None)),
            SchemaDriftError,
            "column 'ts'",
        ),
        (lambda bars: bars.with_columns(close=float("nan")), BadBarsError, "'close' is NaN in 4 of 4 rows"),
        (lambda bars: bars.with_columns(high=float("inf")), BadBarsError, "not finite"),
        (lambda bars: bars.with_columns(open=pl.lit(None, pl.Float64)), BadBarsError, "'open' is null"),
        (lambda bars: bars.with_columns(high=pl.col("low") - 1), BadBarsError, "high is not the highest"),
        (lambda bars: bars.with_columns(low=0.0), BadBarsError, "not above zero in 4 rows, first SPY"),
        (lambda bars: bars.with_columns(volume=-1.0), BadBarsError, "volume is negative"),
        (lambda bars: bars.with_columns(vwap=float("inf")), BadBarsError, "vwap is not finite in 4 rows"),
        (
            lambda bars: bars.with_columns(vwap=pl.Series([None, None, float("nan"), 1.0])),
            BadBarsError,
            "'vwap' is NaN in 1 of 4 rows",
        ),
        (
            lambda bars: bars.with_columns(volume=pl.Series([None, 1.0, None, -1.0])),
            BadBarsError,
            "volume is negative or not finite in 1 rows, first SPY 2024-03-12 13:33",
        ),
        (lambda bars: bars.with_columns(symbol=pl.lit("spy")), BadBarsError, "'spy' is stored as 'SPY'"),
        (lambda bars: bars.with_columns(ts=FIRST_MINUTE), BadBarsError, "3 rows repeat the key"),
        (lambda bars: bars.with_columns(pl.col("ts") + timedelta(seconds=7)), BadBarsError, "whole minute"),
        (lambda bars: bars.with_columns(pl.col("ts").dt.offset_by("-60y")), BadBarsError, "outside 1990"),
    ],
)
def test_bars_that_do_not_fit_are_refused_with_the_column_named(
    lake: Lake, change: Callable[[pl.DataFrame], pl.DataFrame], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        lake.write("bars", change(make_bars("SPY", 4)))

    assert lake.snapshot() == 0
    assert data_files(lake) == []


def test_an_index_may_be_at_or_below_zero(lake: Lake) -> None:
    lake.write("bars", make_bars("I:TICK", 4, close=-300.0))

    assert lake.read_bars("I:TICK")["close"][0] == -300.0


def test_closed_years_lie_in_one_file_and_the_open_year_in_months(lake: Lake) -> None:
    starts = [datetime(2024, 1, 30, 15, tzinfo=UTC), datetime(2024, 2, 1, 15, tzinfo=UTC)]
    starts += [datetime(2026, 10, 30, 15, tzinfo=UTC), datetime(2026, 11, 2, 15, tzinfo=UTC)]

    lake.write("bars", pl.concat([make_bars("SPY", 5, start=start) for start in starts]))

    assert [(file.period, file.rows) for file in lake.files("bars")] == [
        ("2024", 10),
        ("2026-10", 5),
        ("2026-11", 5),
    ]
    assert all(file.path.startswith(f"bars/symbol=SPY/{file.period}.") for file in lake.files("bars"))


def test_a_year_kept_in_months_stays_in_months_after_it_closed(lake: Lake) -> None:
    lake.write("bars", make_bars("SPY", 5, start=datetime(2026, 10, 30, 15, tzinfo=UTC)))
    later = Lake.open(lake.root, lake.state, FixedClock(datetime(2027, 1, 4, tzinfo=UTC)))

    later.write("bars", make_bars("SPY", 8, start=datetime(2026, 10, 30, 15, tzinfo=UTC)))
    later.write("bars", make_bars("SPY", 8, start=datetime(2026, 12, 30, 15, tzinfo=UTC)))

    assert [(file.period, file.rows) for file in later.files("bars")] == [("2026-10", 8), ("2026-12", 8)]
    assert later.verify().ok


def test_a_session_never_lies_in_two_files(lake: Lake) -> None:
    # 19:30 New York on 2026-07-31 is 23:30 UTC: the hour reaches into August in UTC, not in New York.
    evening = make_bars("SPY", 60, start=datetime(2026, 7, 31, 23, 30, tzinfo=UTC))
    new_year = make_bars("QQQ", 60, start=datetime(2024, 12, 31, 23, 50, tzinfo=UTC))

    lake.write("bars", pl.concat([evening, new_year]))

    assert [(file.key, file.period) for file in lake.files("bars")] == [("QQQ", "2024"), ("SPY", "2026-07")]


def test_session_counts_split_regular_from_extended_minutes(lake: Lake) -> None:
    # 2024-11-29 is a half day: 09:30 to 13:00 New York, 14:30 to 18:00 UTC.
    lake.write("bars", make_bars("SPY", 300, start=datetime(2024, 11, 29, 14, 0, tzinfo=UTC)))

    assert lake.sessions("SPY").rows() == [(date(2024, 11, 29), 210, 90)]
    assert lake.files("bars")[0].n_extended == 90


def test_partitions_of_several_datasets_are_published_by_one_commit(lake: Lake) -> None:
    actions = pl.DataFrame(
        {"symbol": ["SPY"], "ex_date": [date(2024, 3, 1)], "kind": ["split"], "ratio": [2.0]}
    )
    staged = [lake.stage("bars", make_bars("SPY", 5)), lake.stage("corporate_actions", actions)]
    assert lake.symbols().height == 0

    commit = lake.commit(staged, job_id="j-1", note="both")

    assert (commit.snapshot, commit.inserted, commit.files) == (1, 6, 2)
    assert {file.added for name in ("bars", "corporate_actions") for file in lake.files(name)} == {1}


def test_a_commit_inside_a_transaction_is_published_or_not_with_it(lake: Lake) -> None:
    staged = lake.stage("bars", make_bars("SPY", 5))
    with lake.state.write() as connection:
        lake.commit([staged], connection=connection)
        assert lake.snapshot() == 0
        connection.rollback()
    assert lake.snapshot() == 0

    with lake.state.write() as connection:
        lake.commit([staged], connection=connection)

    assert lake.read_bars("SPY").height == 5


def test_the_second_of_two_commits_to_one_partition_conflicts_and_leaves_no_file(lake: Lake) -> None:
    first, second = (lake.stage("bars", make_bars("SPY", n)) for n in (5, 7))
    lake.commit([first])

    with pytest.raises(CommitConflictError, match="bars SPY 2024"):
        lake.commit([second])

    assert data_files(lake) == [lake.files("bars")[0].path]


def test_a_conflict_inside_a_transaction_leaves_nothing_of_the_commit_in_it(lake: Lake) -> None:
    first, second = (lake.stage("bars", make_bars("SPY", n)) for n in (5, 7))
    lake.commit([first])

    with lake.state.write() as connection, pytest.raises(CommitConflictError):
        lake.commit([second], connection=connection)

    assert lake.snapshot() == 1
    assert lake.verify().ok


def test_a_month_file_beside_a_year_file_staged_at_the_same_time_conflicts(lake: Lake) -> None:
    next_year = Lake.open(lake.root, lake.state, FixedClock(datetime(2027, 1, 4, tzinfo=UTC)))
    bars = make_bars("SPY", 5, start=datetime(2026, 11, 2, 15, tzinfo=UTC))
    by_month, by_year = lake.stage("bars", bars), next_year.stage("bars", bars)
    lake.commit([by_month])

    with pytest.raises(CommitConflictError):
        next_year.commit([by_year])


def test_a_swept_staged_file_is_never_published(lake: Lake) -> None:
    staged = lake.stage("bars", make_bars("SPY", 5))
    (lake.root / staged.drafts[0].path).unlink()

    with pytest.raises(CommitConflictError, match="swept away"):
        lake.commit([staged])


def test_one_commit_may_not_hold_a_partition_twice(lake: Lake) -> None:
    staged = [lake.stage("bars", make_bars("SPY", n)) for n in (5, 7)]

    with pytest.raises(ValueError, match="twice"):
        lake.commit(staged)


@pytest.mark.parametrize(("stored", "offered"), [("files", "sim"), ("sim", "files"), ("sim:noise", "files")])
def test_synthetic_and_real_bars_never_share_a_symbol(lake: Lake, stored: str, offered: str) -> None:
    lake.write("bars", make_bars("SPY", 5, provider=stored))
    before = data_files(lake)

    with pytest.raises(SymbolKindError, match="SPY") as caught:
        lake.write("bars", make_bars("SPY", 9, provider=offered), on_conflict="replace")

    assert "--home" in caught.value.hint
    assert data_files(lake) == before


def test_a_frame_of_both_kinds_is_refused(lake: Lake) -> None:
    later = FIRST_MINUTE + timedelta(hours=1)
    mixed = pl.concat([make_bars("SPY", 5), make_bars("SPY", 5, start=later, provider="sim")])

    with pytest.raises(SymbolKindError, match="partly synthetic"):
        lake.write("bars", mixed)


def test_an_offered_feature_month_takes_the_place_of_the_stored_one(lake: Lake) -> None:
    name = "features/core@0a1b2c3d/1m"
    bars = make_bars("SPY", 6)
    month = bars.select("symbol", "ts", rsi_14=pl.col("close").cast(pl.Float32))
    lake.write(name, month)

    shorter = lake.write(name, month.head(4))
    same = lake.write(name, month.head(4))

    assert (shorter.inserted, shorter.replaced, shorter.files) == (4, 6, 1)
    assert (same.existing, same.files, same.snapshot) == (4, 0, shorter.snapshot)
    assert lake.scan(name).collect().height == 4
    assert lake.files(name)[0].path.startswith(f"{name}/symbol=SPY/2024-03.")


def test_a_feature_may_be_null_but_not_nan(lake: Lake) -> None:
    frame = make_bars("SPY", 2).select("symbol", "ts", a=pl.Series([None, float("nan")], dtype=pl.Float32))

    with pytest.raises(SchemaDriftError, match="'a' is NaN in 1 of 2 rows"):
        lake.write("features/core@0a1b2c3d/1m", frame)


def test_older_files_give_null_for_a_column_that_came_later(lake: Lake) -> None:
    one = pl.DataFrame({"batch_id": ["b"], "sharpe": [1.0]})
    two = pl.DataFrame({"batch_id": ["b"], "sharpe": [2.0], "z": [True]})
    lake.write("trials", one, period="0")
    lake.write("trials", two, period="1")

    assert lake.scan("trials", keys=["b"]).sort("sharpe").collect()["z"].to_list() == [None, True]


def test_a_run_without_trades_is_stored_as_such(lake: Lake) -> None:
    empty = pl.DataFrame(schema={"run_id": pl.String, "pnl_usd": pl.Float64})

    lake.write("trades", empty, key="r-1")

    assert lake.keys("trades") == ["r-1"]
    assert lake.scan("trades", keys=["r-1"]).collect().height == 0


def test_quarantined_rows_are_kept_once_also_without_symbol_and_time(lake: Lake) -> None:
    row = {
        "symbol": None,
        "ts": None,
        "reason": "no time",
        "raw": "{}",
        "source": "a.csv",
        "row_digest": "d1",
    }
    frame = pl.DataFrame([row], schema_overrides={"symbol": pl.String, "ts": pl.Datetime("us", "UTC")})
    frame = frame.with_columns(provider=pl.lit("files"))

    first, second = (lake.write("quarantine", frame) for _ in range(2))

    assert (first.inserted, second.existing, second.files) == (1, 1, 0)
    assert lake.scan("quarantine").collect()["row_digest"].to_list() == ["d1"]


def test_an_unknown_dataset_is_named_with_those_that_exist(lake: Lake) -> None:
    with pytest.raises(NotFoundError, match="'bar'") as caught:
        lake.write("bar", make_bars("SPY", 1))

    assert "bars" in caught.value.hint


def test_the_footer_lets_a_catalogue_be_rebuilt(lake: Lake) -> None:
    lake.write("bars", make_bars("SPY", 5))
    old = lake.files("bars")[0]
    lake.write("bars", make_bars("SPY", 6))
    new = lake.files("bars")[0]

    metadata = pl.read_parquet_metadata(lake.root / new.path)

    footer = {
        name.removeprefix("quantmill."): value for name, value in metadata.items() if "quantmill" in name
    }
    assert footer == {
        "dataset": "bars",
        "tier": "base",
        "key": "SPY",
        "period": "2024",
        "snapshot_base": "1",
        "replaces": old.path,
        "content_sha256": new.content_sha256,
        "schema_id": new.schema_id,
    }


def test_the_input_digest_is_that_of_the_rows_not_of_the_moment(databases: Databases, tmp_path: Path) -> None:
    early, late = (
        open_lake(tmp_path / name, state=databases.fresh(tmp_path / name), clock=FixedClock(now))
        for name, now in LAKES.items()
    )
    early.write("bars", make_bars("SPY", 30))
    late.write("bars", make_bars("SPY", 10))
    late.write("bars", make_bars("SPY", 30))

    assert late.input_digest("bars") == early.input_digest("bars")
    assert late.input_digest("bars", as_of=1) != early.input_digest("bars")
    assert late.files("bars")[0].sha256 != early.files("bars")[0].sha256
    for opened in (early, late):
        opened.state.close()


def test_a_full_disk_is_one_clear_line_and_leaves_nothing(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(StoreError, match="No space left on device") as caught:
        lake.write("bars", make_bars("SPY", 5))

    assert "free space" in caught.value.hint
    assert data_files(lake) == list(lake.root.rglob("*.partial")) == []


def test_a_damaged_stored_file_stops_the_write_that_would_merge_with_it(lake: Lake) -> None:
    lake.write("bars", make_bars("SPY", 5))
    (lake.root / lake.files("bars")[0].path).write_bytes(b"no parquet")

    with pytest.raises(DamagedFileError, match="bars/symbol=SPY/2024"):
        lake.write("bars", make_bars("SPY", 6))

    assert lake.snapshot() == 1
