"""The verb `schema accept`: drift of a source taken into its baseline, the files that waited stored."""

from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.ingest.drift_decisions import accept_drift
from quantmill.verbs.ingest_report import Ingested
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import POSITIONAL, Request
from quantmill.verbs.source_name import SourceName
from quantmill.verbs.working import work

__all__ = ["READS_ONLY", "AcceptedDrift", "SchemaAcceptRequest", "run"]

READS_ONLY: Final = False


class SchemaAcceptRequest(Request):
    """Accept the drift of a source and store the files that wait.

    Each file is stored as its import asked for, exactly once. From then on files may have either form of the columns.
    """

    source: Annotated[SourceName, POSITIONAL] = Field(
        description="Name of the source, as `schema check` lists it."
    )


@dataclass(frozen=True)
class AcceptedDrift(Outcome):
    """Drift that is settled and that is still open, in words, and what storing the waiting files did."""

    source: str
    accepted: tuple[str, ...]
    still_open: tuple[str, ...]
    rows_stored: int
    imports: tuple[Ingested, ...]

    @property
    def succeeded(self) -> bool:
        """Whether nothing is left open and every file that waited was stored."""
        return not self.still_open and all(report.succeeded for report in self.imports)

    def lines(self) -> list[str]:
        """What is accepted, what was stored, what is left."""
        if not (self.accepted or self.still_open or self.imports):
            return [f"{self.source}: nothing is open and no file waits"]
        lines = [f"{self.source}: accepted: {said}" for said in self.accepted]
        for report in self.imports:
            lines += report.lines()
        lines += [f"{self.source}: still open: {said}" for said in self.still_open]
        if self.still_open:
            lines.append(
                "only files that could not be read have it: import them again with the option that they need, "
                f"or `quantmill schema refuse {self.source}`"
            )
        return lines


def run(mill: Mill, request: SchemaAcceptRequest, progress: Progress) -> AcceptedDrift:
    """Stores what waits in one commit per way of importing; a file that cannot be stored goes on waiting.

    Raises:
        NotFoundError: If no import has this source.
        BadBarsError: If no waiting file can be stored.
        SymbolKindError: If a symbol holds synthetic bars here.
        ConflictError: If rows differ from stored ones under `fail`.
        DamagedFileError: If a kept copy is gone.
    """
    done = work(
        mill,
        "schema accept",
        (request.source,),
        lambda context: accept_drift(
            mill.lake, request.source, progress=context, completing=context.completing
        ),
        progress=progress,
    )
    reports = tuple(Ingested.of(report) for report in done.reports)
    return AcceptedDrift(
        done.source,
        tuple(str(event) for event in done.accepted),
        tuple(str(event) for event in done.still_open),
        sum(report.rows_stored for report in reports),
        reports,
    )
