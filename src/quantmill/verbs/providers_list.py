"""The verb `providers list`: who can be asked for bars, what each has, and what it lacks to be asked."""

from typing import Final

import polars as pl

from quantmill.core.progress import Progress
from quantmill.providers.capability_table import capability_table
from quantmill.verbs.mill import Mill
from quantmill.verbs.request import Request

__all__ = ["READS_ONLY", "ProvidersListRequest", "run"]

READS_ONLY: Final = True
TERMINAL_COLUMNS: Final = (
    "provider",
    "in_chain",
    "usable",
    "feed",
    "grade",
    "asset_classes",
    "earliest",
    "reason",
)


class ProvidersListRequest(Request):
    """List the providers of bars, and what each can be asked for."""


def run(mill: Mill, request: ProvidersListRequest, progress: Progress) -> pl.DataFrame:
    """One row per provider: its place in the chain, what it has and needs, and why it cannot be asked; asks nobody."""
    chain = mill.settings.ingest.chain
    place = pl.DataFrame(
        {"provider": chain, "in_chain": range(1, len(chain) + 1)},
        schema={"provider": pl.String(), "in_chain": pl.Int64()},
    )
    rows = capability_table(mill.settings, mill.clock).join(place, on="provider", how="left")
    return rows.select("provider", "in_chain", pl.exclude("provider", "in_chain")).sort(
        "in_chain", "provider", nulls_last=True
    )
