"""The columns that a source is known to have, and how those of a file differ from them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from quantmill.core.digest import canonical_json
from quantmill.providers.files.source_columns import UNTOLD

__all__ = ["Drift", "DriftKind", "KnownColumn", "SourceBaseline", "commonest"]

DriftKind = Literal["new", "missing", "type"]

_WORDS: Final[dict[str, str]] = {
    "new": "column {column!r} ({found}) is new",
    "missing": "column {column!r} ({expected}) is missing",
    "type": "column {column!r} is {found}, known as {expected}",
}


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference between a file and the baseline of its source.

    `expected` are the known types, empty for a new column; `found` is the file's type, empty for a missing one.
    `displaces` names the known column in whose place a new one would be read.
    """

    kind: DriftKind
    column: str
    expected: str
    found: str
    displaces: str = ""

    def __str__(self) -> str:
        said = _WORDS[self.kind].format(column=self.column, expected=self.expected, found=self.found)
        return f"{said} and would be read in place of {self.displaces!r}" if self.displaces else said

    @property
    def is_harmless(self) -> bool:
        """Whether all that was read before is read as before."""
        return self.kind == "new" and not self.displaces


@dataclass(frozen=True, slots=True)
class KnownColumn:
    """A column of a source: the types it may have (none were told yet when empty), and whether each file needs it."""

    types: tuple[str, ...]
    is_needed: bool

    def takes(self, kind: str) -> bool:
        """Whether a file may have the column with this type; an untold one says nothing."""
        return kind == UNTOLD or not self.types or kind in self.types

    def with_type(self, kind: str) -> "KnownColumn":
        """The same column that may also have this type."""
        if kind == UNTOLD or kind in self.types:
            return self
        return replace(self, types=(*self.types, kind))


@dataclass(frozen=True, slots=True)
class SourceBaseline:
    """Known columns by name."""

    columns: Mapping[str, KnownColumn] = field(default_factory=dict[str, KnownColumn])

    @classmethod
    def of(cls, columns: Mapping[str, str]) -> "SourceBaseline":
        """The baseline that a first file sets: it needs every column."""
        return cls({name: KnownColumn((), is_needed=True).with_type(kind) for name, kind in columns.items()})

    @classmethod
    def from_text(cls, text: str) -> "SourceBaseline":
        """What `to_text` wrote."""
        return cls(
            {name: KnownColumn(tuple(types), is_needed=needed) for name, types, needed in json.loads(text)}
        )

    def to_text(self) -> str:
        """Canonical JSON of [[name, types, is needed], …]."""
        return canonical_json([[name, known.types, known.is_needed] for name, known in self.columns.items()])

    def compare(self, columns: Mapping[str, str]) -> list[Drift]:
        """How a file's columns differ; their order does not matter."""
        drifts = [
            Drift("missing", name, " or ".join(known.types) or UNTOLD, "")
            for name, known in self.columns.items()
            if known.is_needed and name not in columns
        ]
        for name, kind in columns.items():
            known = self.columns.get(name)
            if known is None:
                drifts.append(Drift("new", name, "", kind))
            elif not known.takes(kind):
                drifts.append(Drift("type", name, " or ".join(known.types), kind))
        return drifts

    def widened(self, columns: Mapping[str, str]) -> "SourceBaseline":
        """The baseline that also takes a file with these columns, and every file that it took before."""
        known = {
            name: replace(column, is_needed=column.is_needed and name in columns)
            for name, column in self.columns.items()
        }
        for name, kind in columns.items():
            known[name] = known.get(name, KnownColumn((), is_needed=False)).with_type(kind)
        return SourceBaseline(known)

    def with_new(self, columns: Mapping[str, str]) -> "SourceBaseline":
        """The baseline with further columns, which no file needs to have."""
        return self.widened(dict.fromkeys(self.columns, UNTOLD) | dict(columns))

    def told(self, columns: Mapping[str, str]) -> "SourceBaseline":
        """The baseline with the types of columns that had none so far."""
        return SourceBaseline(
            {
                name: known if known.types else known.with_type(columns.get(name, UNTOLD))
                for name, known in self.columns.items()
            }
        )

    def covers(self, kind: str, column: str, found: str) -> bool:
        """Whether a drift that was seen once is none by this baseline."""
        known = self.columns.get(column)
        if kind == "missing":
            return known is None or not known.is_needed
        return known is not None and known.takes(found)


def commonest(found: Iterable[Mapping[str, str]]) -> Mapping[str, str] | None:
    """The columns that most files have, of equally common ones the first; None of no file."""
    counts: dict[str, list[Mapping[str, str]]] = {}
    for columns in found:
        counts.setdefault(canonical_json(columns), []).append(columns)
    return max(counts.values(), key=len)[0] if counts else None
