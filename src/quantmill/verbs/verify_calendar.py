"""The verb `verify calendar`: our sessions beside a provider's."""

from contextlib import closing
from datetime import date
from typing import Final

import polars as pl

from quantmill.core.progress import Progress
from quantmill.providers.access import Access
from quantmill.providers.alpaca.calendar_check import compare_calendar
from quantmill.verbs.mill import Mill
from quantmill.verbs.sessions_request import SessionsRequest

__all__ = ["READS_ONLY", "VerifyCalendarRequest", "run"]

READS_ONLY: Final = True
WHEN_EMPTY: Final = "no difference: Alpaca opens and closes on the same days at the same hours"
_COLUMNS: Final = {"day": pl.Date(), "ours": pl.String(), "alpaca": pl.String()}


class VerifyCalendarRequest(SessionsRequest):
    """Compare the sessions of XNYS with Alpaca's calendar.

    Without dates the last calendar year, this one and the next are compared.
    """


def run(mill: Mill, request: VerifyCalendarRequest, progress: Progress) -> pl.DataFrame:
    """One row per date with other hours, in New York time.

    Raises:
        ConfigError: If Alpaca's key is not set.
        ProviderError: If Alpaca cannot be asked.
    """
    year = mill.clock.now().year
    start, end = request.start or date(year - 1, 1, 1), request.end or date(year + 2, 1, 1)
    with closing(Access(mill.settings, clock=mill.clock)) as access:
        found = compare_calendar(access, start, end)
    return pl.DataFrame([(one.day, one.ours, one.alpaca) for one in found], schema=_COLUMNS, orient="row")
