"""Bars of sessions under way: staged as a segment of the hot tier, or as corrections of what is there."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from quantmill.core.bars import BAR_KEY, BAR_SCHEMA, us_of
from quantmill.core.instants import date_of_day, from_us
from quantmill.core.span import Span
from quantmill.lake.catalogue import FileRef
from quantmill.lake.datasets import BARS
from quantmill.lake.hot import HotSession, sessions_by_calendar
from quantmill.lake.merging import merge_rows
from quantmill.lake.staging import Staging

__all__ = ["Routed", "route_bars", "span_of", "stage_hot"]


@dataclass(frozen=True, slots=True)
class Routed:
    """Offered bars by the tier that their session lies in."""

    base: pl.DataFrame
    hot: list[tuple[HotSession, pl.DataFrame]]


def route_bars(rows: pl.DataFrame, hot_files: Collection[FileRef], *, now_us: int, is_live: bool) -> Routed:
    """Bars of a session that has hot files go there, live bars also when their date is not over; all others to base."""
    under_way = {HotSession.of(file.key, file.period) for file in hot_files}
    if not under_way and not is_live:
        return Routed(rows, [])
    base: list[pl.DataFrame] = []
    hot: list[tuple[HotSession, pl.DataFrame]] = []
    for calendar, part, session_of in sessions_by_calendar(rows):
        days = np.unique(session_of)
        sessions = {int(day): HotSession(calendar, date_of_day(int(day))) for day in days}
        taken = [
            day
            for day, session in sessions.items()
            if session in under_way or (is_live and session.takes_live_bars(now_us))
        ]
        if len(taken) == days.size == 1:
            hot.append((sessions[taken[0]], part))
            continue
        hot += [(sessions[day], part.filter(pl.Series(session_of == day))) for day in taken]
        base.append(part.filter(pl.Series(~np.isin(session_of, taken))))
    return Routed(pl.concat(base) if base else rows.clear(), hot)


def span_of(rows: pl.DataFrame) -> Span:
    """The span from the first to the last bar."""
    ts = us_of(rows["ts"])
    return Span(from_us(int(ts.min())), from_us(int(ts.max()) + 1))


def stage_hot(
    staging: Staging,
    session: HotSession,
    rows: pl.DataFrame,
    *,
    base_files: Sequence[FileRef],
) -> pl.DataFrame:
    """Stage bars of one session: new ones as a segment, replaced ones by rewriting the files that hold them.

    Args:
        staging: The write, which knows the hot files of the lake.
        session: The bars' session.
        rows: The bars, each key once.
        base_files: Base files that may hold bars of the same time.

    Returns:
        The bars whose key a base file holds: the caller stages them there.
    """
    span = span_of(rows)
    in_base, rows = _held_by(staging, rows, [file for file in base_files if _meets(file, span)], span)
    own = [
        file
        for file in staging.hot_files
        if (file.key, file.period) == (session.key, session.period) and _meets(file, span)
    ]
    if not own:
        if rows.height:
            staging.inserted += rows.height
            staging.drafting.write_hot(session, rows, kind="s")
        return in_base
    held = _rows_in(staging, rows, own, span)
    merged = merge_rows(BARS, held.select(*BAR_SCHEMA), rows, on_conflict=staging.on_conflict)
    staging.note(merged)
    if staging.is_refused:
        return in_base
    new = rows.join(held, on=BAR_KEY, how="anti")
    if new.height:
        staging.drafting.write_hot(session, new, kind="s")
    if merged.superseded.height:
        _rewrite(staging, session, own, merged.differing)
        for (symbol,), part in merged.superseded.partition_by("symbol", as_dict=True).items():
            staging.supersede(symbol, part)
    return in_base


def _held_by(
    staging: Staging, rows: pl.DataFrame, files: Sequence[FileRef], span: Span
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows whose key one of the base files holds, and the others."""
    symbols = frozenset(rows["symbol"].to_list()) if files else frozenset[str]()
    held = _rows_in(staging, rows, [file for file in files if file.key in symbols], span)
    if held.height == 0:
        return rows.clear(), rows
    return rows.join(held, on=BAR_KEY, how="semi"), rows.join(held, on=BAR_KEY, how="anti")


def _rows_in(staging: Staging, rows: pl.DataFrame, files: Sequence[FileRef], span: Span) -> pl.DataFrame:
    if not files:
        return rows.clear()
    return staging.read(files, rows.schema).filter(
        pl.col("ts").is_between(span.start, span.end, closed="left"),
        pl.col("symbol").is_in(rows["symbol"].unique().to_list()),
    )


def _rewrite(
    staging: Staging, session: HotSession, files: Sequence[FileRef], corrected: pl.DataFrame
) -> None:
    """Write the files anew in which bars are corrected."""
    for file in files:
        stored = staging.read([file], corrected.schema)
        inside = corrected.join(stored, on=BAR_KEY, how="semi")
        if inside.height:
            kept = stored.join(inside, on=BAR_KEY, how="anti")
            staging.drafting.write_hot(session, pl.concat([kept, inside]), kind="r", replaces=[file.path])


def _meets(file: FileRef, span: Span) -> bool:
    return (
        file.min_ts is not None
        and file.max_ts is not None
        and file.min_ts < span.end_us
        and file.max_ts >= span.start_us
    )
