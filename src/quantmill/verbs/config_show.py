"""The verb `config show`: every setting, its value and where that came from."""

from typing import Final

import polars as pl
from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.verbs.mill import Mill
from quantmill.verbs.request import Request

__all__ = ["READS_ONLY", "ConfigShowRequest", "run"]

READS_ONLY: Final = True
TERMINAL_COLUMNS: Final = ("key", "value", "origin", "description")


class ConfigShowRequest(Request):
    """Show every setting with its origin."""

    section: str | None = Field(
        default=None, description="Only keys that begin with this, such as `simulation`."
    )


def run(mill: Mill, request: ConfigShowRequest, progress: Progress) -> pl.DataFrame:
    """One row per key: key, value (secrets masked), origin, description."""
    rows = mill.loaded_settings.rows()
    prefix = request.section or ""
    return pl.DataFrame(
        [row for row in rows if row["key"].startswith(prefix)], schema=list(rows[0]), orient="row"
    )
