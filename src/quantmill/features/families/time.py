"""Time: the clock and the calendar, both known in advance."""

import numpy as np

from quantmill.core.arrays import Floats
from quantmill.core.bars import BarArrays
from quantmill.features.registry import feature

__all__ = [
    "day_of_week_cos",
    "day_of_week_sin",
    "is_lunch",
    "is_opening_hour",
    "is_power_hour",
    "minutes_since_open",
    "minutes_to_close",
    "time_cos",
    "time_sin",
]

_DAY_MINUTES = 1440
# 1970-01-01 was a Thursday.
_EPOCH_WEEKDAY = 3


def _angles(period: int) -> Floats:
    return 2.0 * np.pi * np.arange(period) / period


# Looked up by whole minutes and days, so that a value does not depend on how many are computed at once.
_SIN_OF_MINUTE, _COS_OF_MINUTE = np.sin(_angles(_DAY_MINUTES)), np.cos(_angles(_DAY_MINUTES))
_SIN_OF_WEEKDAY, _COS_OF_WEEKDAY = np.sin(_angles(7)), np.cos(_angles(7))


@feature(
    "time_sin",
    category="time",
    lookback_bars=1,
    inputs=(),
    scaling="passthrough",
    explains="sine of the time of day on the exchange's clock, one turn a day",
)
def time_sin(bars: BarArrays) -> Floats:
    """sin(2π × minute of day ÷ 1440) of the bar's start in exchange time.

    Source:
        Cyclical coding, as in Fisher (1993), "Statistical Analysis of Circular Data".
    """
    return _SIN_OF_MINUTE[bars.labels.minute_of_day % _DAY_MINUTES]


@feature(
    "time_cos",
    category="time",
    lookback_bars=1,
    inputs=(),
    scaling="passthrough",
    explains="cosine of the time of day on the exchange's clock, one turn a day",
)
def time_cos(bars: BarArrays) -> Floats:
    """cos(2π × minute of day ÷ 1440) of the bar's start in exchange time.

    Source:
        As `time_sin`.
    """
    return _COS_OF_MINUTE[bars.labels.minute_of_day % _DAY_MINUTES]


@feature(
    "day_of_week_sin",
    category="time",
    lookback_bars=1,
    inputs=(),
    scaling="passthrough",
    explains="sine of the day of the week, Monday 0 to Sunday 6, one turn a week",
)
def day_of_week_sin(bars: BarArrays) -> Floats:
    """sin(2π × weekday ÷ 7) of the session's date, Monday = 0.

    Source:
        As `time_sin`.
    """
    return _SIN_OF_WEEKDAY[(bars.session + _EPOCH_WEEKDAY) % 7]


@feature(
    "day_of_week_cos",
    category="time",
    lookback_bars=1,
    inputs=(),
    scaling="passthrough",
    explains="cosine of the day of the week, Monday 0 to Sunday 6, one turn a week",
)
def day_of_week_cos(bars: BarArrays) -> Floats:
    """cos(2π × weekday ÷ 7) of the session's date, Monday = 0.

    Source:
        As `time_sin`.
    """
    return _COS_OF_WEEKDAY[(bars.session + _EPOCH_WEEKDAY) % 7]


@feature(
    "minutes_since_open",
    category="time",
    lookback_bars=1,
    inputs=(),
    hours="regular",
    explains="minutes from the session's open to the bar's start",
)
def minutes_since_open(bars: BarArrays) -> Floats:
    """Minutes from the calendar's open to the bar's start: 0 at the first minute.

    Source:
        Ours, from the exchange's calendar.
    """
    return bars.minute.astype(np.float64)


@feature(
    "minutes_to_close",
    category="time",
    lookback_bars=1,
    inputs=(),
    hours="regular",
    explains="minutes left until the session closes when the bar is known: 0 at the last minute",
)
def minutes_to_close(bars: BarArrays) -> Floats:
    """Calendar's session length − minutes since the open − the bar's interval; half days close early.

    Source:
        Ours, from the exchange's calendar, which is known in advance; never from the data's last bar.
    """
    return (bars.labels.n_minutes - bars.minute - bars.interval_minutes).astype(np.float64)


@feature(
    "is_opening_hour",
    category="time",
    lookback_bars=1,
    inputs=(),
    hours="regular",
    dtype="Int8",
    scaling="passthrough",
    explains="1 in the first 60 minutes of the session, else 0",
)
def is_opening_hour(bars: BarArrays) -> Floats:
    """1 when the bar starts less than 60 minutes after the open.

    Source:
        Ours; volume and volatility are highest then: Admati & Pfleiderer (1988), "A Theory of Intraday
        Patterns", Review of Financial Studies 1(1).
    """
    return ((bars.minute >= 0) & (bars.minute < 60)).astype(np.float64)


@feature(
    "is_lunch",
    category="time",
    lookback_bars=1,
    inputs=(),
    hours="regular",
    dtype="Int8",
    scaling="passthrough",
    explains="1 from 12:00 to 13:30 on the exchange's clock, else 0",
)
def is_lunch(bars: BarArrays) -> Floats:
    """1 when the bar starts from 12:00 up to, not including, 13:30 in exchange time.

    Source:
        Ours; the quiet middle of the day in Admati & Pfleiderer (1988), as `is_opening_hour`.
    """
    minute_of_day = bars.labels.minute_of_day
    return ((minute_of_day >= 12 * 60) & (minute_of_day < 13 * 60 + 30)).astype(np.float64)


@feature(
    "is_power_hour",
    category="time",
    lookback_bars=1,
    inputs=(),
    hours="regular",
    dtype="Int8",
    scaling="passthrough",
    explains="1 in the last 60 minutes before the session's close by the calendar, else 0",
)
def is_power_hour(bars: BarArrays) -> Floats:
    """1 when the bar starts within the last 60 minutes of the calendar's session; half days end early.

    Source:
        Ours, as `is_opening_hour`.
    """
    left = bars.labels.n_minutes - bars.minute
    return ((left > 0) & (left <= 60)).astype(np.float64)
