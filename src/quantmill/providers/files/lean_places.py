"""What the place of a file in a LEAN data folder says: symbol and date, or why it holds no bars for us."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

__all__ = ["LeanPlace", "lean_place", "lean_side_file"]

_DAY: Final = re.compile(r"(\d{8})_(trade|quote|openinterest|tick)(?:_[a-z]+)?\.zip", re.IGNORECASE)
_RESOLUTIONS: Final = ("tick", "second", "minute", "hour", "daily")
_SIDE_FOLDERS: Final = {
    "map_files": "LEAN map file: names of a symbol over time, no bars",
    "factor_files": "LEAN factor file, no bars: `quantmill actions import` reads its splits and dividends",
    "universes": "LEAN universe file, no bars",
    "margins": "LEAN margin file, no bars",
    "interest-rate": "LEAN interest rates, no bars",
    "symbol-properties": "LEAN symbol properties, no bars",
    "shortable": "LEAN shortable shares, no bars",
}


@dataclass(frozen=True, slots=True)
class LeanPlace:
    """A day of minute trade bars: the ticker as the folder writes it, and New York's date."""

    ticker: str
    day: date


def lean_place(path: Path) -> LeanPlace | str:
    """Symbol and date of a LEAN zip such as `equity/usa/minute/spy/20131007_trade.zip`, or why it is not read.

    Only the folders that the path names are looked at: `spy/20131007_trade.zip` alone is not enough.
    """
    parts = [part.lower() for part in path.absolute().parts]
    # The folder of a ticker may have the name of a resolution, so the one above it counts first.
    at = next((at for at in (len(parts) - 3, len(parts) - 2) if at > 1 and parts[at] in _RESOLUTIONS), None)
    if at is None:
        return "no place in a LEAN folder, needed is a path such as equity/usa/minute/spy/20131007_trade.zip"
    asset, market, resolution = parts[at - 2 : at + 1]
    if asset != "equity" or market != "usa":
        return f"LEAN {asset} of {market}: only equity of usa is read"
    if resolution != "minute":
        return f"LEAN {resolution} bars: only minute bars are read"
    named = _DAY.fullmatch(path.name)
    if named is None or at != len(parts) - 3:
        return "no LEAN name, needed is one such as minute/spy/20131007_trade.zip"
    if named[2].lower() != "trade":
        return f"LEAN {named[2].lower()} data: only trade bars are read"
    try:
        day = datetime.strptime(named[1], "%Y%m%d").date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        return f"LEAN name with {named[1]}, which is no date"
    return LeanPlace(parts[-2], day)


def lean_side_file(path: Path) -> str | None:
    """What a CSV or other file beside LEAN's bars is, None if its folders say nothing of the kind."""
    return next((said for part in path.parts[:-1] if (said := _SIDE_FOLDERS.get(part.lower()))), None)
