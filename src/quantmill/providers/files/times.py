"""Times of files in any common spelling, as UTC instants."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from quantmill.core.bars import UTC_TIME
from quantmill.errors import BadBarsError

__all__ = ["LocalTimes", "read_times"]

_DATES: Final = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%m/%d/%Y", "%d/%m/%Y", "%m-%d-%Y", "%d-%m-%Y", "%d.%m.%Y")
_DATES_RARE: Final = ("%m/%d/%y", "%d/%m/%y", "%d-%b-%Y", "%d %b %Y", "%b %d %Y")
_TIMES: Final = ("%H:%M:%S%.f", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%H%M%S", "%H%M")
# Rows that a pattern is tried on, and the fewer of them that rule most patterns out.
_SAMPLE: Final = 2000
_FEW: Final = 20
_FIRST_YEAR: Final = 1900
# An epoch number's unit shows in its size: seconds of this century have ten digits.
_FIRST_EPOCH_S: Final = 1e8
_EPOCH_UNITS: Final = ((1e11, 1_000_000), (1e14, 1_000), (1e17, 1))
_HAS_OFFSET: Final = r"(Z|[+-]\d{2}:?\d{2})$"


@dataclass(frozen=True, slots=True)
class LocalTimes:
    """Times of a file, null where one cannot be read; `zone` is None when the file does not say it."""

    naive: pl.Series
    zone: str | None
    note: str = ""

    def in_utc(self, tz: str | None, *, file: str) -> pl.Series:
        """UTC instants; null also where a clock change makes a local time ambiguous or skips it.

        Raises:
            BadBarsError: If neither the file nor `tz` tells the time zone.
        """
        zone = self.zone or tz
        if zone is None:
            first = self.naive.drop_nulls()[0]
            raise BadBarsError(
                f"{file}: times such as {first} carry no time zone, needed is one to know the instant",
                hint="say it with --tz, for example --tz America/New_York",
            )
        local = self.naive.to_frame("ts").select(
            pl.col("ts").dt.replace_time_zone(zone, ambiguous="null", non_existent="null")
        )
        return local.to_series().dt.convert_time_zone("UTC").cast(UTC_TIME)


def read_times(frame: pl.DataFrame, columns: list[str], *, file: str) -> LocalTimes:
    """Read one timestamp column, or a date and a time column.

    Raises:
        BadBarsError: If no row's time can be read.
    """
    first = frame[columns[0]]
    if len(columns) == 1:
        times = _typed(first) if first.dtype != pl.String else _text(first)
    else:
        times = _text(_joined(first, frame[columns[1]]))
    if times.naive.null_count() == times.naive.len():
        shown = next((str(value) for value in first if value is not None), "nothing")
        raise BadBarsError(
            f"{file}: column {columns[0]!r} holds {shown!r}, which is no known form of time",
            hint="use ISO 8601 such as 2024-03-01 09:30:00, or seconds since 1970",
        )
    return times


def _typed(column: pl.Series) -> LocalTimes:
    if isinstance(column.dtype, pl.Datetime):
        zone = column.dtype.time_zone
        naive = column if zone is None else column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return LocalTimes(naive.cast(pl.Datetime("us")), None if zone is None else "UTC")
    if column.dtype == pl.Date:
        return LocalTimes(column.cast(pl.Datetime("us")), None)
    if column.dtype.is_integer() and column.min() is not None and 19_000_101 <= column.max() <= 99_991_231:  # type: ignore[operator] - integers
        return _text(column.cast(pl.String))
    if column.dtype.is_numeric():
        return _epoch(column)
    return _text(column.cast(pl.String))


def _epoch(column: pl.Series) -> LocalTimes:
    """Numbers since 1970 UTC in seconds, milli-, micro- or nanoseconds, by the size of their median."""
    size = column.cast(pl.Float64).abs().median()
    assert isinstance(size, float)
    if size < _FIRST_EPOCH_S:
        # Days of a spreadsheet or of Julius Caesar are no seconds since 1970.
        return LocalTimes(pl.Series("ts", [None] * column.len(), dtype=pl.Datetime("us")), "UTC")
    scale = next((scale for limit, scale in _EPOCH_UNITS if size < limit), 0)
    if column.dtype.is_float():
        column = (column * scale).round() if scale else (column / 1000).round()
        return LocalTimes(column.cast(pl.Int64, strict=False).cast(pl.Datetime("us")), "UTC")
    column = column.cast(pl.Int64, strict=False)
    us = column * scale if scale else column // 1000
    return LocalTimes(us.cast(pl.Datetime("us")), "UTC")


def _joined(date: pl.Series, time: pl.Series) -> pl.Series:
    clock = time.cast(pl.String).str.strip_chars()
    if clock.drop_nulls().str.contains(r"^\d{1,6}(\.0)?$").all():
        # 930 is half past nine; 93000 with seconds.
        digits = clock.str.replace(r"\.0$", "")
        width = 4 if (digits.str.len_chars().max() or 0) <= 4 else 6  # type: ignore[operator] - a count
        clock = digits.str.zfill(width)
    day = date.cast(pl.String).str.strip_chars().str.replace(r"[T ]00:00(:00(\.0+)?)?$", "")
    return day + " " + clock


def _text(column: pl.Series) -> LocalTimes:
    sample = column.drop_nulls().head(_SAMPLE)
    if sample.len() and sample.str.contains(r"^\d{9,19}(\.\d+)?$").all() and not _is_compact_date(sample):
        return _epoch(
            column.cast(
                pl.Float64 if sample.str.contains(".", literal=True).any() else pl.Int64, strict=False
            )
        )
    has_offset = sample.str.contains(_HAS_OFFSET) & sample.str.contains(r"\d:\d")
    if 2 * has_offset.sum() > sample.len():
        return LocalTimes(_with_offset(column), "UTC")
    column = column.str.replace("T", " ", literal=True)
    best, best_format = None, ""
    for pattern in _patterns(sample):
        parsed = _parse(column, pattern)
        if best is None or _rank(parsed) < _rank(best):
            best, best_format = parsed, pattern
    if best is None:
        best = pl.Series("ts", [None] * column.len(), dtype=pl.Datetime("us"))
    return LocalTimes(best, None, _ambiguity(best_format, column, best))


def _is_compact_date(sample: pl.Series) -> bool:
    return bool(sample.str.contains(r"^(19|20)\d{6}(\d{4}|\d{6})$").all())


def _with_offset(column: pl.Series) -> pl.Series:
    text = column.str.replace(" ", "T", literal=True).str.replace(r"Z$", "+00:00")
    text = text.str.replace(r"([+-]\d{2})(\d{2})$", "$1:$2").str.replace(
        r"^([^T]*T\d{1,2}:\d{2})([+-])", "$1:00$2"
    )
    parsed = text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", strict=False, time_unit="us", time_zone="UTC")
    return parsed.dt.replace_time_zone(None)


def _patterns(sample: pl.Series) -> list[str]:
    """Patterns that read most of the sample, common ones first."""
    text = sample.str.replace("T", " ", literal=True)
    few = text.gather_every(max(text.len() // _FEW, 1))
    most, best = 0, list[str]()
    for dates in (_DATES, _DATES_RARE):
        for pattern in _candidates(dates):
            if _parse(few, pattern).null_count() == few.len():
                continue
            n_read = text.len() - _parse(text, pattern).null_count()
            if n_read > most:
                most, best = n_read, []
            if n_read == most > 0:
                best.append(pattern)
        if most == text.len():
            break
    return best


def _candidates(dates: tuple[str, ...]) -> list[str]:
    spaced = [f"{date} {time}" for date in dates for time in _TIMES]
    compact = [f"{date}{time}" for date in dates if date == "%Y%m%d" for time in ("%H%M%S", "%H%M")]
    return [*spaced, *compact, *dates]


def _parse(text: pl.Series, pattern: str) -> pl.Series:
    if "%H" in pattern or "%I" in pattern:
        times = text.str.to_datetime(pattern, strict=False, time_unit="us")
    else:
        times = text.str.to_date(pattern, strict=False).cast(pl.Datetime("us"))
    # A year of two digits, read as one of four, is antique.
    return times.to_frame("ts").select(pl.when(pl.col("ts").dt.year() >= _FIRST_YEAR).then("ts")).to_series()


def _rank(times: pl.Series) -> tuple[int, int]:
    """Fewer unreadable rows are better, then a shorter stretch of time: 05/11 and 05/12 are neighbors in May."""
    known = times.drop_nulls().cast(pl.Int64)
    stretch = int(known.max()) - int(known.min()) if known.len() else 0  # type: ignore[arg-type] - integers
    return times.null_count(), stretch


def _ambiguity(pattern: str, column: pl.Series, best: pl.Series) -> str:
    swapped = {"%m/%d": "%d/%m", "%d/%m": "%m/%d", "%m-%d": "%d-%m", "%d-%m": "%m-%d"}
    head = pattern[:5]
    if head not in swapped:
        return ""
    other = _parse(column, swapped[head] + pattern[5:])
    if other.null_count() > best.null_count():
        return ""
    order = "month before day" if head.startswith("%m") else "day before month"
    return f"dates were read with the {order}; the other order would be possible too"
