"""The verb `retention run`: removes what was kept long enough, after a dry run that names it."""

from dataclasses import asdict, dataclass, fields, replace
from typing import Final, Literal

import polars as pl
from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.core.sizes import size_text
from quantmill.errors import UsageError
from quantmill.jobs.runner import JobContext
from quantmill.upkeep.categories import CATEGORIES
from quantmill.upkeep.place import Place
from quantmill.upkeep.retention import Find, find_due, remove_due
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import Request
from quantmill.verbs.retention_days import kept_days
from quantmill.verbs.working import work

__all__ = ["READS_ONLY", "RetentionReport", "RetentionRunRequest", "run"]

READS_ONLY: Final = False
TERMINAL_COLUMNS: Final = ("category", "what", "key", "detail", "files", "rows", "bytes")

CategoryName = Literal[
    "raw_data",
    "processed_data",
    "performance_metrics",
    "schema_drift",
    "checkpoints",
    "heartbeat",
    "logs",
]


class RetentionRunRequest(Request):
    """Remove what was kept long enough; a dry run first.

    The trial ledger, models, runs' metrics and corporate actions are never removed.
    """

    category: tuple[CategoryName, ...] = Field(
        default=(), description="Only these categories; all when left out."
    )
    retention_days: int | None = Field(
        default=None,
        ge=1,
        description="Days to keep instead of those of the settings; needs --category.",
    )
    dry_run: bool = Field(default=True, description="Only say what would go.")


@dataclass(frozen=True)
class RetentionReport(Outcome):
    """What would go, or went.

    `found` has one entry per kind and name. `freed_bytes` are free on disk now; `retired_bytes` are those of lake files,
    free when the lake is next cleaned after its grace; `reusable_bytes` the text of deleted rows, whose room in the
    database is used again.
    """

    dry_run: bool
    days: dict[str, int | None]
    found: tuple[dict[str, str | int], ...]
    files: int
    rows: int
    freed_bytes: int
    retired_bytes: int
    reusable_bytes: int

    def lines(self) -> list[str]:
        """The sum, and what becomes of the bytes."""
        kept = [name for name, days in self.days.items() if days is None]
        ever = [f"kept for ever by the settings: {', '.join(kept)}"] if kept else []
        if not self.found:
            limits = ", ".join(f"{name} {days}" for name, days in self.days.items() if days is not None)
            return [f"nothing is older than its days ({limits or 'none are set'})", *ever]
        verb = "would go" if self.dry_run else "went"
        total = self.freed_bytes + self.retired_bytes + self.reusable_bytes
        parts = [
            f"{size_text(n_bytes)} {what}"
            for n_bytes, what in (
                (self.freed_bytes, "free at once"),
                (self.retired_bytes, "of lake files, free when the lake is next cleaned after its grace"),
                (self.reusable_bytes, "of rows, whose room the database uses again"),
            )
            if n_bytes
        ]
        end = ["nothing was removed: --no-dry-run removes it"] if self.dry_run else []
        counts = f"{self.files:,} files and {self.rows:,} rows {verb}, {size_text(total)}"
        return [f"{counts}: {'; '.join(parts)}", *ever, *end]

    def table(self) -> pl.DataFrame:
        """One row per kind and name of what was found."""
        schema = {name: pl.Int64() if name in _COUNTS else pl.String() for name in _COLUMNS}
        return pl.DataFrame([[one[name] for name in _COLUMNS] for one in self.found], schema, orient="row")


_COUNTS: Final = ("files", "rows", "bytes")
_COLUMNS: Final = (
    "category",
    *(field.name.removeprefix("n_") for field in fields(Find)),
)


def run(mill: Mill, request: RetentionRunRequest, progress: Progress) -> RetentionReport:
    """Looks for what is older than the days of its category, and removes it unless the run is dry.

    Raises:
        UsageError: If days are given without categories.
        JobError: If another process is at it.
    """
    if request.retention_days is not None and not request.category:
        raise UsageError(
            "--retention-days without --category would hold for bars as well",
            hint=f"name what it is for: {', '.join(CATEGORIES)}",
        )
    names = tuple(dict.fromkeys(request.category)) or tuple(CATEGORIES)
    days = {name: request.retention_days or kept_days(mill.settings, name) for name in names}
    place = Place(mill.home, mill.lake)
    due = {name: limit for name, limit in days.items() if limit is not None}
    categories = [CATEGORIES[name] for name in names]
    if request.dry_run:
        found = [
            (category.name, find)
            for category in categories
            if category.name in due
            for find in find_due(place, category, days=due[category.name])
        ]
    else:

        def body(context: JobContext) -> list[tuple[str, Find]]:
            gone = remove_due(place, categories, due)
            report = _report(gone, days, dry_run=False)
            with context.completing(result=replace(report, found=()).to_json()):
                return gone

        found = work(mill, "retention", (), body, progress=progress)
    return _report(found, days, dry_run=request.dry_run)


def _report(found: list[tuple[str, Find]], days: dict[str, int | None], *, dry_run: bool) -> RetentionReport:
    sizes = {"folder": 0, "lake": 0, "rows": 0}
    for _name, find in found:
        sizes[find.kind] += find.n_bytes
    return RetentionReport(
        dry_run=dry_run,
        days=days,
        found=tuple(
            {"category": name, **{key.removeprefix("n_"): value for key, value in asdict(find).items()}}
            for name, find in found
        ),
        files=sum(find.files for _name, find in found),
        rows=sum(find.rows for _name, find in found),
        freed_bytes=sizes["folder"],
        retired_bytes=sizes["lake"],
        reusable_bytes=sizes["rows"],
    )
