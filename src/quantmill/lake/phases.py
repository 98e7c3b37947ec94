"""Where each bar of a frame lies in its exchange's day: its labels, and its phase pre, regular or post."""

from dataclasses import fields

import numpy as np
import polars as pl

from quantmill.core.bars import us_of
from quantmill.core.calendar import BarLabels, calendar_for
from quantmill.core.symbols import describe_symbol

__all__ = ["label_bars", "phase_of", "with_phase"]


def label_bars(bars: pl.DataFrame) -> BarLabels:
    """Labels of bars of any symbols in any order, each by the calendar of its symbol.

    Args:
        bars: Columns `symbol` and `ts`.
    """
    ts_us = us_of(bars["ts"])
    calendars = {symbol: describe_symbol(symbol).calendar for symbol in bars["symbol"].unique()}
    names = sorted(set(calendars.values())) or ["24/7"]
    if len(names) == 1:
        return calendar_for(names[0]).label(ts_us)
    calendar = bars["symbol"].replace_strict(calendars)
    rows = [np.flatnonzero((calendar == name).to_numpy()) for name in names]
    parts = [calendar_for(name).label(ts_us[at]) for name, at in zip(names, rows, strict=True)]
    order = np.argsort(np.concatenate(rows), kind="stable")
    return BarLabels(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in parts])[order]
            for field in fields(BarLabels)
        }
    )


def phase_of(labels: BarLabels) -> pl.Series:
    """`pre` before the session's open, `regular` in [open, close), `post` from the close; null without a session."""
    number = np.where(labels.is_regular, 1, np.where(labels.minute < 0, 0, 2))
    number[~labels.is_session] = 3
    return pl.Series("phase", ["pre", "regular", "post", None]).gather(number)


def with_phase(bars: pl.DataFrame) -> pl.DataFrame:
    """Bars of any symbols with the column `phase` added."""
    return bars.with_columns(phase_of(label_bars(bars)))
