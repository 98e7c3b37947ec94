"""The verb `retention show`: what is kept for how long, and what is due to go."""

from typing import Final

import polars as pl

from quantmill.core.progress import Progress
from quantmill.core.sizes import size_text
from quantmill.upkeep.categories import CATEGORIES
from quantmill.upkeep.place import Place
from quantmill.upkeep.retention import Find, find_due
from quantmill.verbs.mill import Mill
from quantmill.verbs.request import Request
from quantmill.verbs.retention_days import kept_days

__all__ = ["READS_ONLY", "RetentionShowRequest", "run", "terminal_notes"]

READS_ONLY: Final = True
TERMINAL_COLUMNS: Final = {
    "category": "category",
    "keep_days": "days",
    "files": "files",
    "rows": "rows",
    "bytes": "bytes",
    "due_files": "due: files",
    "due_rows": "rows",
    "due_bytes": "bytes",
    "meaning": "what it is",
}
_SCHEMA: Final = {
    "category": pl.String(),
    "keep_days": pl.Int64(),
    "files": pl.Int64(),
    "rows": pl.Int64(),
    "bytes": pl.Int64(),
    "due_files": pl.Int64(),
    "due_rows": pl.Int64(),
    "due_bytes": pl.Int64(),
    "meaning": pl.String(),
}


class RetentionShowRequest(Request):
    """Show what is kept for how long, and what is due.

    The days come from the settings `retention.*`; 0 there keeps things for ever.
    """


def run(mill: Mill, request: RetentionShowRequest, progress: Progress) -> pl.DataFrame:
    """One row per category; `keep_days` is null where things are kept for ever."""
    place = Place(mill.home, mill.lake)
    rows: list[tuple[object, ...]] = []
    for category in CATEGORIES.values():
        days = kept_days(mill.settings, category.name)
        held = find_due(place, category, days=None)
        due = [] if days is None else find_due(place, category, days=days)
        rows.append((category.name, days, *_sums(held), *_sums(due), category.meaning))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def terminal_notes(rows: pl.DataFrame) -> list[str]:
    """What is due in all, and how it goes."""
    n_bytes = int(rows["due_bytes"].sum())
    note = f"due: {size_text(n_bytes)}; `quantmill retention run` says what exactly, --no-dry-run removes it"
    return [
        note if rows.select(pl.sum_horizontal("due_files", "due_rows").sum()).item() else "nothing is due"
    ]


def _sums(finds: list[Find]) -> tuple[int, int, int]:
    return sum(one.files for one in finds), sum(one.rows for one in finds), sum(one.n_bytes for one in finds)
