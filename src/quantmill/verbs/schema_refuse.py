"""The verb `schema refuse`: files that waited for a decision dropped, their drift settled."""

from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.ingest.drift_decisions import refuse_drift
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import POSITIONAL, Request
from quantmill.verbs.source_name import SourceName

__all__ = ["READS_ONLY", "RefusedDrift", "SchemaRefuseRequest", "run"]

READS_ONLY: Final = False


class SchemaRefuseRequest(Request):
    """Drop the files of a source that wait; what is stored stays.

    The copies that the lake kept are deleted, the files themselves are not touched. Imported again, they wait again.
    """

    source: Annotated[SourceName, POSITIONAL] = Field(
        description="Name of the source, as `schema check` lists it."
    )


@dataclass(frozen=True)
class RefusedDrift(Outcome):
    """Drift that is settled, in words, and the files that wait no longer."""

    source: str
    refused: tuple[str, ...]
    files: tuple[str, ...]
    rows: int

    def lines(self) -> list[str]:
        """What is refused and what was dropped."""
        if not (self.refused or self.files):
            return [f"{self.source}: nothing is open and no file waits"]
        return [
            *(f"{self.source}: refused: {said}" for said in self.refused),
            f"dropped from quarantine: files {len(self.files)}, rows {self.rows:,}",
        ]


def run(mill: Mill, request: SchemaRefuseRequest, progress: Progress) -> RefusedDrift:
    """Settles all that is open; the baseline stays as it is.

    Raises:
        NotFoundError: If no import has this source.
    """
    done = refuse_drift(mill.lake, request.source)
    return RefusedDrift(
        done.source,
        tuple(str(event) for event in done.refused),
        tuple(file.path for file in done.files),
        sum(file.rows for file in done.files),
    )
