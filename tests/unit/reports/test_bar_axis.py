"""Where the labels of an axis of bars stand."""

from datetime import date

import numpy as np
import pytest

from quantmill.core.calendar import calendar_for
from quantmill.reports.bar_axis import bar_axis, zone_words

XNYS = calendar_for("XNYS")


def minutes(start: date, end: date) -> np.ndarray:
    return np.concatenate([XNYS.regular_minutes(day) for day in XNYS.sessions(start, end)])


def test_a_session_has_its_hours_in_the_exchange_time() -> None:
    # In July New York is four hours behind UTC: the open at 09:30 is 13:30 UTC.
    ticks = bar_axis(minutes(date(2024, 7, 3), date(2024, 7, 4)), XNYS).ticks

    # A half day until 13:00.
    assert ticks == {0.0: "09:30\n3 Jul", 30.0: "10:00\n3 Jul", 90.0: "11:00\n3 Jul", 150.0: "12:00\n3 Jul"}


def test_a_week_has_its_sessions() -> None:
    ticks = bar_axis(minutes(date(2024, 3, 4), date(2024, 3, 9)), XNYS).ticks

    assert list(ticks) == [0, 390, 780, 1170, 1560]
    assert next(iter(ticks.values())) == "4 Mar\n2024"


def test_half_a_year_has_its_months_at_their_first_bars() -> None:
    ts_us = minutes(date(2024, 1, 30), date(2024, 7, 1))

    ticks = bar_axis(ts_us, XNYS).ticks

    # January's two sessions give way to February.
    assert list(ticks.values()) == [f"{month}\n2024" for month in ("Feb", "Mar", "Apr", "May", "Jun")]
    assert next(iter(ticks)) == 2 * 390


def test_many_years_are_few_labels() -> None:
    days = np.array(
        [XNYS.regular_minutes(day)[0] for day in XNYS.sessions(date(1995, 1, 1), date(2025, 1, 1))]
    )

    ticks = bar_axis(days, XNYS).ticks

    assert list(ticks.values()) == ["1995", "2000", "2005", "2010", "2015", "2020"]


def test_the_end_of_a_run_keeps_its_numbers() -> None:
    axis = bar_axis(minutes(date(2024, 3, 4), date(2024, 3, 9)), XNYS, first=1000)

    assert min(axis.ticks) == 1000
    assert axis.limits == pytest.approx((1000 - 19.5, 2949 + 19.5))


def test_one_bar_has_an_axis() -> None:
    axis = bar_axis(minutes(date(2024, 3, 4), date(2024, 3, 5))[:1], XNYS)

    assert axis.ticks == {0.0: "09:30\n4 Mar"}
    assert axis.limits[0] < axis.limits[1]


def test_the_zone_is_said_in_words() -> None:
    assert zone_words(XNYS) == "New York time"
    assert zone_words(calendar_for("24/7")) == "UTC"
