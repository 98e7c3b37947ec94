"""LEAN factor files: splits and dividends from the factors of consecutive rows."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final

from quantmill.core.calendar import FIRST_DATE, LAST_DATE, SessionCalendar, calendar_for
from quantmill.core.symbols import describe_symbol
from quantmill.errors import DataError
from quantmill.providers.files.action_rows import FileActions, RowCollector

__all__ = ["is_factor_line", "read_factor_file"]

_LINE: Final = re.compile(r"\d{8},[0-9.eE+\-inf]+,[0-9.eE+\-inf]+(,[0-9.eE+\-]*)?\s*")
# LEAN writes price factors with seven digits, so this much of a close is lost in an amount.
_FACTOR_STEP: Final = 1e-7
# Split factors are products of rounded ones: a ratio this close to small whole numbers is taken for them.
_RATIO_TOLERANCE: Final = 2e-4
_LARGEST_TERM: Final = 10
_LARGEST_MULTIPLE: Final = 100


@dataclass(frozen=True, slots=True)
class _Row:
    """Factors that hold up to and on `day`, and the raw close of that day (0 when it is not given)."""

    day: date
    price_factor: float
    split_factor: float
    close: float


def is_factor_line(line: str) -> bool:
    """Whether a line is one of a factor file: date, price factor, split factor, reference price."""
    return _LINE.fullmatch(line.strip()) is not None


def read_factor_file(path: Path, symbol: str) -> FileActions:
    """The events of a factor file.

    A row's factors hold up to its date; the next row's hold from the next session on, which is the ex-date of
    what changed. Split: ratio = next split factor / split factor. Dividend: close × (1 - price factor / next price
    factor), per old share; where a split has the same ex-date it is converted to new shares.

    Args:
        path: The file.
        symbol: Canonical symbol that the events belong to.

    Returns:
        Split ratios within 0.02 % of small whole numbers are taken for them; amounts are rounded to what seven
        digits of a price factor can tell.

    Raises:
        DataError: If a line is none of a factor file.

    Source:
        QuantConnect LEAN, `Common/Data/Auxiliary/CorporateFactorRow.cs` (GetSplit, GetDividend, Apply).
    """
    collector = RowCollector()
    rows = _read_rows(path, collector)
    calendar = calendar_for(describe_symbol(symbol).calendar)
    n_rounded = 0
    for row, following in pairwise(rows):
        if (row.price_factor, row.split_factor) == (following.price_factor, following.split_factor):
            continue
        if not FIRST_DATE <= row.day < LAST_DATE:
            collector.skip(f"ex-date outside {FIRST_DATE} to {LAST_DATE}")
            continue
        ex_date = calendar.next_sessions(row.day + timedelta(days=1), 1)[0]
        exact = following.split_factor / row.split_factor
        ratio = _whole(exact)
        if row.split_factor != following.split_factor:
            n_rounded += ratio != exact
            collector.add(symbol, ex_date, "split", calendar, ratio=ratio)
        if row.price_factor != following.price_factor:
            _add_dividend(collector, symbol, ex_date, calendar, row, following, ratio)
    note = f"{n_rounded} split ratios taken for whole numbers within {_RATIO_TOLERANCE:.2%}"
    return collector.collected(note if n_rounded else "")


def _read_rows(path: Path, collector: RowCollector) -> Sequence[_Row]:
    rows: list[_Row] = []
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if not is_factor_line(line):
            raise DataError(
                f"{path.name}: line {number} is {line[:60]!r}, needed date,price factor,split factor,reference price",
                hint="LEAN writes such as 20140606,0.9011818,0.0357143,645.57",
            )
        if "inf" in line or "e" in line.lower():
            collector.skip("factor in exponential form or infinite, which has lost its digits")
            continue
        day, *numbers = line.strip().split(",")
        try:
            row = _Row(
                datetime.strptime(day, "%Y%m%d").date(),  # noqa: DTZ007 - a date has no zone
                float(numbers[0]),
                float(numbers[1]),
                float(numbers[2]) if len(numbers) > 2 and numbers[2] else 0.0,
            )
        except ValueError as error:
            raise DataError(f"{path.name}: line {number} is {line[:60]!r}: {error}") from error
        if min(row.price_factor, row.split_factor) > 0:
            rows.append(row)
        else:
            collector.skip("factor not above zero")
    return sorted(rows, key=lambda row: row.day)


def _add_dividend(
    collector: RowCollector,
    symbol: str,
    ex_date: date,
    calendar: SessionCalendar,
    row: _Row,
    following: _Row,
    ratio: float,
) -> None:
    if row.close <= 0:
        collector.skip("no reference price, which a dividend is a part of")
        return
    amount = row.close * (1.0 - row.price_factor / following.price_factor) / ratio
    if amount <= 0:
        collector.skip("price factor falls, which no dividend does")
        return
    # Half a step in either factor; one decimal fewer than that still leaves a doubt of one.
    doubt = 2 * row.close * _FACTOR_STEP / following.price_factor / ratio
    rounded = round(amount, max(0, math.floor(-math.log10(doubt))))
    if rounded <= 0:
        collector.skip("dividend below the precision of the file")
        return
    collector.add(symbol, ex_date, "dividend", calendar, amount=rounded)


def _whole(ratio: float) -> float:
    """The ratio of small whole numbers that is meant: n for m up to 10, or 1 for n and n for 1 up to 100."""
    for old in range(1, _LARGEST_TERM + 1):
        new = round(ratio * old)
        limit = _LARGEST_MULTIPLE if old == 1 else _LARGEST_TERM
        if 1 <= new <= limit and abs(new / old - ratio) <= _RATIO_TOLERANCE * ratio:
            return new / old
    old = round(1.0 / ratio)
    if 1 <= old <= _LARGEST_MULTIPLE and abs(1.0 / old - ratio) <= _RATIO_TOLERANCE * ratio:
        return 1.0 / old
    return ratio
