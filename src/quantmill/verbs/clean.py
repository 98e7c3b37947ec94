"""The verb `clean`: the bytes of lake files that nobody needs any more."""

from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import Request, Unit

__all__ = ["READS_ONLY", "CleanRequest", "Cleaned", "run"]

READS_ONLY: Final = False


class CleanRequest(Request):
    """Delete lake files that nobody needs any more, and what dead writers left.

    Files go that were replaced or retired before the grace and that no pinned snapshot holds. Bars of snapshots that lose their files are still told by the revisions; other datasets are not.
    """

    grace_s: Annotated[float, Unit("seconds")] = Field(
        default=86_400.0, ge=300, description="Files retired later are kept, for reads that still run."
    )


@dataclass(frozen=True)
class Cleaned(Outcome):
    """Files deleted and bytes freed; what was kept for a pinned snapshot."""

    retired_files: int
    leftover_files: int
    bytes_freed: int
    pinned_files: int

    def lines(self) -> list[str]:
        """Counts in words."""
        freed = f"{self.bytes_freed / 1e6:,.1f} MB freed"
        kept = (
            [f"{self.pinned_files:,} retired files are kept for pinned snapshots"]
            if self.pinned_files
            else []
        )
        return [
            f"{self.retired_files:,} retired files and {self.leftover_files:,} leftovers deleted, {freed}",
            *kept,
        ]


def run(mill: Mill, request: CleanRequest, progress: Progress) -> Cleaned:
    """Forgets the files in the catalogue, then deletes them."""
    report = mill.lake.clean(grace_s=request.grace_s)
    return Cleaned(report.retired_files, report.leftover_files, report.n_bytes, report.pinned_files)
