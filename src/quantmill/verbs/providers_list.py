"""The verb `providers list`: where bars can come from."""

from typing import Final

import polars as pl

from quantmill.core.progress import Progress
from quantmill.providers.capability_table import capability_table
from quantmill.verbs.mill import Mill
from quantmill.verbs.request import Request

__all__ = ["READS_ONLY", "ProvidersListRequest", "run"]

READS_ONLY: Final = True
TERMINAL_COLUMNS: Final = {
    "name": "name",
    "feed": "feed",
    "grade": "grade",
    "asset_classes": "classes",
    "earliest": "earliest",
    "live": "live",
    "usable": "usable",
    "why_not": "why not",
}


class ProvidersListRequest(Request):
    """List the providers of bars, what each has, and whether it can be used."""


def run(mill: Mill, request: ProvidersListRequest, progress: Progress) -> pl.DataFrame:
    """One row per provider: feed, grade, asset classes, dates, variables it needs, usable or why not; asks nobody."""
    return capability_table(mill.settings, mill.clock)
