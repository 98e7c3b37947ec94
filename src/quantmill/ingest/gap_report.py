"""What is missing of some symbols, with what is stored of each session and what each feed speaks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.ingest.coverage import count_minutes, usual_share
from quantmill.ingest.gaps import GAP_SCHEMA, gaps_of_symbol, hole_limit
from quantmill.lake.store import Lake
from quantmill.providers.grades import grade_of

__all__ = ["SUMMARY_SCHEMA", "GapReport", "report_gaps"]

SUMMARY_SCHEMA: Final[dict[str, pl.DataType]] = {
    "symbol": pl.String(),
    "feed_grade": pl.String(),
    "sessions": pl.Int64(),
    "expected_bars": pl.Int64(),
    "found_bars": pl.Int64(),
    "usual_share": pl.Float64(),
    "hole_minutes": pl.Int64(),
    "missing": pl.Int64(),
    "short": pl.Int64(),
    "holes": pl.Int64(),
    "isolated_minutes": pl.Int64(),
}
_USUAL_HOLE_MINUTES: Final = 5


@dataclass(frozen=True, slots=True)
class GapReport:
    """Gaps, and how they look beside what is there.

    Attributes:
        gaps: Columns of `GAP_SCHEMA`.
        summary: One row per symbol, columns of `SUMMARY_SCHEMA`: minutes expected and found, the share that is usual of all that is stored,
            from how many missing minutes on a run is a hole, and how much is missing by kind. `isolated_minutes`
            is null, and `holes` too, where no holes were looked for.
        sessions: One row per symbol and session: `symbol`, what `count_minutes` gives, and `is_confirmed` where a
            provider said that there is nothing.
    """

    gaps: pl.DataFrame
    summary: pl.DataFrame
    sessions: pl.DataFrame


def report_gaps(
    lake: Lake,
    symbols: Sequence[str],
    *,
    start: date | None = None,
    end: date | None = None,
    hole_minutes: int | None = _USUAL_HOLE_MINUTES,
    confirmed: pl.DataFrame | None = None,
    progress: Progress = NO_PROGRESS,
) -> GapReport:
    """Look for the gaps of symbols; arguments as for `find_gaps`.

    Raises:
        NotFoundError: If nothing is stored of a symbol.
        UsageError: If the dates or the limit cannot be meant.
    """
    progress.start("gaps", len(symbols))
    gaps, rows, counted = [pl.DataFrame(schema=GAP_SCHEMA)], list[dict[str, object]](), list[pl.DataFrame]()
    for symbol in symbols:
        every = count_minutes(lake, symbol)
        sessions = (
            every if start is None and end is None else count_minutes(lake, symbol, start=start, end=end)
        )
        usual = usual_share(every)
        found = gaps_of_symbol(
            lake, symbol, sessions, usual=usual, hole_minutes=hole_minutes, confirmed=confirmed
        )
        gaps.append(found)
        rows.append(_summary(lake, symbol, sessions, found, usual, hole_minutes))
        counted.append(_with_confirmed(symbol, sessions, found))
        progress.advance(note=symbol)
    return GapReport(pl.concat(gaps), pl.DataFrame(rows, schema=SUMMARY_SCHEMA), pl.concat(counted))


def _summary(
    lake: Lake,
    symbol: str,
    sessions: pl.DataFrame,
    gaps: pl.DataFrame,
    usual: float,
    hole_minutes: int | None,
) -> dict[str, object]:
    kinds: dict[str, int] = dict(gaps["kind"].value_counts().iter_rows())
    isolated = gaps.filter(kind="isolated")
    return {
        "symbol": symbol,
        "feed_grade": _feed_grade(lake, symbol),
        "sessions": sessions.height,
        "expected_bars": sessions["expected_bars"].sum(),
        "found_bars": sessions["found_bars"].sum(),
        "usual_share": usual,
        "hole_minutes": None if hole_minutes is None else hole_limit(usual, hole_minutes),
        "missing": kinds.get("missing", 0),
        "short": kinds.get("short", 0),
        "holes": None if hole_minutes is None else kinds.get("hole", 0),
        "isolated_minutes": None if hole_minutes is None else isolated["expected_bars"].sum(),
    }


def _feed_grade(lake: Lake, symbol: str) -> str:
    """The grades of all feeds that a symbol's bars came from."""
    lazy = lake.scan("bars", keys=[symbol], columns=["provider", "feed"]).unique()
    return ", ".join(sorted({grade_of(provider, feed) for provider, feed in lazy.collect().iter_rows()}))


def _with_confirmed(symbol: str, sessions: pl.DataFrame, gaps: pl.DataFrame) -> pl.DataFrame:
    empty = gaps.filter(pl.col("kind") == "missing", pl.col("confirmed").is_not_null())["session"]
    return sessions.select(
        pl.lit(symbol).alias("symbol"),
        pl.all(),
        pl.col("session").is_in(empty.implode()).alias("is_confirmed"),
    )
