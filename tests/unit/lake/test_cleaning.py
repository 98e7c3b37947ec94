"""Cleaning deletes what nobody can need; snapshots that lose files are refused, or answered from revisions."""

from datetime import UTC, datetime, timedelta

import pytest

from quantmill.core.clock import FixedClock
from quantmill.errors import NotFoundError, UsageError
from quantmill.lake import Lake
from quantmill.testing.lakes import make_bars

DAY = timedelta(days=1)


def clock_of(lake: Lake) -> FixedClock:
    assert isinstance(lake.clock, FixedClock)
    return lake.clock


def three_versions(lake: Lake) -> None:
    """Minute 0 of SPY at 100, 101, 102 dollars, an hour apart; a minute 1 with the second version."""
    lake.write("bars", make_bars("SPY", 1))
    clock_of(lake).instant += timedelta(hours=1)
    lake.write("bars", make_bars("SPY", 2, close=101.0), on_conflict="replace")
    clock_of(lake).instant += timedelta(hours=1)
    lake.write("bars", make_bars("SPY", 1, close=102.0), on_conflict="replace")


def test_a_retired_file_is_kept_for_the_grace_and_deleted_after_it(lake: Lake) -> None:
    three_versions(lake)
    assert lake.clean().retired_files == 0

    clock_of(lake).instant += DAY + timedelta(seconds=1)
    report = lake.clean()

    # Two bar files, and the revisions of the second write, which the third wrote anew.
    assert (report.retired_files, report.leftover_files, report.pinned_files) == (3, 0, 0)
    assert report.n_bytes > 0
    assert lake.verify().findings == []
    assert sorted(path.name for path in lake.root.rglob("*.parquet")) == sorted(
        file.path.rpartition("/")[2] for name in ("bars", "revisions") for file in lake.files(name)
    )


def test_bars_of_a_snapshot_whose_files_are_gone_come_from_revisions(lake: Lake) -> None:
    three_versions(lake)
    before = {number: lake.read_bars("SPY", as_of=number) for number in (1, 2, 3)}
    digests = {number: lake.input_digest("bars", keys=["SPY"], as_of=number) for number in (1, 2, 3)}
    clock_of(lake).instant += 2 * DAY
    lake.clean()

    for number, bars in before.items():
        assert lake.read_bars("SPY", as_of=number).equals(bars)
        assert lake.input_digest("bars", keys=["SPY"], as_of=number) == digests[number]
    assert [bars["close"].to_list() for bars in before.values()] == [
        [100.0],
        [101.0, 101.01],
        [102.0, 101.01],
    ]


@pytest.mark.parametrize("is_cleaned", [False, True])
def test_an_instant_shows_what_had_been_received_by_then(lake: Lake, is_cleaned: bool) -> None:
    first = lake.clock.now()
    three_versions(lake)
    if is_cleaned:
        clock_of(lake).instant += 2 * DAY
        lake.clean()

    seen = [
        lake.read_bars("SPY", as_of=first + timedelta(minutes=minutes))["close"].to_list()
        for minutes in (-1, 0, 59, 60, 119, 120)
    ]

    assert seen == [[], [100.0], [100.0], [101.0, 101.01], [101.0, 101.01], [102.0, 101.01]]


def test_files_of_a_cleaned_snapshot_are_refused_with_the_oldest_that_is_whole(lake: Lake) -> None:
    three_versions(lake)
    lake.write("bars", make_bars("QQQ", 1))
    clock_of(lake).instant += 2 * DAY
    lake.clean()

    with pytest.raises(NotFoundError, match="snapshot 1 were cleaned away; the oldest that is whole is 3"):
        lake.scan("bars", keys=["SPY"], as_of=1)

    assert lake.scan("bars", keys=["QQQ"], as_of=1).collect().height == 0
    assert lake.scan("bars", keys=["SPY"], as_of=3).collect().height == 2


def test_a_pinned_snapshot_keeps_its_files(lake: Lake) -> None:
    lake.write("bars", make_bars("SPY", 1))
    with lake.pin("a test", for_s=10 * 86_400.0) as snapshot:
        lake.write("bars", make_bars("SPY", 2))
        clock_of(lake).instant += 2 * DAY

        held = lake.clean()

        assert (held.retired_files, held.pinned_files) == (0, 1)
        assert lake.scan("bars", as_of=snapshot).collect().height == 1
    assert lake.clean().retired_files == 1


def test_a_pinned_snapshot_stays_readable_although_files_of_later_ones_are_gone(lake: Lake) -> None:
    lake.write("bars", make_bars("SPY", 1))
    with lake.pin("a test", for_s=10 * 86_400.0) as snapshot:
        for n_bars in (2, 3):
            lake.write("bars", make_bars("SPY", n_bars))
        clock_of(lake).instant += 2 * DAY

        # The file of two bars came after the pin.
        report = lake.clean()

        assert (report.retired_files, report.pinned_files) == (1, 1)
        assert lake.scan("bars", as_of=snapshot).collect().height == 1
        assert lake.read_bars("SPY", as_of=snapshot).height == 1
        with pytest.raises(NotFoundError, match="snapshot 2 were cleaned away"):
            lake.scan("bars", as_of=2)
    assert lake.clean().retired_files == 1
    with pytest.raises(NotFoundError, match="snapshot 1 were cleaned away"):
        lake.scan("bars", as_of=snapshot)


def test_a_pin_of_a_process_that_died_is_void_after_its_time(lake: Lake) -> None:
    lake.write("bars", make_bars("SPY", 1))
    with lake.pin("a test", for_s=3600.0):
        lake.write("bars", make_bars("SPY", 2))
        clock_of(lake).instant += 2 * DAY

        assert lake.clean().retired_files == 1


def test_a_grace_that_running_reads_may_need_is_refused(lake: Lake) -> None:
    with pytest.raises(UsageError, match="the grace is 299 s, needed are at least 300"):
        lake.clean(grace_s=299.0)


def test_retired_files_leave_the_newest_snapshot_and_stay_in_earlier_ones(lake: Lake) -> None:
    lake.write("bars", make_bars("SPY", 2))
    lake.write("bars", make_bars("SPY", 3, start=datetime(2026, 11, 2, 15, tzinfo=UTC)))

    snapshot = lake.retire([lake.files("bars")[0]], note="too old")

    assert snapshot == lake.snapshot() == 3
    assert [file.period for file in lake.files("bars")] == ["2026-11"]
    assert lake.scan("bars", as_of=2).collect().height == 5
    assert lake.verify().findings == []
