"""The verb `runs report`: the tear sheet of one kept run, a page to keep."""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Annotated, Final

import polars as pl
from pydantic import Field

from quantmill.core.panels import Picture
from quantmill.core.progress import Progress
from quantmill.optimize.significance import Significance, findings_of
from quantmill.reports.tear_page import PAGE_POLICY, tear_page
from quantmill.reports.tear_panels import whole_picture
from quantmill.reports.tear_sheet import TearSheet, tear_sheet
from quantmill.simulation.history import get_run, read_equity, read_trades
from quantmill.verbs.json_form import Json
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import POSITIONAL, Request
from quantmill.verbs.simulate import judged, run_json, run_lines

__all__ = [
    "PAGE_POLICY",
    "READS_ONLY",
    "ReportedRun",
    "RunsReportRequest",
    "draw",
    "page",
    "page_name",
    "run",
]

READS_ONLY: Final = True


class RunsReportRequest(Request):
    """Make the tear sheet of one run: an HTML page to keep.

    It holds figures, parameters, pictures and trades, opens without a network, and is written to RUN_ID.html in the present folder
    unless --out names a file. A .csv, .parquet or .json file gets the returns by month.
    """

    run_id: Annotated[str, POSITIONAL] = Field(description="Run id.")


@dataclass(frozen=True)
class ReportedRun(Outcome):
    """One run as a page, and its returns by month."""

    sheet: TearSheet
    significance: Significance

    @property
    def html(self) -> str:
        """The whole page."""
        return tear_page(self.sheet)

    def save(self, path: str | Path) -> Path:
        """Write the page to a file.

        Raises:
            OSError: If the file cannot be written.
        """
        place = Path(path)
        place.write_text(self.html, encoding="utf-8")
        return place

    def to_json(self) -> Json:
        """The run as one flat object, with its returns by month and year."""
        returns = self.sheet.returns
        return {
            **run_json(self.sheet.record, self.significance),
            "months": returns.months,
            "years": returns.years,
        }

    def table(self) -> pl.DataFrame:
        """One row per month."""
        return self.sheet.returns.months

    def lines(self) -> list[str]:
        """The run in words."""
        return run_lines(self.sheet.record, self.significance)

    def _repr_html_(self) -> str:
        # A frame of its own keeps the style of the page from that of the notebook.
        return f'<iframe srcdoc="{escape(self.html)}" width="100%" height="900" style="border: 0"></iframe>'


def run(mill: Mill, request: RunsReportRequest, progress: Progress) -> ReportedRun:
    """The run with its curves, to be shown as a page.

    Raises:
        NotFoundError: If there is no such run.
    """
    record = get_run(mill.state, request.run_id)
    equity = read_equity(mill.lake, record.run_id)
    significance = judged(mill, record)
    findings = findings_of(record, significance)
    sheet = tear_sheet(record, equity, read_trades(mill.lake, record.run_id), findings)
    return ReportedRun(sheet, significance)


def page(reported: ReportedRun) -> str:
    """The tear sheet as HTML."""
    return reported.html


def page_name(reported: ReportedRun) -> str:
    """The file that gets the page when none is named."""
    return f"{reported.sheet.record.run_id}.html"


def draw(reported: ReportedRun) -> Picture:
    """The pictures of the page as one."""
    return whole_picture(reported.sheet)
