"""What storing news did, from files or from a provider."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quantmill.ingest.news import NewsTally
from quantmill.ingest.news_validation import REASONS
from quantmill.ingest.report import FileOutcome
from quantmill.verbs.outcome import Outcome

__all__ = ["StoredNews"]


@dataclass(frozen=True)
class StoredNews(Outcome):
    """Articles and sentiments read, stored, known already and refused; each count as in `NewsTally`."""

    read: int
    stored: int
    revised: int
    existing: int
    duplicate: int
    quarantined: int
    sentiments_stored: int
    sentiments_revised: int
    sentiments_existing: int
    sentiments_quarantined: int
    backfilled: int
    unknown_symbols: int
    reasons: Mapping[str, int]
    snapshot: int
    files: tuple[FileOutcome, ...] = ()

    @classmethod
    def of(cls, tally: NewsTally, files: tuple[FileOutcome, ...] = ()) -> "StoredNews":
        """The verb's result for the counts of the stage."""
        values: dict[str, Any] = vars(tally) | {"reasons": dict(sorted(tally.reasons.items()))}
        return cls(**values, files=files)

    @property
    def succeeded(self) -> bool:
        """Whether no file failed."""
        return all(file.status != "failed" for file in self.files)

    def lines(self) -> list[str]:
        """Counts in words, then every reason and file that failed."""
        n_said = self.sentiments_stored + self.sentiments_revised
        lines = [
            f"read {self.read:,} articles: {self.stored:,} stored, {self.revised:,} changed, {self.existing:,} were there, "
            f"{self.duplicate:,} came twice, {self.quarantined:,} quarantined; snapshot {self.snapshot}",
            f"sentiment of {n_said + self.sentiments_existing:,} symbols of articles: {n_said:,} stored, "
            f"{self.sentiments_existing:,} were there",
        ]
        if self.backfilled:
            lines.append(
                f"back-filled: {self.backfilled:,} sentiments came more than 15 minutes after their article; "
                "they count as known from now on, not from when it was published"
            )
        lines += [
            f"quarantined: {count:,} {reason} ({REASONS[reason]})" for reason, count in self.reasons.items()
        ]
        if self.unknown_symbols:
            lines.append(f"left out: {self.unknown_symbols:,} names that are no symbol of ours")
        return [
            *lines,
            *(f"failed: {file.path}: {file.reason}" for file in self.files if file.status == "failed"),
        ]
