"""How splits and dividends get into the lake: real ones never over a synthetic market, all in one commit."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

import polars as pl
from sqlalchemy import Connection

from quantmill.errors import SymbolKindError
from quantmill.lake.merging import OnConflict
from quantmill.lake.staging import Staged
from quantmill.lake.store import Lake

__all__ = ["ACTION_KEY", "check_real", "store_actions"]

ACTION_KEY: Final = ("symbol", "ex_date", "kind")
_DATASET: Final = "corporate_actions"


def check_real(lake: Lake, rows: pl.DataFrame) -> None:
    """Refuse real actions of symbols that hold synthetic bars.

    Raises:
        SymbolKindError: If there is such a symbol.
    """
    known = lake.symbols()
    made_up = known.filter(pl.col("is_synthetic"))["symbol"]
    for name in sorted(set(rows["symbol"]) & set(made_up)):
        raise SymbolKindError(f"real splits and dividends offered for {name}, which holds synthetic bars")


def store_actions(
    lake: Lake,
    rows: pl.DataFrame,
    *,
    on_conflict: OnConflict,
    note: str,
    completing: Callable[[], AbstractContextManager[Connection]] | None,
) -> tuple[Staged, int]:
    """Store rows, each key once, in one commit.

    Returns:
        What became of them, and the snapshot.

    Raises:
        ConflictError: If they differ from stored ones under `fail`; nothing is stored.
    """
    staged = lake.stage(_DATASET, rows, on_conflict=on_conflict)
    try:
        if completing is None:
            return staged, lake.commit([staged], note=note).snapshot
        with completing() as connection:
            return staged, lake.commit([staged], connection=connection, note=note).snapshot
    except BaseException:
        lake.discard([staged])
        raise
