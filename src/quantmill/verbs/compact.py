"""The verb `compact`: few lake files instead of many."""

from dataclasses import dataclass
from typing import Final

from quantmill.core.progress import Progress
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import Request

__all__ = ["READS_ONLY", "CompactRequest", "Compacted", "run"]

READS_ONLY: Final = False


class CompactRequest(Request):
    """Merge live sessions that are over, and the months of closed years.

    A session is over a quarter of an hour after its close and its last bar. Rows stay what they are; run it as often as
    you like.
    """


@dataclass(frozen=True)
class Compacted(Outcome):
    """Sessions merged, live files and month files that went, year files that came."""

    sessions: int
    hot_files: int
    month_files: int
    year_files: int

    def lines(self) -> list[str]:
        """What was merged into what."""
        if not self.sessions and not self.year_files:
            return ["nothing to do: no live session is over, and closed years lie in one file each"]
        return [
            f"{self.sessions:,} live sessions merged ({self.hot_files:,} files)",
            f"{self.month_files:,} month files merged into {self.year_files:,} year files",
        ]


def run(mill: Mill, request: CompactRequest, progress: Progress) -> Compacted:
    """Merges files by commits that readers do not notice; an interrupted compaction is continued by the next one."""
    report = mill.lake.compact()
    return Compacted(report.sessions, report.hot_files, report.month_files, report.year_files)
