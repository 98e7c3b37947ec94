"""The verb `symbols`: what is stored, by symbol."""

from typing import Final

import polars as pl

from quantmill.core.progress import Progress
from quantmill.verbs.mill import Mill
from quantmill.verbs.request import Request

__all__ = ["READS_ONLY", "SymbolsRequest", "run"]

READS_ONLY: Final = True
WHEN_EMPTY: Final = "no symbols yet: `quantmill ingest SPY` or `quantmill import FILE` stores some"


class SymbolsRequest(Request):
    """List the stored symbols."""


def run(mill: Mill, request: SymbolsRequest, progress: Progress) -> pl.DataFrame:
    """One row per symbol: its class, whether it is synthetic, its rows, sessions and providers."""
    return mill.lake.symbols()
