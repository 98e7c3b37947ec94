"""The instant of which a person asks what was known then."""

from datetime import UTC, datetime

from quantmill.errors import UsageError

__all__ = ["known_instant"]


def known_instant(text: str | None, now: datetime) -> datetime:
    """The UTC instant that a text such as `2026-11-20T15:30` names, without a zone in UTC; `now` for None.

    Raises:
        UsageError: If it names none, or one that is yet to come.
    """
    if text is None:
        return now
    try:
        instant = datetime.fromisoformat(text)
        instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"--known-at is {text!r}, needed is an instant",
            hint="such as --known-at 2026-11-20T15:30, in UTC",
        ) from error
    if instant > now:
        raise UsageError(
            f"--known-at is {text!r}, which is yet to come: it is {now:%Y-%m-%dT%H:%M:%S} UTC",
            hint="without --known-at all that is known now is shown",
        )
    return instant
