"""Which column of a file is which of ours."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from quantmill.core.bars import PRICE_COLUMNS
from quantmill.errors import BadBarsError, UsageError

__all__ = ["ROLES", "MatchedColumns", "match_columns"]

# Names by role, without blanks, case and punctuation; the first that a file has counts.
_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "ts": (
        "ts",
        "timestamp",
        "datetime",
        "timestamputc",
        "datetimeutc",
        "utc",
        "windowstart",
        "barstart",
        "starttime",
        "opentime",
        "epoch",
        "unixtime",
        "t",
    ),
    "date": ("date", "tradedate", "tradingdate", "day"),
    "time": ("time", "tradetime", "timeofday", "hour", "minute"),
    "symbol": ("symbol", "ticker", "sym", "s", "instrument"),
    "open": ("open", "o", "openprice", "first"),
    "high": ("high", "h", "highprice", "max"),
    "low": ("low", "l", "lowprice", "min"),
    "close": ("close", "c", "closeprice", "last"),
    "volume": ("volume", "v", "vol", "totalvolume"),
    "vwap": ("vwap", "vw", "wap", "average"),
    "trade_count": ("tradecount", "transactions", "trades", "n", "numtrades", "numberoftrades", "ntrades"),
    "provider": ("provider",),
}
ROLES: Final = tuple(_NAMES)


@dataclass(frozen=True, slots=True)
class MatchedColumns:
    """A file's column by role, and the columns that are not used."""

    by_role: Mapping[str, str]
    unused: tuple[str, ...]


def match_columns(names: Sequence[str], mapping: Mapping[str, str], *, file: str) -> MatchedColumns:
    """Find the roles of a file's columns.

    Args:
        names: The file's columns.
        mapping: Pairs of one of their names and one of `ROLES`, in either order; they win.
        file: Name for messages.

    Raises:
        BadBarsError: If the time or a price has no column.
        UsageError: If a pair of `mapping` names no column of the file or none of ours.
    """
    roles = _mapped(names, mapping, file=file)
    taken = set(roles.values())
    for role, known in _NAMES.items():
        plain = {_plain(name): name for name in reversed(names) if name not in taken}
        found = next((plain[name] for name in known if name in plain), None)
        if role not in roles and found is not None:
            roles[role] = found
            taken.add(found)
    if "ts" in roles:
        # A date beside a full timestamp says nothing more.
        for role in ("date", "time"):
            roles.pop(role, None)
    elif "date" not in roles and "time" in roles:
        roles["ts"] = roles.pop("time")
    missing = [role for role in PRICE_COLUMNS if role not in roles]
    if "ts" not in roles and "date" not in roles:
        missing.insert(0, "timestamp (or date and time)")
    if missing:
        raise BadBarsError(
            f"{file}: no column for {', '.join(missing)}; found {', '.join(names)}",
            hint="name them with --map theirs=ours, for example --map px_last=close",
        )
    return MatchedColumns(roles, tuple(name for name in names if name not in roles.values()))


def _mapped(names: Sequence[str], mapping: Mapping[str, str], *, file: str) -> dict[str, str]:
    roles: dict[str, str] = {}
    for left, right in mapping.items():
        left_role, right_role = _role(left), _role(right)
        if left in names and right_role is not None:
            roles[right_role] = left
        elif right in names and left_role is not None:
            roles[left_role] = right
        else:
            raise UsageError(
                f"--map {left}={right} fits no column of {file}; it has {', '.join(names)}",
                hint=f"write theirs=ours, ours being one of {', '.join(ROLES)}",
            )
    return roles


def _role(name: str) -> str | None:
    if name in ROLES:
        return name
    return "ts" if name == "timestamp" else None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
