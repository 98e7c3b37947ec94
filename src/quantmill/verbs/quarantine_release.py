"""The verb `quarantine release`: quarantined rows that are good after all, stored as bars; a dry run first."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

import polars as pl
from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.ingest.releasing import Released, plan_release, release_rows
from quantmill.verbs.json_form import Json, json_of
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.quarantine_choice import QuarantineChoice
from quantmill.verbs.request import FromSetting
from quantmill.verbs.working import work

__all__ = ["READS_ONLY", "QuarantineReleaseRequest", "ReleaseReport", "run"]

READS_ONLY: Final = False
TERMINAL_COLUMNS: Final = ("id", "symbol", "ts", "reason", "fate", "open", "high", "low", "close", "source")

_FATES: Final = {
    "stored": "stored as new bars",
    "equal": "equal to stored bars",
    "replaced": "in place of other bars, which become revisions",
    "kept": "left in quarantine, since another bar of the minute is stored (--on-conflict replace takes its place)",
}


class QuarantineReleaseRequest(QuarantineChoice):
    """Store quarantined rows that are good after all; a dry run first.

    A released bar is never quarantined again, whichever file or provider offers it.
    """

    on_conflict: Annotated[Literal["keep", "replace", "fail"] | None, FromSetting("ingest.on_conflict")] = (
        Field(default=None, description="What happens where another bar of the minute is stored.")
    )
    dry_run: bool = Field(default=True, description="Only say what would happen.")


@dataclass(frozen=True)
class ReleaseReport(Outcome):
    """What happened, or would, to each chosen row; `fates` counts them, `already_released` those done before."""

    dry_run: bool
    snapshot: int | None
    already_released: int
    fates: dict[str, int]
    rows: pl.DataFrame

    def to_json(self) -> Json:
        """Counts and rows."""
        return {
            "dry_run": self.dry_run,
            "snapshot": self.snapshot,
            "already_released": self.already_released,
            "fates": self.fates,
            "rows": json_of(self.rows),
        }

    def table(self) -> pl.DataFrame:
        """One row per chosen row, with its fate."""
        return self.rows

    def lines(self) -> list[str]:
        """How many rows fared how."""
        would = "would be " if self.dry_run else ""
        lines = [f"{count:,} rows {would}{_FATES[fate]}" for fate, count in self.fates.items()]
        if self.already_released:
            lines.append(f"{self.already_released:,} rows were released before")
        if not lines:
            return ["no such row is in quarantine"]
        done = self.dry_run and self.fates
        return [*lines, "nothing was released: --no-dry-run releases"] if done else lines


def run(mill: Mill, request: QuarantineReleaseRequest, progress: Progress) -> ReleaseReport:
    """Stores bars and marks the rows in one commit; released rows are left as they are.

    Raises:
        UsageError: If nothing is chosen.
        NotFoundError: If an id begins no row's, or those of several rows.
        BadBarsError: If a chosen row cannot be a bar; nothing is released.
        ConflictError: If another bar is stored under `fail`; nothing is released.
        SymbolKindError: If the symbol holds synthetic bars.
    """
    choice = request.choice("all")
    on_conflict = request.on_conflict or mill.settings.ingest.on_conflict
    if request.dry_run:
        return _report(plan_release(mill.lake, choice, on_conflict=on_conflict), dry_run=True)
    done = work(
        mill,
        "quarantine release",
        (request.model_dump(mode="json"),),
        lambda context: release_rows(
            mill.lake, choice, on_conflict=on_conflict, completing=context.completing
        ),
        progress=progress,
    )
    return _report(done, dry_run=False)


def _report(released: Released, *, dry_run: bool) -> ReleaseReport:
    rows = released.rows.select(pl.col("row_digest").str.slice(0, 12).alias("id"), pl.all())
    fates = dict(rows["fate"].value_counts().sort("fate", descending=True).iter_rows())
    return ReleaseReport(dry_run, released.snapshot, released.n_before, fates, rows)
