"""Instants as microseconds since 1970 UTC, the form in which arrays and the state database hold time."""

from datetime import UTC, date, datetime, timedelta

__all__ = ["DAY_US", "EPOCH_DATE", "MINUTE_US", "SECOND_US", "date_of_day", "day_of_date", "from_us", "to_us"]

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
DAY_US = 1440 * MINUTE_US
EPOCH_DATE = date(1970, 1, 1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_us(instant: datetime) -> int:
    """Microseconds since 1970 UTC of an aware instant.

    Raises:
        ValueError: If `instant` has no time zone.
    """
    if instant.tzinfo is None:
        raise ValueError(f"instant must carry a time zone, got {instant.isoformat()}")
    return (instant - _EPOCH) // timedelta(microseconds=1)


def from_us(us: int) -> datetime:
    """The UTC instant at `us` microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=us)


def day_of_date(day: date) -> int:
    """Days since 1970-01-01, the form in which arrays hold sessions."""
    return (day - EPOCH_DATE).days


def date_of_day(day: int) -> date:
    """The date `day` days after 1970-01-01."""
    return EPOCH_DATE + timedelta(days=int(day))
