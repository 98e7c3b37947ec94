"""Daily rows in the lake: dates, validation, versions."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from quantmill.core.clock import FixedClock
from quantmill.errors import BadBarsError, ConflictError, NotFoundError, SymbolKindError, UsageError
from quantmill.ingest.daily import import_daily
from quantmill.ingest.daily_storing import DailyTally
from quantmill.lake import Lake
from quantmill.lake.merging import OnConflict
from quantmill.providers.files.options import FileOptions
from quantmill.testing.lakes import make_bars, open_lake
from tests.databases import Place

NOON = datetime(2026, 7, 24, 16, 0, tzinfo=UTC)
CBOE = """DATE,OPEN,HIGH,LOW,CLOSE
07/21/2026,17.48,17.99,16.86,17.05
07/22/2026,17.42,19.49,16.64,16.64
07/23/2026,17.67,20.31,17.32,18.70
"""


@pytest.fixture
def lake(tmp_path: Path, state_place: Place) -> Iterator[Lake]:
    opened = open_lake(tmp_path / "home", state=state_place, clock=FixedClock(NOON))
    yield opened
    opened.state.close()


def load(
    lake: Lake,
    text: str,
    name: str = "VIX_History.csv",
    *,
    on_conflict: OnConflict = "keep",
    lag_minutes: int = 0,
) -> DailyTally:
    path = lake.root.parent / name
    path.write_text(text)
    return import_daily(lake, [path], on_conflict=on_conflict, lag_minutes=lag_minutes)


def closes(lake: Lake, known_at: datetime | None = None) -> list[float]:
    return lake.read_daily("I:VIX", known_at=known_at)["close"].to_list()


def test_the_cboe_s_own_file_is_the_index_and_again_stores_nothing(lake: Lake) -> None:
    first, second = (load(lake, CBOE) for _ in range(2))

    assert (first.rows_read, first.rows_stored, first.symbols) == (3, 3, {"I:VIX"})
    assert (second.rows_stored, second.rows_existing, second.snapshot) == (0, 3, first.snapshot)
    row = lake.read_daily("I:VIX").row(-1, named=True)
    assert (row["session"], row["open"], row["close"], row["volume"]) == (
        date(2026, 7, 23),
        17.67,
        18.7,
        None,
    )
    assert row["available_at"] == datetime(2026, 7, 23, 20, 15, tzinfo=UTC)


def test_no_row_shows_before_it_could_be_known(lake: Lake) -> None:
    load(lake, CBOE)

    just_before, then = (datetime(2026, 7, 22, 20, minute, tzinfo=UTC) for minute in (14, 15))
    assert closes(lake, just_before) == [17.05]
    assert closes(lake, then) == [17.05, 16.64]


def test_sessions_are_taken_from_start_up_to_end(lake: Lake) -> None:
    load(lake, CBOE)

    assert lake.read_daily("I:VIX", date(2026, 7, 22), date(2026, 7, 23))["close"].to_list() == [16.64]


def test_a_row_of_a_session_under_way_waits_for_its_end(lake: Lake) -> None:
    tally = load(lake, CBOE + "07/24/2026,18.00,18.50,17.90,18.10\n")

    assert (tally.rows_stored, dict(tally.reasons)) == (3, {"unfinished": 1})


def test_a_correction_is_another_version_from_now_on(lake: Lake) -> None:
    load(lake, CBOE)
    assert isinstance(lake.clock, FixedClock)
    lake.clock.instant = datetime(2026, 8, 3, 12, 0, tzinfo=UTC)
    corrected = CBOE.replace("16.64\n", "17.00\n")

    kept = load(lake, corrected)
    replaced = load(lake, corrected, on_conflict="replace")
    again = load(lake, corrected, on_conflict="replace")

    assert (kept.rows_existing, kept.conflicts, kept.rows_revised) == (3, 1, 0)
    assert (replaced.rows_existing, replaced.conflicts, replaced.rows_revised) == (2, 1, 1)
    assert (again.rows_existing, again.conflicts, again.snapshot) == (3, 0, replaced.snapshot)
    assert closes(lake) == [17.05, 17.0, 18.7]
    assert closes(lake, NOON) == [17.05, 16.64, 18.7]
    assert lake.sql("SELECT close FROM daily ORDER BY session")["close"].to_list() == [17.05, 17.0, 18.7]


def test_under_fail_a_correction_stores_nothing(lake: Lake) -> None:
    load(lake, CBOE)

    with pytest.raises(ConflictError, match="1 rows differ from stored ones, first I:VIX 2026-07-22"):
        load(lake, CBOE.replace("16.64\n", "17.00\n"), on_conflict="fail")

    assert closes(lake) == [17.05, 16.64, 18.7]


def test_a_lag_of_the_source_counts(lake: Lake) -> None:
    load(lake, CBOE, lag_minutes=60)

    assert closes(lake, datetime(2026, 7, 21, 21, 14, tzinfo=UTC)) == []
    assert closes(lake, datetime(2026, 7, 21, 21, 15, tzinfo=UTC)) == [17.05]


def test_bad_rows_of_a_share_go_to_quarantine_with_their_reason(lake: Lake) -> None:
    # 2026-07-18 was a Saturday, 2026-07-03 a holiday.
    rows = [
        "2026-07-18,1,2,1,2,5",
        "2026-07-03,1,2,1,2,5",
        "2026-07-20,3,2,1,2,5",
        "2026-07-21,1,2,1,,5",
        "2026-07-22,1,2,-1,2,5",
        "2026-07-23,1,1,2,1,5",
        "soon,1,2,1,2,5",
        "1980-01-02,1,2,1,2,5",
        "2026-07-16,1,2,1,2,-5",
        "2026-07-17,1,2,1,2,5",
    ]
    tally = load(lake, "\n".join(["date,open,high,low,close,volume", *rows, ""]), "SPY.csv")

    assert dict(tally.reasons) == {
        "no_session": 2,
        "outside_range": 1,
        "missing_price": 1,
        "price_not_positive": 1,
        "high_below_low": 1,
        "unreadable_date": 1,
        "outside_calendar": 1,
        "bad_volume": 1,
    }
    assert lake.read_daily("SPY").select("session", "close", "volume").rows() == [
        (date(2026, 7, 17), 2.0, 5.0)
    ]
    kept = lake.scan("quarantine").filter(pl.col("reason") == "missing_price").collect()
    assert '"date":"2026-07-21"' in kept["raw"][0]


def test_of_an_index_a_wrong_open_alone_is_left_out_and_a_holiday_is_a_day(lake: Lake) -> None:
    tally = load(
        lake, "DATE,OPEN,HIGH,LOW,CLOSE\n07/03/2026,2,3,1,2\n07/06/2026,9,3,1,2\n07/07/2026,2,3,1,9\n"
    )

    assert (tally.rows_stored, tally.opens_left_out, dict(tally.reasons)) == (2, 1, {"outside_range": 1})
    assert lake.read_daily("I:VIX").select("session", "open", "close").rows() == [
        (date(2026, 7, 3), 2.0, 2.0),
        (date(2026, 7, 6), None, 2.0),
    ]


# Midnight in New York and midnight UTC both name the 21st and the 22nd.
@pytest.mark.parametrize("clock", ["T04:00:00Z", "T00:00:00Z", "T13:30:00Z", "T09:30:00-04:00", ""])
def test_a_time_with_a_zone_stands_for_the_exchange_s_date(lake: Lake, clock: str) -> None:
    rows = [f"2026-07-{day}{clock},1,2,1,2,5" for day in (21, 22, 23)]
    load(lake, "\n".join(["ts,open,high,low,close,volume", *rows, ""]), "SPY.csv")

    assert lake.read_daily("SPY")["session"].to_list() == [date(2026, 7, day) for day in (21, 22, 23)]


def test_minutes_are_no_days(lake: Lake) -> None:
    rows = [f"2026-07-21T13:{minute}:00Z,1,2,1,2,5" for minute in (30, 31, 32, 33)]

    with pytest.raises(BadBarsError, match=r"SPY has 1-minute rows, needed is one a day") as caught:
        load(lake, "\n".join(["ts,open,high,low,close,volume", *rows, ""]), "SPY.csv")

    assert "quantmill import" in caught.value.hint


def test_the_last_of_two_rows_of_a_day_counts(lake: Lake) -> None:
    tally = load(lake, CBOE + "07/23/2026,17.67,20.31,17.32,19.00\n")

    assert (tally.rows_read, tally.rows_stored, tally.rows_duplicate) == (4, 3, 1)
    assert closes(lake)[-1] == 19.0


def test_a_file_without_a_symbol_needs_one(lake: Lake) -> None:
    path = lake.root.parent / "prices.csv"
    path.write_text(CBOE)

    with pytest.raises(BadBarsError, match="no symbol"):
        import_daily(lake, [path])
    tally = import_daily(lake, [path], options=FileOptions(symbol="$VIX"))
    assert tally.symbols == {"I:VIX"}


def test_real_days_do_not_join_synthetic_bars(lake: Lake) -> None:
    lake.write("bars", make_bars("I:VIX", 3, provider="sim"))

    with pytest.raises(SymbolKindError):
        load(lake, CBOE)


def test_a_file_that_cannot_be_read_stops_no_other(lake: Lake) -> None:
    folder = lake.root.parent / "files"
    folder.mkdir()
    (folder / "VIX.csv").write_text(CBOE)
    (folder / "empty.csv").write_text("")
    (folder / "notes.txt").write_text("x")

    tally = import_daily(lake, [folder])

    assert tally.rows_stored == 3
    assert {Path(file.path).name: file.status for file in tally.files} == {
        "VIX.csv": "read",
        "empty.csv": "failed",
        "notes.txt": "skipped",
    }


def test_what_is_not_there_is_said(lake: Lake) -> None:
    with pytest.raises(UsageError, match="no file or folder"):
        import_daily(lake, [Path("nowhere.csv")])
    with pytest.raises(NotFoundError, match="no daily rows are stored for I:VIX") as caught:
        lake.read_daily("I:VIX")
    assert "daily import" in caught.value.hint


def test_when_no_row_is_good_the_bad_ones_are_kept(lake: Lake) -> None:
    with pytest.raises(BadBarsError, match="none of 1 rows can be stored"):
        load(lake, "date,open,high,low,close\n2026-07-18,1,2,1,2\n", "SPY.csv")

    assert lake.scan("quarantine").collect().height == 1
