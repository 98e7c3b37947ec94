"""Requests about quarantined rows: by symbol, reason, sessions and id."""

from typing import Annotated, Literal

from pydantic import Field

from quantmill.ingest.quarantine import Choice, Status
from quantmill.verbs.request import Flag, Symbol
from quantmill.verbs.sessions_request import SessionsRequest

__all__ = ["QuarantineChoice"]

ReasonName = Literal[
    "unreadable_symbol",
    "unreadable_time",
    "off_minute",
    "outside_calendar",
    "no_session",
    "future",
    "missing_price",
    "price_not_finite",
    "price_not_positive",
    "high_below_low",
    "outside_range",
    "bad_volume",
    "spike",
]


class QuarantineChoice(SessionsRequest):
    """A request about the quarantined rows that fit all that is named."""

    symbol: Symbol | None = Field(default=None, description="Only rows of this symbol.")
    reason: ReasonName | None = Field(default=None, description="Only rows with this reason.")
    ids: Annotated[tuple[str, ...], Flag("--id")] = Field(
        default=(), description="Only rows whose ids begin so; repeatable."
    )

    def choice(self, status: Status = "pending") -> Choice:
        """The rows meant."""
        return Choice(self.symbol, self.reason, self.start, self.end, self.ids, status)
