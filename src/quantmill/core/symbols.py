"""Names of traded things: one canonical form, safe in a shell, a URL and a path."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from urllib.parse import quote, unquote

from quantmill.errors import UsageError

__all__ = [
    "AssetClass",
    "SymbolGroups",
    "SymbolInfo",
    "canonical_symbol",
    "describe_symbol",
    "from_path_part",
    "group_symbols",
    "path_part",
]

AssetClass = Literal["equity", "index", "option", "crypto"]

_EQUITY = re.compile(r"[A-Z][A-Z0-9]{0,9}(?:[.\-][A-Z0-9]{1,4})?(?:\.[0-9])?")
_INDEX = re.compile(r"I:[A-Z0-9][A-Z0-9.\-]{0,14}")
_OPTION = re.compile(r"O:[A-Z][A-Z0-9.]{0,6}\d{6}[CP]\d{8}")
_CRYPTO = re.compile(r"X:[A-Z0-9]{2,10}-[A-Z]{3,5}")
# The volatility index of the CBOE, which data files write without a mark; no equity has its name.
_BARE_INDICES = frozenset({"VIX"})
_CRYPTO_PLAIN = re.compile(r"[A-Z0-9]{2,6}-(?:USD|USDT|USDC|EUR)")


@dataclass(frozen=True, slots=True)
class SymbolInfo:
    """What the canonical form of a symbol tells: its class, calendar and currency.

    Prices that `may_be_negative` are legal at or below zero, as those of tick and spread indices.
    """

    symbol: str
    asset_class: AssetClass
    calendar: str
    currency: str
    may_be_negative: bool = False


@lru_cache(maxsize=100_000)
def canonical_symbol(raw: str) -> str:
    """The one form under which a symbol is stored.

    `spy` becomes `SPY`, `$VIX`, `^VIX` and `VIX` become `I:VIX`, `BTC-USD` becomes `X:BTC-USD`,
    `BRK-B` and `BRK/B` become `BRK.B`; canonical forms stay as they are.

    Raises:
        UsageError: If the text cannot be a symbol.
    """
    text = raw.strip().upper()
    if text[:1] in {"$", "^"}:
        text = f"I:{text[1:]}"
    elif text in _BARE_INDICES:
        text = f"I:{text}"
    elif _CRYPTO_PLAIN.fullmatch(text):
        text = f"X:{text}"
    elif ":" not in text:
        text = text.replace("/", ".").replace("-", ".")
    for pattern in (_EQUITY, _INDEX, _OPTION, _CRYPTO):
        if pattern.fullmatch(text):
            return text
    raise UsageError(
        f"{raw!r} is not a symbol",
        hint="write SPY, BRK.B, I:VIX (also $VIX or ^VIX), O:SPY250304C00601000 or X:BTC-USD",
    )


@lru_cache(maxsize=100_000)
def describe_symbol(symbol: str) -> SymbolInfo:
    """Class, calendar and currency of a canonical symbol."""
    if symbol.startswith("I:"):
        return SymbolInfo(symbol, "index", "XNYS", "USD", may_be_negative=True)
    if symbol.startswith("O:"):
        return SymbolInfo(symbol, "option", "XNYS", "USD")
    if symbol.startswith("X:"):
        return SymbolInfo(symbol, "crypto", "24/7", symbol.rpartition("-")[2])
    return SymbolInfo(symbol, "equity", "XNYS", "USD")


@dataclass(frozen=True, slots=True)
class SymbolGroups:
    """What several symbols tell, by group; `strangers` are not canonical."""

    by_calendar: Mapping[str, tuple[str, ...]]
    may_be_negative: frozenset[str]
    strangers: tuple[str, ...]


@lru_cache(maxsize=64)
def group_symbols(symbols: tuple[str, ...]) -> SymbolGroups:
    """Look at several symbols; the same ones, as they come with each minute, are looked at once.

    Raises:
        UsageError: If one of them cannot be a symbol.
    """
    by_calendar: dict[str, list[str]] = defaultdict(list)
    for symbol in symbols:
        by_calendar[describe_symbol(symbol).calendar].append(symbol)
    return SymbolGroups(
        {calendar: tuple(own) for calendar, own in by_calendar.items()},
        frozenset(symbol for symbol in symbols if describe_symbol(symbol).may_be_negative),
        tuple(symbol for symbol in symbols if canonical_symbol(symbol) != symbol),
    )


def path_part(text: str) -> str:
    """`text` percent-encoded for use as one part of a path."""
    encoded = quote(text, safe="")
    return encoded.replace(".", "%2E") if encoded.strip(".") == "" else encoded


def from_path_part(part: str) -> str:
    """What `path_part` encoded."""
    return unquote(part)
