"""What an import or a backfill did."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Literal

__all__ = ["Fallback", "FileOutcome", "IngestReport", "Tally"]

_MAX_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """How one file fared: `reason` says why it failed, was skipped, or waits in quarantine."""

    path: str
    status: Literal["read", "failed", "skipped", "waiting"]
    rows: int = 0
    symbols: tuple[str, ...] = ()
    reason: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fallback:
    """A provider that did not deliver sessions, and why; the next one was asked."""

    provider: str
    symbol: str
    sessions: int
    first: date
    reason: str


@dataclass(frozen=True, slots=True)
class IngestReport:
    """Counts of one import or backfill; every row read is in exactly one of the first groups.

    `rows_read = rows_stored + rows_replaced + rows_existing + rows_quarantined + rows_duplicate + rows_overruled
    + rows_waiting`, where
    `rows_existing` were stored before (also with other values, then they count as conflicts too),
    `rows_duplicate` occurred more than once with equal values and `rows_overruled` lost to another row of the
    same minute in the same import; the files of `rows_waiting` wait for `schema accept`. `conflicts` counts overruled rows and those that differ from stored ones;
    `rows_extended` the good rows outside regular hours; `sessions` the pairs of symbol and session among them.
    `fallbacks` are the steps from one provider to the next, `requests` and `retries` what was sent for all of it.
    """

    rows_read: int
    rows_stored: int
    rows_existing: int
    rows_replaced: int
    rows_quarantined: int
    rows_duplicate: int
    rows_overruled: int
    rows_waiting: int
    rows_extended: int
    conflicts: int
    quarantine_reasons: dict[str, int]
    symbols: list[str]
    sessions: int
    sessions_requested: int
    snapshot: int
    files: list[FileOutcome]
    notes: list[str]
    provider: str
    feed: str
    is_synthetic: bool
    grade: str
    fallbacks: list[Fallback]
    requests: int = 0
    retries: int = 0


@dataclass
class Tally:
    """Counts while an ingest is under way."""

    rows_read: int = 0
    rows_stored: int = 0
    rows_existing: int = 0
    rows_replaced: int = 0
    rows_duplicate: int = 0
    rows_overruled: int = 0
    rows_waiting: int = 0
    rows_extended: int = 0
    conflicts: int = 0
    sessions: int = 0
    sessions_requested: int = 0
    n_unsorted: int = 0
    reasons: Counter[str] = field(default_factory=Counter[str])
    symbols: set[str] = field(default_factory=set[str])
    files: list[FileOutcome] = field(default_factory=list[FileOutcome])
    notes: list[str] = field(default_factory=list[str])
    n_failed: int = 0
    _files_by_note: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def add_note(self, note: str, file: str) -> None:
        """Remember what is to be said about a file; files of which the same is said are named together."""
        self._files_by_note.setdefault(note, []).append(file)

    def report(
        self,
        *,
        snapshot: int,
        provider: str,
        feed: str,
        is_synthetic: bool,
        grade: str,
        fallbacks: Sequence[Fallback] = (),
        requests: int = 0,
        retries: int = 0,
    ) -> IngestReport:
        """The counts as a report."""
        counted: dict[str, Any] = {
            name: getattr(self, name)
            for name in (
                "rows_read",
                "rows_stored",
                "rows_existing",
                "rows_replaced",
                "rows_duplicate",
                "rows_overruled",
                "rows_waiting",
                "rows_extended",
                "conflicts",
                "sessions",
                "sessions_requested",
            )
        }
        notes = [f"{_named(files)}: {note}" for note, files in self._files_by_note.items()] + self.notes
        if self.n_failed:
            notes.insert(0, f"{self.n_failed} files were not imported; each says why under `files`")
        if self.n_unsorted:
            notes.append(f"{self.n_unsorted} rows came after a later one; sorted")
        if self.rows_duplicate:
            notes.append(f"{self.rows_duplicate} rows came more than once with equal values; kept once")
        if self.rows_overruled:
            notes.append(
                f"{self.rows_overruled} rows differ from another one of the same minute in this import; "
                "the file whose last bar is later counts, the others are kept as revisions"
            )
        return IngestReport(
            **counted,
            rows_quarantined=self.reasons.total(),
            quarantine_reasons=dict(sorted(self.reasons.items())),
            symbols=sorted(self.symbols),
            snapshot=snapshot,
            files=self.files,
            notes=notes,
            provider=provider,
            feed=feed,
            is_synthetic=is_synthetic,
            grade=grade,
            fallbacks=list(fallbacks),
            requests=requests,
            retries=retries,
        )


def _named(files: list[str]) -> str:
    shown = ", ".join(files[:_MAX_NAMED])
    return shown if len(files) <= _MAX_NAMED else f"{shown} and {len(files) - _MAX_NAMED} more files"
