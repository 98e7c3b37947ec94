"""The tear sheet of a run as one HTML file: nothing in it comes from elsewhere and nothing runs."""

from collections.abc import Callable
from typing import Final

from quantmill.reports.markup import Html, element, joined
from quantmill.reports.page_style import PAGE_STYLE
from quantmill.reports.picture_sections import (
    drawdown_section,
    equity_section,
    hit_rate_section,
    price_section,
)
from quantmill.reports.tear_sections import (
    Section,
    band_section,
    findings_section,
    head,
    metrics_section,
    months_section,
    parameters_section,
)
from quantmill.reports.tear_sheet import TearSheet
from quantmill.reports.trade_section import trades_section

__all__ = ["PAGE_POLICY", "tear_page"]

PAGE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""What a page may load: its own style and nothing else."""

_SECTIONS: Final[tuple[Callable[[TearSheet], Section], ...]] = (
    findings_section,
    equity_section,
    drawdown_section,
    months_section,
    hit_rate_section,
    price_section,
    band_section,
    metrics_section,
    parameters_section,
    trades_section,
)


def tear_page(sheet: TearSheet) -> str:
    """The whole page; the same run gives the same text."""
    record = sheet.record
    sections = (_section(make(sheet)) for make in _SECTIONS)
    footer = element(
        "footer",
        f"Run {record.run_id}, quantmill {record.code_version}, snapshot {record.snapshot}. A simulation is no promise.",
    )
    title = f"{record.symbol} {record.model_name} {record.run_id}"
    parts = (
        Html('<!doctype html><html lang="en"><head><meta charset="utf-8">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{PAGE_POLICY}">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        element("title", title),
        Html(f"<style>{PAGE_STYLE}</style></head><body>"),
        element("main", head(sheet), *sections, footer),
        Html("</body></html>\n"),
    )
    return joined(parts).text


def _section(section: Section) -> Html:
    return element("section", element("h2", section.title), *section.parts)
