"""Longer bars against a loop over minutes, by hand, and read from the lake."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from quantmill.core.interval import ONE_MINUTE, Interval
from quantmill.core.span import Span
from quantmill.errors import NotFoundError, UsageError
from quantmill.lake import Lake
from quantmill.lake.resampling import RESAMPLED_SCHEMA, resample_bars
from quantmill.testing.lakes import make_bars
from tests.minutes import random_minutes
from tests.resampling_oracle import MINUTES, resampled_by_hand

# A half day between two whole ones, and the Fridays and Mondays around both changes of the clock.
DAYS = [
    *(date(2024, 7, day) for day in (2, 3, 5)),
    *(date(2024, 3, day) for day in (8, 9, 10, 11)),
    *(date(2024, 11, day) for day in (1, 2, 3, 4)),
]


@pytest.mark.parametrize("hours", ["regular", "extended"])
@pytest.mark.parametrize("interval", MINUTES)
def test_bars_equal_those_of_a_loop_over_minutes(interval: str, hours: str) -> None:
    bars = random_minutes(1, ["SPY", "X:BTC-USD", "I:VIX"], DAYS, share=0.3)

    resampled = resample_bars(bars, Interval.parse(interval), hours=hours)

    assert_frame_equal(resampled, resampled_by_hand(bars, interval, hours=hours), check_exact=True)


@given(
    seed=st.integers(0, 10_000),
    minutes=st.lists(st.integers(0, 3 * 1440), min_size=1, max_size=200),
    interval=st.sampled_from(list(MINUTES)),
    hours=st.sampled_from(["regular", "extended"]),
    symbol=st.sampled_from(["SPY", "X:ETH-USD"]),
    first=st.sampled_from([date(2024, 7, 2), date(2024, 3, 10), date(2024, 11, 2), date(2014, 12, 23)]),
)
def test_any_minutes_equal_those_of_the_loop(
    seed: int, minutes: list[int], interval: str, hours: str, symbol: str, first: date
) -> None:
    bars = random_minutes(seed, [symbol], [first], minutes=np.array(minutes))

    resampled = resample_bars(bars, Interval.parse(interval), hours=hours)

    expected = resampled_by_hand(bars, interval, hours=hours)
    assert_frame_equal(resampled, expected, check_exact=True)


@given(
    seed=st.integers(0, 10_000),
    cut=st.integers(0, 3 * 1440),
    interval=st.sampled_from(list(MINUTES)),
    hours=st.sampled_from(["regular", "extended"]),
)
def test_what_is_known_stays_when_later_bars_come(seed: int, cut: int, interval: str, hours: str) -> None:
    bars = random_minutes(seed, ["SPY", "X:BTC-USD"], DAYS[:3], share=0.05)
    now = datetime(2024, 7, 2, tzinfo=UTC) + timedelta(minutes=cut)

    before = resample_bars(bars.filter(pl.col("ts") < now), Interval.parse(interval), hours=hours)
    after = resample_bars(bars, Interval.parse(interval), hours=hours)

    is_known = pl.col("known_at") <= now
    assert_frame_equal(before.filter(is_known), after.filter(is_known), check_exact=True)


def test_hours_of_a_half_day_by_hand() -> None:
    # 2024-07-03 trades from 13:30 to 17:00 UTC; a cent more each minute from 100.00 at 12:00.
    bars = minutes_of("SPY", 360, datetime(2024, 7, 3, 12, 0, tzinfo=UTC))

    regular = resample_bars(bars, Interval.parse("1h"))
    extended = resample_bars(bars, Interval.parse("1h"), hours="extended")

    rows = extended.select(pl.col("ts").dt.strftime("%H:%M"), "open", "close", "n_bars", "phase").rows()
    assert rows == [
        ("11:30", 100.0, 100.29, 30, "pre"),
        ("12:30", 100.3, 100.89, 60, "pre"),
        ("13:30", 100.9, 101.49, 60, "regular"),
        ("14:30", 101.5, 102.09, 60, "regular"),
        ("15:30", 102.1, 102.69, 60, "regular"),
        ("16:30", 102.7, 102.99, 30, "regular"),
        ("17:00", 103.0, 103.59, 60, "post"),
    ]
    assert_frame_equal(regular, extended.filter(phase="regular").drop("phase"))


def test_a_day_has_a_bar_per_session_and_phase() -> None:
    # 05:00 UTC is one o'clock at night in New York: the first bin starts at its midnight, not a day before the open.
    bars = minutes_of("SPY", 19 * 60 - 1, datetime(2024, 7, 2, 5, 0, tzinfo=UTC))

    day = resample_bars(bars, Interval.parse("1d"), hours="extended")

    assert day.select(pl.col("ts").dt.strftime("%d %H:%M"), "phase", "n_bars").rows() == [
        ("02 04:00", "pre", 510),
        ("02 13:30", "regular", 390),
        ("02 20:00", "post", 239),
    ]
    assert day["known_at"].to_list() == [ts + timedelta(days=1) for ts in day["ts"]]


def test_average_price_is_weighted_and_never_made_up() -> None:
    # Bin 1: (10 × 1 + 20 × 3) / 4 = 17.5, the minute without a price of its own aside. Bin 2 traded nothing.
    # Bin 3 has no price with a volume, bin 4 no volume at all.
    bars = minutes_of("SPY", 20, datetime(2024, 7, 2, 13, 30, tzinfo=UTC)).with_columns(
        vwap=pl.Series(
            [10.0, 20.0, None, None, None, *[9.0] * 5, *[None] * 5, *[9.0] * 5], dtype=pl.Float64()
        ),
        volume=pl.Series([1.0, 3.0, 7.0, None, 0.0, *[0.0] * 5, *[2.0] * 5, *[None] * 5]),
        trade_count=pl.Series([1, None, 2, None, None, *[None] * 5, *[0] * 10], dtype=pl.Int64()),
    )

    resampled = resample_bars(bars, Interval.parse("5m"))

    assert resampled.select("vwap", "volume", "trade_count").rows() == [
        (17.5, 11.0, 3),
        (None, 0.0, None),
        (None, 10.0, 0),
        (None, None, 0),
    ]


def test_sources_are_all_named() -> None:
    bars = minutes_of("SPY", 10, datetime(2024, 7, 2, 13, 30, tzinfo=UTC)).with_columns(
        provider=pl.Series(["yahoo", "alpaca", "yahoo", "files", "files", *["files"] * 5]),
        feed=pl.Series([*["iex"] * 5, *["sip"] * 5]),
    )

    resampled = resample_bars(bars, Interval.parse("5m"))

    assert resampled.select("provider", "feed").rows() == [("alpaca+files+yahoo", "iex"), ("files", "sip")]


def test_no_bars_and_days_without_a_session_give_no_bars() -> None:
    holiday = minutes_of("SPY", 30, datetime(2024, 7, 4, 14, 0, tzinfo=UTC))

    for bars in (holiday, holiday.clear()):
        for hours in ("regular", "extended"):
            resampled = resample_bars(bars, Interval.parse("5m"), hours=hours)
            assert resampled.height == 0
            assert resampled.drop("phase", strict=False).schema == RESAMPLED_SCHEMA


def test_a_minute_is_no_longer_bar(lake: Lake) -> None:
    lake.write("bars", make_bars("SPY", 5))

    with pytest.raises(UsageError, match="1m are stored as such"):
        lake.resampled_bars("SPY", ONE_MINUTE)
    with pytest.raises(NotFoundError, match="no bars are stored for QQQ"):
        lake.resampled_bars("QQQ", Interval.parse("5m"))


def test_a_span_cuts_between_bars_never_through_one(lake: Lake) -> None:
    # 13:30 to 15:09; the span starts within the first hour and ends within the second.
    lake.write("bars", make_bars("SPY", 100))
    start = datetime(2024, 3, 12, 13, 31, tzinfo=UTC)

    hours = lake.resampled_bars("SPY", Interval.parse("1h"), Span(start, start + timedelta(hours=1)))

    assert hours.select("ts", "n_bars").rows() == [(datetime(2024, 3, 12, 14, 30, tzinfo=UTC), 40)]


def test_minutes_are_adjusted_before_they_are_put_together(lake: Lake) -> None:
    # Two for one on the 13th: forward prices double from then on, and half as many shares are counted.
    lake.write("bars", make_bars("SPY", 5))
    lake.write("bars", make_bars("SPY", 5, start=datetime(2024, 3, 13, 13, 30, tzinfo=UTC), close=50.0))
    split = {"symbol": "SPY", "ex_date": date(2024, 3, 13), "kind": "split", "ratio": 2.0}
    lake.write("corporate_actions", pl.DataFrame([split]))

    closes = {
        adjust: lake.resampled_bars("SPY", Interval.parse("1d"), adjust=adjust)
        .select("close", "volume")
        .rows()
        for adjust in ("none", "forward", "back")
    }

    assert closes == {
        "none": [(100.04, 5000.0), (50.04, 5000.0)],
        "forward": [(100.04, 5000.0), (100.08, 2500.0)],
        "back": [(50.02, 10000.0), (50.04, 5000.0)],
    }


def test_extended_bars_of_the_lake_say_their_phase(lake: Lake) -> None:
    lake.write("bars", make_bars("SPY", 30, start=datetime(2024, 3, 12, 13, 15, tzinfo=UTC)))

    bars = lake.resampled_bars("SPY", Interval.parse("15m"), hours="extended")

    assert bars["phase"].to_list() == ["pre", "regular"]
    assert lake.resampled_bars("SPY", Interval.parse("15m")).columns == list(RESAMPLED_SCHEMA)


def minutes_of(symbol: str, n_bars: int, start: datetime) -> pl.DataFrame:
    """Consecutive minutes with every column of a stored bar."""
    return make_bars(symbol, n_bars, start=start).with_columns(
        vwap=pl.lit(None, pl.Float64()), trade_count=pl.lit(None, pl.Int64()), ingested_at="ts"
    )
