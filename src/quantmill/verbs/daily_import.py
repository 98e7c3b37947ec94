"""The verb `daily import`: daily prices from files into the lake."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.ingest.daily import import_daily
from quantmill.ingest.daily_storing import DailyTally
from quantmill.ingest.daily_validation import REASONS
from quantmill.ingest.report import FileOutcome
from quantmill.providers.files.options import FileOptions
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import POSITIONAL, Flag, FromSetting, ParameterValue, Request, Symbol, Unit
from quantmill.verbs.working import work

__all__ = ["READS_ONLY", "DailyImportRequest", "ImportedDaily", "run"]

READS_ONLY: Final = False


class DailyImportRequest(Request):
    """Store daily prices from CSV and Parquet files, such as the CBOE's history of the VIX.

    A day is known from the close of its session on, the VIX from 16:15 in New York, on half days from 13:15. Importing
    the same files again stores nothing new; a corrected day is known from its import on.
    """

    paths: Annotated[tuple[Path, ...], POSITIONAL] = Field(min_length=1, description="Files and folders.")
    symbol: Symbol | None = Field(default=None, description="Symbol of all rows, where the files carry none.")
    columns: Annotated[dict[str, ParameterValue], Flag("--map")] = Field(
        default_factory=dict[str, ParameterValue],
        description="A column of the files and ours, such as px_last=close; repeatable.",
    )
    lag_minutes: Annotated[int, Unit("minutes")] = Field(
        default=0, ge=0, le=10_080, description="How long after the close the source gives a day's prices."
    )
    on_conflict: Annotated[Literal["keep", "replace", "fail"] | None, FromSetting("ingest.on_conflict")] = (
        Field(default=None, description="What happens to stored days that differ.")
    )


@dataclass(frozen=True)
class ImportedDaily(Outcome):
    """Days read, stored, known already and put into quarantine; each count as in `DailyTally`."""

    rows_read: int
    rows_stored: int
    rows_revised: int
    rows_existing: int
    rows_duplicate: int
    rows_quarantined: int
    conflicts: int
    opens_left_out: int
    reasons: dict[str, int]
    symbols: tuple[str, ...]
    files: tuple[FileOutcome, ...]
    snapshot: int

    @classmethod
    def of(cls, tally: DailyTally) -> "ImportedDaily":
        """The verb's result for the counts of the stage."""
        values: dict[str, Any] = vars(tally) | {
            "reasons": dict(sorted(tally.reasons.items())),
            "symbols": tuple(sorted(tally.symbols)),
            "files": tuple(tally.files),
        }
        return cls(**values)

    @property
    def succeeded(self) -> bool:
        """Whether no file failed."""
        return all(file.status != "failed" for file in self.files)

    def lines(self) -> list[str]:
        """Counts in words, then every reason, file that failed and note."""
        revised = f", {self.rows_revised:,} corrected" if self.rows_revised else ""
        lines = [
            f"read {self.rows_read:,} days of {', '.join(self.symbols) or 'no symbol'}: {self.rows_stored:,} stored, "
            f"{self.rows_existing:,} were there{revised}, {self.rows_duplicate:,} came twice, "
            f"{self.rows_quarantined:,} quarantined; snapshot {self.snapshot}"
        ]
        if self.conflicts:
            lines.append(f"{self.conflicts:,} conflicts: other values for the same day")
        if self.opens_left_out:
            lines.append(f"{self.opens_left_out:,} days without their open: it lay outside high and low")
        lines += [
            f"quarantined: {count:,} {reason} ({REASONS[reason]})" for reason, count in self.reasons.items()
        ]
        lines += [f"failed: {file.path}: {file.reason}" for file in self.files if file.status == "failed"]
        return [*lines, *(f"{Path(file.path).name}: {note}" for file in self.files for note in file.notes)]


def run(mill: Mill, request: DailyImportRequest, progress: Progress) -> ImportedDaily:
    """Reads, checks and stores in one commit; a file that cannot be read stops no other.

    Raises:
        UsageError: If a path does not exist or an option cannot be meant.
        BadBarsError: If no file holds a row that can be stored.
        SymbolKindError: If a symbol holds synthetic bars here; nothing is stored.
        ConflictError: If rows differ from stored ones under `fail`; nothing is stored.
    """
    options = FileOptions(
        symbol=request.symbol, mapping={name: str(value) for name, value in request.columns.items()}
    )
    tally = work(
        mill,
        "daily import",
        ([str(path.resolve()) for path in request.paths], request.model_dump(mode="json", exclude={"paths"})),
        lambda context: import_daily(
            mill.lake,
            request.paths,
            options=options,
            on_conflict=request.on_conflict or mill.settings.ingest.on_conflict,
            lag_minutes=request.lag_minutes,
            progress=context,
            completing=context.completing,
        ),
        progress=progress,
    )
    return ImportedDaily.of(tally)
