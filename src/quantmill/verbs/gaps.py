"""The verb `gaps`: what is missing between the first and the last stored bar."""

from typing import Annotated, Final

import polars as pl
from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.ingest.gaps import find_gaps
from quantmill.verbs.chosen_symbols import stored_or_named
from quantmill.verbs.mill import Mill
from quantmill.verbs.request import POSITIONAL, FromSetting, Symbol, Unit
from quantmill.verbs.sessions_request import SessionsRequest

__all__ = ["READS_ONLY", "GapsRequest", "run"]

READS_ONLY: Final = True
WHEN_EMPTY: Final = "no gaps: every expected minute is stored"


class GapsRequest(SessionsRequest):
    """List missing and short sessions, and holes within sessions."""

    symbols: Annotated[tuple[Symbol, ...], POSITIONAL] = Field(
        default=(),
        description="Symbols; those of the setting `symbols`, else all stored ones, when left out.",
    )
    holes: bool = Field(
        default=True, description="Also look for holes within sessions, which reads the bars."
    )
    hole_minutes: Annotated[int | None, Unit("minutes"), FromSetting("ingest.hole_minutes")] = Field(
        default=None, ge=1, description="A hole has more missing minutes in a row."
    )


def run(mill: Mill, request: GapsRequest, progress: Progress) -> pl.DataFrame:
    """One row per gap, by symbol and session; kind is missing, short or hole.

    Raises:
        NotFoundError: If nothing is stored of a symbol.
        NoDataError: If nothing is stored at all.
    """
    symbols = stored_or_named(mill, request.symbols)
    limit = request.hole_minutes or mill.settings.ingest.hole_minutes
    hole_minutes = limit if request.holes else None
    progress.start("gaps", len(symbols))
    found: list[pl.DataFrame] = []
    for symbol in symbols:
        found.append(
            find_gaps(mill.lake, [symbol], start=request.start, end=request.end, hole_minutes=hole_minutes)
        )
        progress.advance(note=symbol)
    return pl.concat(found)
