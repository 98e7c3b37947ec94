"""The verb `rebuild`: a lost catalogue made anew from the files of the lake."""

from dataclasses import dataclass
from typing import Final

from quantmill.core.progress import Progress
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import Request

__all__ = ["READS_ONLY", "RebuildRequest", "Rebuilt", "run"]

READS_ONLY: Final = False


class RebuildRequest(Request):
    """Restore the catalogue from the lake's files after the state database was lost.

    Bars, features, predictions, trials and all other datasets come back with their snapshots; models, runs, batches and
    jobs, which only the database held, do not.
    """


@dataclass(frozen=True)
class Rebuilt(Outcome):
    """What came back, and what did not."""

    snapshots: int
    files: int
    retired_files: int
    rows: int
    cleaned_files: int
    unpublished_files: int
    dropped_snapshot: int | None

    def lines(self) -> list[str]:
        """Counts in words."""
        lines = [
            f"{self.files:,} files with {self.rows:,} rows restored, {self.snapshots:,} snapshots",
            f"{self.retired_files:,} files of earlier snapshots restored; {self.cleaned_files:,} had been deleted before",
        ]
        if self.unpublished_files:
            lines.append(f"{self.unpublished_files:,} files are of no commit: `quantmill clean` deletes them")
        if self.dropped_snapshot is not None:
            lines.append(
                f"snapshot {self.dropped_snapshot} is left out: it was not committed, or its files are lost"
            )
        return lines


def run(mill: Mill, request: RebuildRequest, progress: Progress) -> Rebuilt:
    """Reads each file once, compares it with its footer and enters it.

    Raises:
        StoreError: If the catalogue still knows files, or live files are missing or damaged.
    """
    report = mill.lake.rebuild_catalog()
    return Rebuilt(
        report.snapshots,
        report.files,
        report.retired_files,
        report.rows,
        report.cleaned_files,
        report.unpublished_files,
        report.dropped_snapshot,
    )
