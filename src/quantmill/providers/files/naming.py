"""Symbols of files: from a column, an option, or a name that clearly carries one."""

import re
from pathlib import Path
from typing import Final

from quantmill.core.symbols import canonical_symbol
from quantmill.errors import UsageError

__all__ = ["file_symbol", "symbol_of_name"]

# Names under which data files carry indices without the mark; no listed equity has them.
_INDICES: Final = frozenset({"VIX", "VVIX", "VXN", "SPX", "NDX", "RUT", "TICK", "TRIN"})
_TICKER: Final = re.compile(r"[$^]?[A-Za-z]{1,5}(?:\.[A-Za-z])?")
_DATE_PART: Final = re.compile(r"\d{1,8}|\d+(?:m|min|minute|h|d)")
_WORDS: Final = frozenset(
    {
        "1min",
        "1m",
        "min",
        "minute",
        "minutes",
        "intraday",
        "bars",
        "bar",
        "ohlcv",
        "ohlc",
        "us",
        "csv",
        "data",
        "history",
        "daily",
    }
)
# First words that name the content, not a symbol, however they are written.
_NO_SYMBOLS: Final = frozenset(
    {
        "BARS",
        "BAR",
        "DATA",
        "PRICE",
        "STOCK",
        "TABLE",
        "FILE",
        "FILES",
        "PART",
        "OHLC",
        "OHLCV",
        "MIN",
        "HIST",
        "TEST",
    }
)


def file_symbol(raw: str) -> str:
    """The canonical form of a symbol as files write it: `VIX` is the index `I:VIX`.

    Raises:
        UsageError: If the text cannot be a symbol.
    """
    symbol = canonical_symbol(raw)
    return f"I:{symbol}" if symbol in _INDICES else symbol


def symbol_of_name(path: Path) -> str | None:
    """The symbol that a file's name or its folder carries beyond doubt, None otherwise.

    `AAPL.csv`, `spy-05.15.2015.csv`, `BRK.B_1min.parquet`, `symbol=SPY/2024.parquet` and
    `AAPL/2024-02.parquet` do; `prices.csv` and `spy.csv` do not (a lower-case word may be anything).
    """
    stem = re.sub(r"\.(csv|parquet|pq)(\.gz|\.zst)?$", "", path.name, flags=re.IGNORECASE)
    whole = stem if _TICKER.fullmatch(stem) and stem.isupper() else None
    first, *rest = [part for part in re.split(r"[-_ ]+", stem) if part] or [""]
    if rest and _is_dating(rest) and _TICKER.fullmatch(first):
        whole = first
    if whole is None and _is_dating([first, *rest]):
        folder = path.parent.name.removeprefix("symbol=")
        if folder != path.parent.name or (folder.isupper() and _TICKER.fullmatch(folder)):
            whole = folder
    if whole is None or whole.upper() in _NO_SYMBOLS:
        return None
    try:
        return file_symbol(whole)
    except UsageError:
        return None


def _is_dating(parts: list[str]) -> bool:
    """Whether the parts of a name are dates, intervals and words about them."""
    tokens = [token for part in parts for token in part.lower().split(".") if token]
    return bool(tokens) and all(_DATE_PART.fullmatch(token) or token in _WORDS for token in tokens)
