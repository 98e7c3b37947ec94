"""What storing bars did, from files or from a provider."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from quantmill.ingest.report import Fallback, FileOutcome, IngestReport
from quantmill.verbs.outcome import Outcome

__all__ = ["Ingested"]


@dataclass(frozen=True)
class Ingested(Outcome):
    """Rows read, stored, known already and put into quarantine; each count as in `IngestReport`."""

    rows_read: int
    rows_stored: int
    rows_existing: int
    rows_replaced: int
    rows_quarantined: int
    quarantine_reasons: Mapping[str, int]
    rows_duplicate: int
    rows_overruled: int
    rows_waiting: int
    rows_extended: int
    conflicts: int
    symbols: tuple[str, ...]
    sessions: int
    sessions_requested: int
    snapshot: int
    files: tuple[FileOutcome, ...]
    notes: tuple[str, ...]
    provider: str
    feed: str
    is_synthetic: bool
    grade: str
    fallbacks: tuple[Fallback, ...]
    requests: int
    retries: int

    @classmethod
    def of(cls, report: IngestReport) -> "Ingested":
        """The verb's result for a report of the stage."""
        values: dict[str, Any] = {field.name: getattr(report, field.name) for field in fields(cls)}
        for name in ("symbols", "files", "notes", "fallbacks"):
            values[name] = tuple(values[name])
        return cls(**values)

    @property
    def succeeded(self) -> bool:
        """Whether no file failed or waits."""
        return all(file.status not in {"failed", "waiting"} for file in self.files)

    def lines(self) -> list[str]:
        """Counts in words, then every reason, file that failed and note."""
        if self.rows_read == 0 and not self.files:
            return [*self.notes, "nothing to do: every session asked for is stored"]
        kind = "synthetic bars" if self.is_synthetic else "rows"
        replaced = f", {self.rows_replaced:,} replaced" if self.rows_replaced else ""
        waiting = f", {self.rows_waiting:,} wait" if self.rows_waiting else ""
        lines = [
            f"read {self.rows_read:,} {kind} of {', '.join(self.symbols) or 'no symbol'}: {self.rows_stored:,} stored, "
            f"{self.rows_existing:,} were there{replaced}, {self.rows_quarantined:,} quarantined{waiting}",
            f"{self.sessions:,} sessions, {self.rows_extended:,} bars outside regular hours, snapshot {self.snapshot}",
        ]
        if self.requests:
            lines.append(
                f"{self.requests:,} requests, {self.retries:,} of them repeated; from {self.provider} ({self.feed}), {self.grade}"
            )
        if self.conflicts:
            lines.append(f"{self.conflicts:,} conflicts: rows with other values for the same minute")
        lines += [f"quarantined: {count:,} {reason}" for reason, count in self.quarantine_reasons.items()]
        lines += [
            f"{file.status}: {file.path}: {file.reason}" for file in self.files if file.status == "failed"
        ]
        return [*lines, *self.notes]
