"""Known symbols and their kind: synthetic and real bars never share a symbol."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import polars as pl
from sqlalchemy import Connection, select

from quantmill.core.columns import distinct, is_constant
from quantmill.core.symbols import describe_symbol
from quantmill.errors import SymbolKindError
from quantmill.state.statements import insert_missing
from quantmill.state.tables.symbols import SYMBOL

__all__ = ["KnownKinds", "is_synthetic_provider", "kinds_of", "register_kinds"]

_SYNTHETIC: Final = "sim"


def is_synthetic_provider(provider: str) -> bool:
    """Whether a provider's bars are made up: it is `sim` or a variant such as `sim:noise`."""
    return provider.partition(":")[0] == _SYNTHETIC


def kinds_of(bars: pl.DataFrame) -> dict[str, bool]:
    """Of each symbol in a bar frame, whether its bars are synthetic.

    Raises:
        SymbolKindError: If a symbol has bars of both kinds.
    """
    if is_constant(bars["provider"]):
        # As in nearly all writes; the symbols need no look at their providers.
        return dict.fromkeys(distinct(bars["symbol"]), is_synthetic_provider(bars["provider"][0]))
    kinds: dict[str, bool] = {}
    for symbol, provider in bars.select("symbol", "provider").unique().iter_rows():
        is_synthetic = is_synthetic_provider(provider)
        if kinds.setdefault(symbol, is_synthetic) != is_synthetic:
            raise SymbolKindError(f"the bars offered for {symbol} are partly synthetic, partly real")
    return kinds


@dataclass
class KnownKinds:
    """Kinds that this process saw committed: a symbol's kind never changes, so they need not be asked again."""

    _kinds: dict[str, bool] = field(default_factory=dict[str, bool])
    _snapshot: int = 0

    def unknown(self, kinds: Mapping[str, bool], *, snapshot: int) -> dict[str, bool]:
        """Those to be registered with a commit that makes `snapshot`."""
        if snapshot <= self._snapshot:
            # Somebody emptied the database: its snapshots count from the start again.
            return dict(kinds)
        if kinds.items() <= self._kinds.items():
            return {}
        return {symbol: kind for symbol, kind in kinds.items() if self._kinds.get(symbol) is not kind}

    def learn(self, kinds: Mapping[str, bool], *, snapshot: int) -> None:
        """Remember what a commit registered."""
        if snapshot <= self._snapshot:
            self._kinds.clear()
        self._kinds.update(kinds)
        self._snapshot = snapshot


def register_kinds(connection: Connection, kinds: Mapping[str, bool], *, at_us: int) -> None:
    """Make symbols known, within the caller's write transaction.

    Raises:
        SymbolKindError: If a symbol is known as the other kind.
    """
    if not kinds:
        return
    known = _known_kinds(connection, kinds)
    missing = [symbol for symbol in kinds if symbol not in known]
    if missing:
        insert_missing(connection, SYMBOL, [_row(symbol, kinds[symbol], at_us) for symbol in missing])
        known = _known_kinds(connection, kinds)
    for symbol, is_synthetic in kinds.items():
        if known[symbol] != is_synthetic:
            found, stored = ("synthetic", "real") if is_synthetic else ("real", "synthetic")
            raise SymbolKindError(f"{found} bars offered for {symbol}, which holds {stored} ones")


def _known_kinds(connection: Connection, kinds: Mapping[str, bool]) -> dict[str, bool]:
    statement = select(SYMBOL.c.symbol, SYMBOL.c.is_synthetic).where(SYMBOL.c.symbol.in_(list(kinds)))
    return {row.symbol: row.is_synthetic for row in connection.execute(statement)}


def _row(symbol: str, is_synthetic: bool, at_us: int) -> dict[str, object]:
    info = describe_symbol(symbol)
    return {
        "symbol": symbol,
        "asset_class": info.asset_class,
        "calendar": info.calendar,
        "currency": info.currency,
        "is_synthetic": is_synthetic,
        "created_us": at_us,
    }
