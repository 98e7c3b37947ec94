"""The picture of what is stored: a calendar per symbol, shaded by the share of minutes."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from quantmill.core.panels import BarPanel, HeatPanel, Picture, Shade
from quantmill.ingest.gap_calendar import GapCalendar

__all__ = ["gap_picture"]

_TITLE: Final = "Regular minutes stored"
_SHADES: Final = (
    Shade("≥ 99.5 % of the usual minutes", 0.995),
    Shade("≥ 95 %", 0.95),
    Shade("≥ 75 %", 0.75),
    Shade("fewer", 0.0),
)
_MARKS: Final = ("session missing", "missing, confirmed by a provider", "half day")
_WIDTH_IN: Final = 12.0
_ROW_IN: Final = {"session": 0.26, "week": 0.17}
_AROUND_IN: Final = 0.62


def gap_picture(calendars: Sequence[GapCalendar], titles: Sequence[str]) -> Picture:
    """Two calendars side by side, one where there is one symbol.

    Args:
        calendars: One per symbol, all with the same unit.
        titles: One per symbol.
    """
    if not calendars:
        nothing = BarPanel("", "", (), {}, empty="there is no session in this span")
        return Picture(_TITLE, ((nothing,),), (1.5,))
    n_columns = 1 if len(calendars) == 1 else 2
    unit = calendars[0].unit
    n_rows = max(len(calendar.rows) for calendar in calendars)
    panels = [
        _panel(calendar, title, n_rows=n_rows) for calendar, title in zip(calendars, titles, strict=True)
    ]
    if len(panels) % n_columns:
        panels.append(_blank(panels[-1]))
    rows = tuple(tuple(panels[at : at + n_columns]) for at in range(0, len(panels), n_columns))
    row_in = _ROW_IN[unit] * (1.3 if n_columns == 1 and unit == "session" else 1.0)
    heights = (_AROUND_IN + row_in * n_rows,) * len(rows)
    cell = (
        "a session: months down, days across" if unit == "session" else "a week: years down, ISO weeks across"
    )
    return Picture(
        _TITLE,
        rows,
        heights,
        marks=_MARKS,
        note=f"Each cell is {cell}. White: no session. Usual is every minute of the exchange's calendar; of thin "
        "names and single venues, their median share.",
        width=_WIDTH_IN,
    )


def _panel(calendar: GapCalendar, title: str, *, n_rows: int) -> HeatPanel:
    """A calendar with empty rows below, so that cells of all symbols are as high."""
    below = ((0, n_rows - len(calendar.rows)), (0, 0))
    return HeatPanel(
        title,
        (*calendar.rows, *[""] * below[0][1]),
        calendar.ticks,
        np.pad(calendar.share, below, constant_values=np.nan),
        _SHADES,
        crosses=np.pad(calendar.is_missing, below),
        grays=np.pad(calendar.is_confirmed, below),
        dots=np.pad(calendar.is_half, below),
    )


def _blank(beside: HeatPanel) -> HeatPanel:
    """Room as wide as the panel beside it."""
    nothing = np.zeros_like(beside.crosses)
    return HeatPanel(
        "",
        ("",) * len(beside.rows),
        {},
        np.full_like(beside.values, np.nan),
        _SHADES,
        crosses=nothing,
        grays=nothing,
        dots=nothing,
    )
