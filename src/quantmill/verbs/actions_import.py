"""The verb `actions import`: splits and dividends from files into the lake."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.ingest.actions import ActionsReport, import_actions
from quantmill.ingest.report import FileOutcome
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import POSITIONAL, FromSetting, Request, Symbol
from quantmill.verbs.working import work

__all__ = ["READS_ONLY", "ActionsImportRequest", "ImportedActions", "run"]

READS_ONLY: Final = False


class ActionsImportRequest(Request):
    """Store splits and dividends from LEAN factor files and CSV files.

    A CSV file has an ex-date and an amount per share (dividend) or a ratio of new to old shares (split), per share
    as traded on that day. Importing the same files again stores nothing new.
    """

    paths: Annotated[tuple[Path, ...], POSITIONAL] = Field(min_length=1, description="Files and folders.")
    symbol: Symbol | None = Field(
        default=None, description="Symbol of files without a column for it; otherwise their names say it."
    )
    on_conflict: Annotated[Literal["keep", "replace", "fail"] | None, FromSetting("ingest.on_conflict")] = (
        Field(default=None, description="What happens to stored splits and dividends that differ.")
    )


@dataclass(frozen=True)
class ImportedActions(Outcome):
    """Splits and dividends read, stored, known already and left out; each count as in `ActionsReport`."""

    read: int
    stored: int
    replaced: int
    existing: int
    duplicate: int
    overruled: int
    skipped: int
    conflicts: int
    splits: int
    dividends: int
    skipped_reasons: Mapping[str, int]
    symbols: tuple[str, ...]
    snapshot: int
    files: tuple[FileOutcome, ...]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, report: ActionsReport) -> "ImportedActions":
        """The verb's result for a report of the stage."""
        values: dict[str, Any] = {field.name: getattr(report, field.name) for field in fields(cls)}
        return cls(**values)

    @property
    def succeeded(self) -> bool:
        """Whether no file failed."""
        return all(file.status != "failed" for file in self.files)

    def lines(self) -> list[str]:
        """Counts in words, then every reason, file that failed and note."""
        replaced = f", {self.replaced:,} replaced" if self.replaced else ""
        lines = [
            f"read {self.splits:,} splits and {self.dividends:,} dividends of "
            f"{', '.join(self.symbols) or 'no symbol'}: {self.stored:,} stored, {self.existing:,} were there{replaced}, "
            f"{self.skipped:,} rows left out; snapshot {self.snapshot}"
        ]
        if self.conflicts:
            lines.append(f"{self.conflicts:,} conflicts: other values for the same symbol, ex-date and kind")
        lines += [f"left out: {count:,} {reason}" for reason, count in self.skipped_reasons.items()]
        lines += [f"failed: {file.path}: {file.reason}" for file in self.files if file.status == "failed"]
        return [*lines, *self.notes]


def run(mill: Mill, request: ActionsImportRequest, progress: Progress) -> ImportedActions:
    """Reads, checks and stores in one commit; a file that cannot be read stops no other.

    Raises:
        UsageError: If a path does not exist, or the only file does not say its symbol.
        DataError: If no file can be read.
        SymbolKindError: If a symbol holds synthetic bars here; nothing is stored.
        ConflictError: If actions differ from stored ones under `fail`; nothing is stored.
    """
    report = work(
        mill,
        "actions import",
        ([str(path.resolve()) for path in request.paths], request.model_dump(mode="json", exclude={"paths"})),
        lambda context: import_actions(
            mill.lake,
            request.paths,
            symbol=request.symbol,
            on_conflict=request.on_conflict or mill.settings.ingest.on_conflict,
            progress=context,
            completing=context.completing,
        ),
        progress=progress,
    )
    return ImportedActions.of(report)
