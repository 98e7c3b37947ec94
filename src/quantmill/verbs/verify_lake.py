"""The verb `verify lake`: every file there, unchanged, and readable."""

from dataclasses import dataclass
from typing import Final

from quantmill.core.progress import Progress
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import Request

__all__ = ["READS_ONLY", "LakeVerdict", "VerifyLakeRequest", "run"]

READS_ONLY: Final = True


class VerifyLakeRequest(Request):
    """Check every lake file against the catalogue."""


@dataclass(frozen=True)
class LakeVerdict(Outcome):
    """Whether the lake is what the catalogue says; each finding is one sentence."""

    ok: bool
    findings: tuple[str, ...]
    files: int
    rows: int
    unknown_files: int

    @property
    def succeeded(self) -> bool:
        """Whether nothing was found."""
        return self.ok

    def lines(self) -> list[str]:
        """The verdict, then each finding."""
        verdict = "the lake is intact" if self.ok else f"the lake is damaged: {len(self.findings)} findings"
        lines = [f"{verdict} ({self.files:,} files, {self.rows:,} rows)", *self.findings]
        if self.unknown_files:
            lines.append(
                f"{self.unknown_files:,} files are not in the catalogue: `quantmill clean` deletes leftovers; where the "
                "state database was lost, `quantmill rebuild` restores them"
            )
        return lines


def run(mill: Mill, request: VerifyLakeRequest, progress: Progress) -> LakeVerdict:
    """Reads every live file and compares its hash and rows with the catalogue."""
    report = mill.lake.verify()
    return LakeVerdict(report.ok, tuple(report.findings), report.files, report.rows, report.unknown_files)
