"""The hot tier: minutes of many symbols in one file, read beside the base tier, corrected, rolled up, merged."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from quantmill.core.clock import FixedClock
from quantmill.errors import BadBarsError, CommitConflictError, ConflictError
from quantmill.lake import Lake
from quantmill.lake.catalogue import FileRef
from quantmill.testing.lakes import make_bars

# A Friday; New York opens at 14:30 UTC and closes at 21:00.
OPEN = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
CLOSE = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
SYMBOLS = ("AAPL", "QQQ", "SPY")


def minute(number: int, *symbols: str, close: float = 100.0) -> pl.DataFrame:
    """The bars of minute `number` of the session."""
    start = OPEN + timedelta(minutes=number)
    return pl.concat([make_bars(symbol, 1, start=start, close=close) for symbol in symbols or SYMBOLS])


def clock_of(lake: Lake) -> FixedClock:
    assert isinstance(lake.clock, FixedClock)
    return lake.clock


def go_live(lake: Lake, n_minutes: int, *, first: int = 0) -> None:
    """Append minutes, each a second after its end."""
    for number in range(first, first + n_minutes):
        clock_of(lake).instant = OPEN + timedelta(minutes=number + 1, seconds=1)
        lake.append_live(minute(number))


def hot_files(lake: Lake) -> list[FileRef]:
    return [file for file in lake.files("bars") if file.is_hot]


def test_a_minute_of_many_symbols_is_one_file_that_all_readers_see(lake: Lake) -> None:
    clock_of(lake).instant = OPEN + timedelta(seconds=61)

    commit = lake.append_live(minute(0))

    (file,) = hot_files(lake)
    assert (commit.snapshot, commit.inserted, commit.files) == (1, 3, 1)
    assert file.path.startswith("live/dt=2026-11-20/s-143000.")
    assert lake.read_bars("SPY")["ts"].to_list() == [OPEN]
    assert lake.tail("QQQ", 5).height == 1
    assert lake.scan("bars").collect()["symbol"].to_list() == ["AAPL", "QQQ", "SPY"]
    assert lake.sql("SELECT count(*) AS n FROM bars")["n"].item() == 3
    assert lake.keys("bars") == list(SYMBOLS)
    assert lake.sessions("SPY").rows() == [(date(2026, 11, 20), 1, 0)]
    assert lake.symbols().select("symbol", "rows", "sessions").rows() == [(name, 1, 1) for name in SYMBOLS]
    assert lake.verify().findings == []


def test_hot_and_stored_sessions_are_one_history(lake: Lake) -> None:
    yesterday = datetime(2026, 11, 19, 14, 30, tzinfo=UTC)
    lake.write("bars", make_bars("SPY", 5, start=yesterday))

    go_live(lake, 3)

    bars = lake.read_bars("SPY")
    expected = [yesterday + timedelta(minutes=n) for n in range(5)] + [
        OPEN + timedelta(minutes=n) for n in range(3)
    ]
    assert bars["ts"].to_list() == expected
    assert lake.tail("SPY", 4)["ts"].to_list() == expected[-4:]
    assert lake.sessions("SPY")["n_regular"].to_list() == [5, 3]


def test_a_symbol_that_did_not_trade_is_looked_for_in_no_hot_file(lake: Lake) -> None:
    go_live(lake, 3)
    lake.append_live(minute(3, "SPY"))

    assert len(lake.files("bars", keys=["QQQ"])) == 3
    assert lake.tail("QQQ", 1)["ts"].item() == OPEN + timedelta(minutes=2)


def test_the_tail_is_in_order_although_a_late_bar_lies_in_the_newest_file(lake: Lake) -> None:
    go_live(lake, 2)
    go_live(lake, 2, first=3)
    lake.append_live(minute(2, "SPY"))

    for n in range(1, 6):
        expected = [OPEN + timedelta(minutes=at) for at in range(5)][-n:]
        assert lake.tail("SPY", n)["ts"].to_list() == expected


def test_thirty_segments_are_rolled_up_into_one_file_of_the_same_rows(lake: Lake) -> None:
    go_live(lake, 29)
    before = lake.input_digest("bars", keys=["SPY"])
    assert len(hot_files(lake)) == 29

    go_live(lake, 1, first=29)

    (file,) = hot_files(lake)
    assert file.path.startswith("live/dt=2026-11-20/r-143000.")
    assert lake.read_bars("SPY").height == 30
    assert lake.input_digest("bars", keys=["SPY"]) != before
    assert lake.verify().findings == []


def test_a_day_of_minutes_never_has_many_hot_files(lake: Lake) -> None:
    most = 0
    for number in range(0, 90):
        go_live(lake, 1, first=number)
        most = max(most, len(hot_files(lake)))

    assert most <= 29 + 2
    assert lake.read_bars("SPY").height == 90


def test_the_same_minute_again_changes_nothing(lake: Lake) -> None:
    go_live(lake, 3)

    again = lake.append_live(minute(1))

    assert (again.snapshot, again.inserted, again.existing, again.files) == (3, 0, 3, 0)


def test_a_correction_replaces_the_bar_and_keeps_the_earlier_one(lake: Lake) -> None:
    go_live(lake, 3)

    commit = lake.append_live(minute(1, "SPY", close=107.0))

    assert (commit.replaced, commit.inserted, commit.conflicts, commit.late) == (1, 0, 1, 0)
    assert lake.read_bars("SPY")["close"].to_list() == [100.0, 107.0, 100.0]
    assert lake.read_bars("SPY", as_of=3)["close"].to_list() == [100.0, 100.0, 100.0]
    revisions = lake.scan("revisions").collect()
    assert revisions.select("symbol", "close", "reason").rows() == [("SPY", 100.0, "replaced")]
    assert lake.verify().findings == []


def test_policies_keep_and_fail_hold_for_live_bars(lake: Lake) -> None:
    go_live(lake, 2)
    files = lake.files("bars")

    kept, again = (lake.append_live(minute(1, "SPY", close=107.0), on_conflict="keep") for _ in range(2))
    with pytest.raises(ConflictError, match="1 rows differ from stored ones, first SPY"):
        lake.append_live(minute(1, "SPY", close=107.0), on_conflict="fail")

    assert (kept.existing, kept.conflicts, kept.files) == (1, 1, 1)
    assert (again.existing, again.conflicts, again.files) == (1, 1, 0)
    assert lake.files("bars") == files
    assert lake.scan("revisions").select("close", "reason").collect().rows() == [(107.0, "offered")]


def test_bars_after_the_watermark_are_stored_and_flagged(lake: Lake) -> None:
    go_live(lake, 3)
    # Minute 0 ended at 14:31 and minute 1 at 14:32; a quarter of an hour later the first is late.
    clock_of(lake).instant = OPEN + timedelta(minutes=16, seconds=30)

    commit = lake.append_live(pl.concat([minute(0, "SPY", close=107.0), minute(1, "SPY", close=108.0)]))

    assert (commit.replaced, commit.late) == (2, 1)
    revisions = lake.scan("revisions").sort("ts").collect()
    assert revisions["reason"].to_list() == ["late", "replaced"]


def test_a_session_is_merged_a_quarter_of_an_hour_after_its_close_and_not_before(lake: Lake) -> None:
    go_live(lake, 390)
    digest = lake.input_digest("bars")
    rows = lake.scan("bars").collect()

    clock_of(lake).instant = CLOSE + timedelta(minutes=14, seconds=59)
    early = lake.compact()
    clock_of(lake).instant = CLOSE + timedelta(minutes=15)
    due = lake.compact()
    again = lake.compact()

    assert (early.sessions, due.sessions, again.sessions) == (0, 1, 0)
    assert hot_files(lake) == []
    assert [(file.key, file.period, file.rows) for file in lake.files("bars")] == [
        (name, "2026-11", 390) for name in SYMBOLS
    ]
    assert lake.scan("bars").collect().equals(rows)
    assert lake.input_digest("bars") == digest
    assert lake.verify().findings == []


def test_a_half_day_is_merged_after_its_own_close(lake: Lake) -> None:
    # The day after Thanksgiving closes at 13:00 New York, 18:00 UTC.
    start = datetime(2026, 11, 27, 17, 59, tzinfo=UTC)
    clock_of(lake).instant = start + timedelta(minutes=1)
    lake.append_live(make_bars("SPY", 1, start=start))

    clock_of(lake).instant = datetime(2026, 11, 27, 18, 15, tzinfo=UTC)

    assert lake.compact().sessions == 1


def test_bars_after_the_close_keep_the_session_hot(lake: Lake) -> None:
    clock_of(lake).instant = CLOSE + timedelta(minutes=31)
    lake.append_live(make_bars("SPY", 1, start=CLOSE + timedelta(minutes=30)))

    assert lake.compact().sessions == 0
    clock_of(lake).instant = CLOSE + timedelta(minutes=46)
    assert lake.compact().sessions == 1
    assert lake.sessions("SPY").rows() == [(date(2026, 11, 20), 0, 1)]


def test_a_live_bar_of_a_merged_session_corrects_the_stored_one(lake: Lake) -> None:
    go_live(lake, 3)
    clock_of(lake).instant = CLOSE + timedelta(minutes=15)
    lake.compact()

    commit = lake.append_live(pl.concat([minute(1, "SPY", close=107.0), minute(5, "SPY")]))

    assert (commit.replaced, commit.inserted, commit.late) == (1, 1, 2)
    assert lake.read_bars("SPY")["close"].to_list() == [100.0, 107.0, 100.0, 100.0]
    assert lake.verify().findings == []
    assert lake.compact().sessions == 1
    assert lake.verify().findings == []


def test_late_corrections_say_so_in_either_tier(lake: Lake) -> None:
    go_live(lake, 2)
    clock_of(lake).instant = CLOSE + timedelta(minutes=15)
    lake.append_live(minute(0, "SPY", close=107.0))
    lake.compact()

    lake.append_live(minute(1, "SPY", close=108.0))
    lake.write("bars", minute(1, "SPY", close=109.0), on_conflict="replace")

    revisions = lake.scan("revisions").select("close", "reason").collect().rows()
    assert sorted(revisions) == [(100.0, "late"), (100.0, "late"), (108.0, "replaced")]


def test_a_session_with_bars_in_both_tiers_counts_once(lake: Lake) -> None:
    lake.write("bars", minute(0, "SPY"))
    go_live(lake, 2, first=1)

    assert lake.sessions("SPY").rows() == [(date(2026, 11, 20), 3, 0)]
    assert lake.symbols().filter(symbol="SPY").select("rows", "sessions").rows() == [(3, 1)]


def test_providers_of_one_hot_file_are_told_apart(lake: Lake) -> None:
    clock_of(lake).instant = OPEN + timedelta(seconds=61)

    lake.append_live(pl.concat([minute(0, "SPY"), make_bars("SIM", 1, start=OPEN, provider="sim")]))

    assert lake.symbols().select("symbol", "providers").rows() == [("SIM", ["sim"]), ("SPY", ["files"])]
    assert lake.verify().findings == []


def test_a_symbol_whose_minutes_come_from_several_providers_names_them_all(lake: Lake) -> None:
    clock_of(lake).instant = OPEN + timedelta(seconds=121)
    second = make_bars("SPY", 1, start=OPEN + timedelta(minutes=1), provider="alpaca")

    lake.append_live(pl.concat([minute(0, "QQQ", "SPY"), second]))

    known = lake.symbols().select("symbol", "rows", "providers").rows()
    assert known == [("QQQ", 1, ["files"]), ("SPY", 2, ["alpaca", "files"])]
    assert lake.verify().findings == []


def test_a_write_to_a_session_under_way_lands_in_the_hot_tier(lake: Lake) -> None:
    go_live(lake, 3)
    history = make_bars("SPY", 2, start=datetime(2026, 11, 19, 14, 30, tzinfo=UTC))

    commit = lake.write("bars", pl.concat([history, minute(0, "SPY"), minute(5, "SPY")]))

    assert (commit.inserted, commit.existing) == (3, 1)
    assert lake.read_bars("SPY").height == 6
    assert lake.verify().findings == []


def test_a_base_write_staged_before_the_session_went_live_must_be_staged_again(lake: Lake) -> None:
    staged = lake.stage("bars", minute(0, "SPY"))
    go_live(lake, 1)

    with pytest.raises(CommitConflictError):
        lake.commit([staged])

    assert lake.write("bars", minute(0, "SPY")).existing == 1


def test_two_segments_of_the_same_minute_staged_together_conflict(lake: Lake) -> None:
    clock_of(lake).instant = OPEN + timedelta(seconds=61)
    first, second = (lake.stage("bars", minute(0), is_live=True) for _ in range(2))
    lake.commit([first])

    with pytest.raises(CommitConflictError):
        lake.commit([second])

    assert lake.append_live(minute(0)).existing == 3


def test_calendars_have_hot_sessions_of_their_own(lake: Lake) -> None:
    clock_of(lake).instant = OPEN + timedelta(seconds=61)

    lake.append_live(minute(0, "SPY", "X:BTC-USD"))

    assert [(file.key, file.rows) for file in hot_files(lake)] == [("calendar:24/7", 1), ("calendar:XNYS", 1)]
    clock_of(lake).instant = CLOSE + timedelta(minutes=15)
    assert lake.compact().sessions == 1
    assert lake.read_bars("X:BTC-USD").height == lake.read_bars("SPY").height == 1
    clock_of(lake).instant = datetime(2026, 11, 21, 0, 15, tzinfo=UTC)
    assert lake.compact().sessions == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda bars: pl.concat([bars, bars]), "repeat the key"),
        (lambda bars: bars.with_columns(close=float("nan")), "'close' is NaN"),
    ],
)
def test_bad_live_bars_are_refused_whole(
    lake: Lake, change: Callable[[pl.DataFrame], pl.DataFrame], message: str
) -> None:
    clock_of(lake).instant = OPEN + timedelta(seconds=61)

    with pytest.raises(BadBarsError, match=message):
        lake.append_live(change(minute(0)))

    assert lake.snapshot() == 0


def test_months_of_a_closed_year_become_one_file_with_the_same_digest(lake: Lake) -> None:
    for month in (9, 10, 11):
        lake.write("bars", make_bars("SPY", 4, start=datetime(2026, month, 2, 15, tzinfo=UTC)))
    digest = lake.input_digest("bars", keys=["SPY"])
    assert lake.compact().year_files == 0

    clock_of(lake).instant = datetime(2027, 1, 4, tzinfo=UTC)
    report = lake.compact()

    assert (report.month_files, report.year_files) == (3, 1)
    assert [(file.period, file.rows) for file in lake.files("bars")] == [("2026", 12)]
    assert lake.input_digest("bars", keys=["SPY"]) == digest
    assert lake.compact().year_files == 0
    assert lake.verify().findings == []
