"""Which symbols a verb means when a person names none."""

import difflib
from collections.abc import Sequence
from typing import Final

from quantmill.core.progress import Progress
from quantmill.core.symbols import canonical_symbol
from quantmill.errors import NoDataError, NotFoundError
from quantmill.verbs.mill import Mill

__all__ = ["say_if_synthetic", "stored_or_named"]

_SHOWN: Final = 8


def stored_or_named(mill: Mill, named: Sequence[str]) -> tuple[str, ...]:
    """The symbols named, else those of the setting `symbols`, else all stored ones.

    Raises:
        NoDataError: If nothing is named and nothing stored.
        NotFoundError: If nothing is stored of a symbol.
    """
    known = mill.lake.symbols()
    stored = tuple(known.filter(known["rows"] > 0)["symbol"])
    chosen = tuple(dict.fromkeys(named or map(canonical_symbol, mill.settings.symbols)))
    for symbol in chosen:
        if symbol not in stored:
            near = ", ".join(difflib.get_close_matches(symbol, stored) or stored[:_SHOWN]) or "none"
            raise NotFoundError(
                f"no bars are stored for {symbol}", hint=f"stored are {near}; `quantmill symbols` lists all"
            )
    if chosen:
        return chosen
    if not stored:
        raise NoDataError(
            "no symbol is stored", hint="`quantmill ingest SPY` or `quantmill import FILE` stores bars"
        )
    return stored


def say_if_synthetic(mill: Mill, symbol: str, progress: Progress) -> None:
    """Tell a person that a symbol's bars are made up."""
    known = mill.lake.symbols()
    if known.filter(known["symbol"] == symbol)["is_synthetic"].any():
        progress.say(f"the bars of {symbol} are synthetic: they say nothing about a real market")
