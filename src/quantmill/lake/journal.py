"""The line that a commit keeps beside the files: with the files it is all that a lost catalogue is rebuilt from."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from quantmill.core.digest import canonical_json

__all__ = ["JournalEntry", "journal_line", "read_line"]


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One commit: when, by which job, and which paths came and went."""

    at_us: int
    job_id: str | None
    note: str
    added: tuple[str, ...]
    removed: tuple[str, ...]


def journal_line(
    at_us: int, job_id: str | None, note: str, added: Sequence[str], removed: Sequence[str]
) -> str:
    """A commit as one line of JSON."""
    return canonical_json(
        {"at_us": at_us, "job_id": job_id, "note": note, "added": list(added), "removed": list(removed)}
    )


def read_line(line: str) -> JournalEntry:
    """What `journal_line` wrote."""
    fields = json.loads(line)
    return JournalEntry(
        fields["at_us"], fields["job_id"], fields["note"], tuple(fields["added"]), tuple(fields["removed"])
    )
