"""LEAN zips of minute trade bars: deci-cents to dollars, milliseconds since New York's midnight to instants."""

import lzma
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from typing import Final

import polars as pl

from quantmill.core.bars import PRICE_COLUMNS
from quantmill.errors import BadBarsError
from quantmill.providers.files.lean_places import LeanPlace, lean_place

__all__ = ["LEAN_COLUMNS", "NEW_YORK", "read_lean_zip"]

NEW_YORK: Final = "America/New_York"
LEAN_COLUMNS: Final = ("ms", *PRICE_COLUMNS, "volume")
_DECI_CENTS: Final = 10_000
_DAY_MS: Final = 86_400_000
# A day has at most 1,440 minutes of some sixty bytes each: 90 kB, in a zip of 40 kB.
_MAX_BYTES: Final = 4_000_000
_MAX_ZIP_BYTES: Final = 4_000_000
_HINT: Final = "copy or download it again"


def read_lean_zip(path: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A day's bars as typed columns (symbol, local time `ts`, dollars, shares), and the rows as LEAN spells them.

    Times are null where the milliseconds are none of a day; prices where they are no number.

    Raises:
        BadBarsError: If the place is none of US minute trade bars, the zip is damaged or too large, or its
            CSV is missing, not the only one, of another date, or has other columns.
    """
    place = lean_place(path)
    if isinstance(place, str):
        raise BadBarsError(
            f"{path.name}: {place}", hint="keep LEAN's folders: equity/usa/minute/spy/20131007_trade.zip"
        )
    spelled = _rows(_content(path, place), path)
    ms = pl.col("ms").cast(pl.Int64, strict=False)
    midnight = pl.lit(place.day).cast(pl.Datetime("us"))
    bars = spelled.select(
        pl.lit(place.ticker).alias("symbol"),
        pl.when(ms.is_between(0, _DAY_MS, closed="left"))
        .then(midnight + pl.duration(milliseconds=ms))
        .dt.replace_time_zone(NEW_YORK, ambiguous="null", non_existent="null")
        .alias("ts"),
        pl.col("volume").cast(pl.Float64, strict=False),
    )
    return bars.with_columns(_dollars(spelled[name]) for name in PRICE_COLUMNS), spelled


def _dollars(column: pl.Series) -> pl.Series:
    """Deci-cents as the double nearest to the price; Polars multiplies by the inverse, which may miss it."""
    deci_cents = column.cast(pl.Float64, strict=False).to_numpy()
    return pl.Series(column.name, deci_cents / _DECI_CENTS).fill_nan(None)


def _content(path: Path, place: LeanPlace) -> bytes:
    """The bytes of the one CSV, never more than `_MAX_BYTES` whatever the zip claims."""
    if path.stat().st_size > _MAX_ZIP_BYTES:
        raise BadBarsError(
            f"{path.name}: {path.stat().st_size} bytes, a day of minute bars has at most {_MAX_ZIP_BYTES}"
        )
    try:
        with zipfile.ZipFile(path) as archive:
            inside = [info for info in archive.infolist() if info.filename.lower().endswith(".csv")]
            if len(inside) != 1:
                found = ", ".join(archive.namelist()[:3]) or "nothing"
                raise BadBarsError(
                    f"{path.name}: {len(inside)} CSV files in the zip, needed one; found {found}",
                    hint="the zip of one day and symbol holds one file such as 20131007_spy_minute_trade.csv",
                )
            _check_name(inside[0].filename, path, place)
            with archive.open(inside[0]) as stream:
                content = stream.read(_MAX_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError) as error:
        raise BadBarsError(f"{path.name}: the zip is truncated or damaged: {error}", hint=_HINT) from error
    except (RuntimeError, NotImplementedError) as error:
        raise BadBarsError(
            f"{path.name}: the zip cannot be opened: {error}", hint="zip it again without a password"
        ) from error
    if len(content) > _MAX_BYTES:
        raise BadBarsError(
            f"{path.name}: unpacks to more than {_MAX_BYTES} bytes, a day of minute bars has some 90,000",
            hint="this is no zip of one day's minute bars",
        )
    return content


def _check_name(inside: str, path: Path, place: LeanPlace) -> None:
    """LEAN repeats date and kind in the name of the CSV; its ticker may be an earlier or later one."""
    head, _, kind = Path(inside).stem.lower().partition("_")
    if (head.isdigit() and len(head) == 8 and head != f"{place.day:%Y%m%d}") or kind.endswith("_quote"):
        raise BadBarsError(
            f"{path.name}: holds {Path(inside).name}, needed trade bars of {place.day}",
            hint="rename the zip to what it holds",
        )


def _rows(content: bytes, path: Path) -> pl.DataFrame:
    if not content.strip():
        raise BadBarsError(f"{path.name}: the CSV in the zip has no rows", hint=_HINT)
    try:
        rows = pl.read_csv(
            BytesIO(content), has_header=False, infer_schema=False, quote_char=None, encoding="utf8-lossy"
        )
    except pl.exceptions.PolarsError as error:
        raise BadBarsError(
            f"{path.name}: the CSV in the zip cannot be read: {str(error).partition(chr(10))[0][:200]}",
            hint=_HINT,
        ) from error
    if rows.width != len(LEAN_COLUMNS):
        raise BadBarsError(
            f"{path.name}: {rows.width} columns, needed {len(LEAN_COLUMNS)} ({', '.join(LEAN_COLUMNS)})",
            hint="only trade bars are read; quotes have eleven columns",
        )
    return rows.rename(dict(zip(rows.columns, LEAN_COLUMNS, strict=True))).with_columns(
        pl.all().str.strip_chars()
    )
