"""How an import reads, judges and stores, as one value that can be kept until the import goes on."""

import json
from dataclasses import asdict, dataclass, field

from quantmill.core.digest import canonical_json
from quantmill.ingest.spikes import SpikeLimits
from quantmill.ingest.validation import DEFAULT_RULES, ValidationRules
from quantmill.lake.merging import OnConflict
from quantmill.providers.files.options import FileOptions

__all__ = ["ImportOptions"]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the files do not say themselves, what counts as a bad row, and what happens to stored rows that differ."""

    files: FileOptions = field(default_factory=FileOptions)
    rules: ValidationRules = DEFAULT_RULES
    on_conflict: OnConflict = "keep"

    @classmethod
    def from_text(cls, text: str) -> "ImportOptions":
        """What `to_text` wrote."""
        values = json.loads(text)
        spikes = values["rules"]["spikes"]
        return cls(
            FileOptions(**values["files"]),
            ValidationRules(None if spikes is None else SpikeLimits(**spikes)),
            values["on_conflict"],
        )

    def to_text(self) -> str:
        """Canonical JSON of all of it."""
        return canonical_json(asdict(self))
