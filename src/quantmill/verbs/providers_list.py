"""The verb `providers list`: who can be asked for bars, what each has, and what it lacks to be asked."""

from contextlib import closing
from typing import Any, Final

import polars as pl

from quantmill.core.progress import Progress
from quantmill.errors import ConfigError
from quantmill.providers.access import Access
from quantmill.providers.registry import make_provider, provider_names
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
_COLUMNS: Final[dict[str, pl.DataType]] = {
    "provider": pl.String(),
    "in_chain": pl.Int64(),
    "usable": pl.Boolean(),
    "feed": pl.String(),
    "grade": pl.String(),
    "asset_classes": pl.List(pl.String()),
    "earliest": pl.Date(),
    "latest": pl.Date(),
    "has_live": pl.Boolean(),
    "adjustments": pl.List(pl.String()),
    "reason": pl.String(),
}


class ProvidersListRequest(Request):
    """List the providers of bars, and what each can be asked for."""


def run(mill: Mill, request: ProvidersListRequest, progress: Progress) -> pl.DataFrame:
    """One row per provider: its place in the chain, what it has, and why it cannot be asked, such as a missing key."""
    chain = mill.settings.ingest.chain
    order = {name: at for at, name in enumerate(chain, 1)}
    with closing(Access(mill.settings, clock=mill.clock)) as access:
        rows = [_row(name, order.get(name), access) for name in provider_names()]
    return pl.DataFrame(rows, schema=_COLUMNS).sort("in_chain", "provider", nulls_last=True)


def _row(name: str, place: int | None, access: Access) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(_COLUMNS) | {"provider": name, "in_chain": place}
    try:
        provider = make_provider(name, access)
    except ConfigError as error:
        return row | {"usable": False, "reason": f"{error}; {error.hint}" if error.hint else str(error)}
    has = provider.capability
    return row | {
        "usable": True,
        "feed": provider.feed,
        "grade": has.grade,
        "asset_classes": sorted(has.asset_classes),
        "earliest": has.earliest,
        "latest": has.latest,
        "has_live": has.has_live,
        "adjustments": sorted(has.adjustments),
    }
