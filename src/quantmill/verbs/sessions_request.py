"""Requests that take a stretch of sessions, the end excluded."""

from datetime import date

from pydantic import Field, model_validator

from quantmill.core.calendar import FIRST_DATE, LAST_DATE, calendar_for
from quantmill.core.span import Span
from quantmill.core.symbols import describe_symbol
from quantmill.verbs.request import Request

__all__ = ["SessionsRequest"]


class SessionsRequest(Request):
    """A request about the sessions from `start` up to, not including, `end`."""

    start: date | None = Field(
        default=None, description="First session, as 2024-01-31; the first there is when left out."
    )
    end: date | None = Field(
        default=None, description="Session after the last one; the last there is when left out."
    )

    @model_validator(mode="after")
    def _check_order(self) -> "SessionsRequest":
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise ValueError(f"--start {self.start} is not before --end {self.end}; the end is excluded")
        return self

    def span_of(self, symbol: str) -> Span | None:
        """The instants of these sessions in the symbol's calendar, None when every session is meant."""
        if self.start is None and self.end is None:
            return None
        calendar = calendar_for(describe_symbol(symbol).calendar)
        return calendar.day_span(self.start or FIRST_DATE, self.end or LAST_DATE)
