"""Sessions, half days and clock changes against the exchange's published hours."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from quantmill.core.bars import BarArrays
from quantmill.core.calendar import calendar_for
from quantmill.core.instants import date_of_day, day_of_date, from_us, to_us
from quantmill.core.span import Span
from quantmill.errors import UsageError

XNYS = calendar_for("XNYS")


def test_sessions_leave_out_weekends_and_holidays() -> None:
    # New York Stock Exchange: Thanksgiving 2014-11-27 closed.
    sessions = XNYS.sessions(date(2014, 11, 26), date(2014, 12, 2))

    assert sessions == [date(2014, 11, 26), date(2014, 11, 28), date(2014, 12, 1)]


@pytest.mark.parametrize(
    ("session", "opening", "closing", "minutes"),
    [
        (date(2014, 11, 28), "14:30", "18:00", 210),  # the day after Thanksgiving closes at 13:00 New York
        (date(2015, 3, 6), "14:30", "21:00", 390),  # the last session in winter time
        (date(2015, 3, 9), "13:30", "20:00", 390),  # the first in summer time
    ],
)
def test_regular_hours_follow_half_days_and_clock_changes(
    session: date, opening: str, closing: str, minutes: int
) -> None:
    span = XNYS.session_span(session)

    assert (f"{span.start:%H:%M}", f"{span.end:%H:%M}") == (opening, closing)
    assert XNYS.session_minutes(session) == minutes
    assert XNYS.regular_minutes(session).size == minutes


def test_labels_know_pre_market_regular_and_post_market() -> None:
    times = [
        "2014-11-28T12:00",
        "2014-11-28T14:29",
        "2014-11-28T14:30",
        "2014-11-28T17:59",
        "2014-11-28T18:00",
    ]
    ts_us = np.array([to_us(datetime.fromisoformat(text).replace(tzinfo=UTC)) for text in times])

    labels = XNYS.label(ts_us)

    assert labels.is_regular.tolist() == [False, False, True, True, False]
    assert labels.minute.tolist() == [-150, -1, 0, 209, 210]
    assert set(labels.session.tolist()) == {day_of_date(date(2014, 11, 28))}


def test_a_session_is_the_date_in_exchange_time() -> None:
    # 01:00 UTC on Tuesday is 20:00 on Monday in New York.
    ts_us = np.array([to_us(datetime(2015, 1, 6, 1, tzinfo=UTC))])

    labels = XNYS.label(ts_us)

    assert date_of_day(int(labels.session[0])) == date(2015, 1, 5)
    assert labels.is_session[0]


def test_a_weekend_bar_has_no_session() -> None:
    labels = XNYS.label(np.array([to_us(datetime(2015, 1, 3, 15, tzinfo=UTC))]))

    assert not labels.is_session[0]
    assert labels.n_minutes[0] == 0


def test_day_span_covers_the_short_day_of_the_clock_change() -> None:
    span = XNYS.day_span(date(2015, 3, 8), date(2015, 3, 9))

    assert span.end - span.start == timedelta(hours=23)


def test_markets_that_never_close_have_whole_days() -> None:
    calendar = calendar_for("24/7")

    assert calendar.session_minutes(date(2015, 1, 3)) == 1440
    assert calendar.label(np.array([to_us(datetime(2015, 1, 3, 23, 59, tzinfo=UTC))])).is_regular[0]


def test_next_sessions_skip_the_new_year() -> None:
    assert XNYS.next_sessions(date(2023, 1, 1), 2) == [date(2023, 1, 3), date(2023, 1, 4)]


@pytest.mark.parametrize(
    ("start", "end"), [(date(2015, 1, 2), date(2015, 1, 2)), (date(1980, 1, 1), date(1981, 1, 1))]
)
def test_impossible_session_ranges_are_refused(start: date, end: date) -> None:
    with pytest.raises(UsageError):
        XNYS.sessions(start, end)


def test_an_unknown_calendar_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="MOON"):
        calendar_for("MOON")


def test_bar_arrays_mark_session_edges_and_missing_volume() -> None:
    ts = [
        datetime(2015, 1, day, hour, minute, tzinfo=UTC)
        for day, hour, minute in ((2, 20, 59), (5, 14, 30), (5, 14, 31))
    ]
    frame = pl.DataFrame({"ts": ts, "volume": [1.0, None, 3.0]}).with_columns(
        pl.col("ts").cast(pl.Datetime("us", "UTC")),
        pl.lit(None, pl.Float64).alias("vwap"),
        *(pl.lit(10.0).alias(name) for name in ("open", "high", "low", "close")),
    )

    bars = BarArrays.of(frame, XNYS)

    assert bars.opens_session.tolist() == [True, True, False]
    assert bars.closes_session.tolist() == [True, False, True]
    assert np.isnan(bars.volume[1])
    assert bars[1:].n_bars == 2


def test_spans_refuse_naive_and_empty() -> None:
    instant = datetime(2015, 1, 2, tzinfo=UTC)
    with pytest.raises(ValueError, match="UTC"):
        Span(instant.replace(tzinfo=None), instant)
    with pytest.raises(ValueError, match="not before"):
        Span(instant, instant)
    assert from_us(to_us(instant)) == instant


@pytest.mark.parametrize("exchange", ["XNYS", "XLON", "24/7"])
def test_bars_of_any_instant_lie_on_the_exchanges_date(exchange: str) -> None:
    # The dates and hours that Python's own time zones give, at and around each midnight of the years of change.
    calendar = calendar_for(exchange)
    days = np.arange(day_of_date(date(2023, 1, 1)), day_of_date(date(2025, 1, 1)))
    ts_us = (
        calendar.midnights(days)[:, None] + np.array([-60_000_000, 0, 60_000_000, 43_200_000_000])
    ).ravel()

    labels = calendar.label(ts_us)

    local = [from_us(int(us)).astimezone(calendar.timezone) for us in ts_us]
    assert labels.session.tolist() == [day_of_date(at.date()) for at in local]
    assert labels.is_session.tolist() == [calendar.is_session(at.date()) for at in local]


def test_bars_in_order_are_labelled_as_those_in_any_order() -> None:
    # Each minute of two weeks, and instants far outside the calendar: sorted bars are labelled on a way of their own.
    start = to_us(datetime(2023, 3, 8, tzinfo=UTC))
    ts_us = np.r_[-(10**15), np.arange(start, start + 14 * 86_400_000_000, 60_000_000), 3 * 10**15]
    mixed = np.random.default_rng(0).permutation(ts_us.size)

    in_order, in_any_order = XNYS.label(ts_us), XNYS.label(ts_us[mixed])

    for name in in_order.__slots__:
        np.testing.assert_array_equal(getattr(in_order, name)[mixed], getattr(in_any_order, name))
    np.testing.assert_array_equal(XNYS.sessions_of(ts_us), in_order.session)
    assert XNYS.sessions_of(ts_us[:0]).size == 0


@pytest.mark.parametrize("exchange", ["XNYS", "24/7", "CMES"])
def test_bars_are_counted_as_they_are_labelled(exchange: str) -> None:
    # A half day, weekends and the end of summer time, the later days first; CMES opens on the evening before.
    calendar = calendar_for(exchange)
    start = to_us(datetime(2014, 10, 31, tzinfo=UTC))
    late = to_us(datetime(2014, 11, 28, tzinfo=UTC))
    minutes = np.arange(0, 4 * 86_400_000_000, 60_000_000)
    ts_us = np.r_[late + minutes, -(10**15), start + minutes, 3 * 10**15]

    labels = calendar.label(ts_us)
    expected: Counter[int] = Counter(labels.session.tolist())
    regular: Counter[int] = Counter(labels.session[labels.is_regular].tolist())

    days, n_bars, n_regular = calendar.count(ts_us)
    assert dict(zip(days.tolist(), n_bars.tolist(), strict=True)) == expected
    assert dict(zip(days.tolist(), n_regular.tolist(), strict=True)) == {
        day: regular[day] for day in expected
    }
    assert all(part.size == 0 for part in calendar.count(ts_us[:0]))
