"""The verb `gaps`: what is missing between the first and the last stored bar, as a table and as a calendar."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final

import polars as pl
from pydantic import Field

from quantmill.core.panels import Picture
from quantmill.core.progress import Progress
from quantmill.ingest.gap_calendar import CELL_LEGEND, GapCalendar, calendar_lines, gap_calendar, unit_for
from quantmill.ingest.gap_picture import gap_picture
from quantmill.ingest.gap_report import GapReport, report_gaps
from quantmill.ingest.session_answers import confirmed_sessions
from quantmill.verbs.chosen_symbols import stored_or_named
from quantmill.verbs.json_form import Json, json_of
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import POSITIONAL, FromSetting, Symbol, Unit
from quantmill.verbs.sessions_request import SessionsRequest

__all__ = ["READS_ONLY", "Gaps", "GapsRequest", "draw", "run"]

READS_ONLY: Final = True
TERMINAL_COLUMNS: Final = (
    "symbol",
    "session",
    "grade",
    "kind",
    "expected_bars",
    "found_bars",
    "first_ts",
    "last_ts",
    "confirmed",
)


class GapsRequest(SessionsRequest):
    """List missing and short sessions, and holes within sessions."""

    symbols: Annotated[tuple[Symbol, ...], POSITIONAL] = Field(
        default=(),
        description="Symbols; those of the setting `symbols`, else all stored ones, when left out.",
    )
    holes: bool = Field(
        default=True, description="Also look for missing minutes within sessions, which reads the bars."
    )
    hole_minutes: Annotated[int | None, Unit("minutes"), FromSetting("ingest.hole_minutes")] = Field(
        default=None, ge=1, description="A hole has at least so many missing minutes in a row."
    )
    isolated: bool = Field(
        default=False, description="Also list how many minutes each session lacks besides holes."
    )
    calendar: bool = Field(default=False, description="Also show a calendar of what is stored.")


@dataclass(frozen=True)
class Gaps(Outcome):
    """Gaps, what is stored of each symbol, and the calendar of its sessions."""

    report: GapReport
    with_isolated: bool
    with_calendar: bool

    def to_json(self) -> Json:
        """The rows of the table, and one entry per symbol."""
        return {"gaps": json_of(self.table()), "symbols": json_of(self.report.summary)}

    def table(self) -> pl.DataFrame:
        """One row per gap; minutes missing here and there only where they are asked for."""
        gaps = self.report.gaps
        return gaps if self.with_isolated else gaps.filter(pl.col("grade") != "isolated")

    def calendars(self) -> list[GapCalendar]:
        """One calendar per symbol that has sessions, all of the same unit."""
        sessions = self.report.sessions
        unit = unit_for(sessions)
        parts = sessions.partition_by("symbol", as_dict=True, maintain_order=True)
        usual: dict[str, float] = dict(self.report.summary.select("symbol", "usual_share").iter_rows())
        return [
            gap_calendar(str(symbol), part, unit, usual=usual[str(symbol)])
            for (symbol,), part in parts.items()
        ]

    def lines(self) -> list[str]:
        """The calendars where they are asked for, and a sentence per symbol."""
        lines: list[str] = []
        if self.with_calendar:
            for calendar in self.calendars():
                lines += [*calendar_lines(calendar), ""]
            lines += [CELL_LEGEND, ""]
        return lines + [_sentence(row) for row in self.report.summary.iter_rows(named=True)]


def run(mill: Mill, request: GapsRequest, progress: Progress) -> Gaps:
    """Gaps by symbol and session: missing and short sessions, holes, minutes missing here and there.

    Raises:
        NotFoundError: If nothing is stored of a symbol.
        NoDataError: If nothing is stored at all.
    """
    symbols = stored_or_named(mill, request.symbols)
    limit = request.hole_minutes or mill.settings.ingest.hole_minutes
    report = report_gaps(
        mill.lake,
        symbols,
        start=request.start,
        end=request.end,
        hole_minutes=limit if request.holes or request.isolated else None,
        confirmed=confirmed_sessions(mill.state, symbols),
        progress=progress,
    )
    return Gaps(report, request.isolated, request.calendar)


def draw(gaps: Gaps) -> Picture:
    """A calendar per symbol, shaded by the share of minutes that is stored."""
    calendars = gaps.calendars()
    titles = {row["symbol"]: _title(row) for row in gaps.report.summary.iter_rows(named=True)}
    return gap_picture(calendars, [titles[calendar.symbol] for calendar in calendars])


def _title(row: dict[str, Any]) -> str:
    usual = f", usually {100 * row['usual_share']:.3g} %" if row["usual_share"] < 1.0 else ""
    return f"{row['symbol']}   {_share(row['found_bars'], row['expected_bars'])}{usual}, {row['feed_grade']}"


def _sentence(row: dict[str, Any]) -> str:
    return f"{row['symbol']} ({row['feed_grade']}): {', '.join(_facts(row))}"


def _facts(row: dict[str, Any]) -> Iterator[str]:
    if not row["sessions"]:
        yield "no session in this span"
        return
    yield f"{_share(row['found_bars'], row['expected_bars'])} of the minutes of {row['sessions']:,} sessions"
    if row["usual_share"] < 1.0:
        yield f"usually {100 * row['usual_share']:.3g} %"
    if row["missing"] or row["short"]:
        yield f"{row['missing']:,} sessions missing and {row['short']:,} short"
    if row["holes"]:
        yield f"{row['holes']:,} holes of {row['hole_minutes']} minutes or more"
    if row["isolated_minutes"]:
        yield f"{row['isolated_minutes']:,} minutes missing here and there"
    if row["found_bars"] == row["expected_bars"]:
        yield "no gaps"


def _share(found: int, expected: int) -> str:
    """A share in percent; only what is complete is called 100 %."""
    if not expected:
        return "none"
    return "100 %" if found == expected else f"{min(100 * found / expected, 99.99):.2f} %"
