"""Which column of a table is which part of a corporate action."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from quantmill.errors import DataError

__all__ = ["match_action_columns"]

# Names by role, without blanks, case and punctuation; the first that a file has counts.
_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "ex_date": ("exdate", "exdividenddate", "exdivdate", "executiondate", "effectivedate", "date", "day"),
    "symbol": ("symbol", "ticker", "sym"),
    "kind": ("kind", "type", "action", "actiontype", "event"),
    "amount": (
        "amount",
        "dividend",
        "dividends",
        "dividendamount",
        "cashdividend",
        "cashamount",
        "cash",
        "distribution",
    ),
    "ratio": ("ratio", "splitratio", "split", "splits", "stocksplit", "stocksplits"),
    "new_shares": ("splitto", "newrate", "newshares"),
    "old_shares": ("splitfrom", "oldrate", "oldshares"),
    "value": ("value",),
}
_HINT: Final = "name the columns ex_date and amount (dividends), or ex_date and ratio (splits)"


def match_action_columns(names: Sequence[str], *, file: str) -> Mapping[str, str]:
    """The file's column for each part that it has.

    Args:
        names: The file's columns.
        file: Name for messages.

    Returns:
        Some of `ex_date, symbol, kind, amount, ratio, new_shares, old_shares, value`; `value` is an amount or
        ratio by the row's kind.

    Raises:
        DataError: If there is no ex-date, or neither an amount nor a ratio.
    """
    plain = {re.sub(r"[^a-z0-9]", "", name.lower()): name for name in reversed(names)}
    roles = {
        role: plain[found]
        for role, known in _NAMES.items()
        if (found := next((name for name in known if name in plain), None)) is not None
    }
    listed = ", ".join(names)
    if "ex_date" not in roles:
        raise DataError(f"{file}: no column for the ex-date; found {listed}", hint=_HINT)
    has_ratio = "ratio" in roles or {"new_shares", "old_shares"} <= roles.keys()
    has_value = {"kind", "value"} <= roles.keys()
    if not ("amount" in roles or has_ratio or has_value):
        raise DataError(f"{file}: no column for an amount or a ratio; found {listed}", hint=_HINT)
    return roles
