"""Retention of lake files: by the time of their rows, or by when their whole group was last written."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import Connection

from quantmill.errors import CommitConflictError
from quantmill.lake.ages import AgedFile, find_aged_files
from quantmill.upkeep.place import Place
from quantmill.upkeep.retention import Find

__all__ = ["LakeFiles"]

_ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class LakeFiles:
    """Files of datasets.

    Attributes:
        wants: Whether the files of a dataset belong here.
        age: `rows`: a file goes once its last row is old. `group`: all files of a dataset and key go together, once
            nothing of them was written for long, since half of a feature table or of a batch is of no use.
        forget: Called with dataset and key before their files go: forgets that they were ever made,
            so that they are made again when they are asked for.
    """

    wants: Callable[[str], bool]
    age: Literal["rows", "group"]
    forget: Callable[[Connection, str, str], None] | None = None

    def find(self, place: Place, before_us: int | None) -> list[Find]:
        """What is older than an instant, by dataset and key."""
        return [_find_of(group) for group in self._old(place, before_us)]

    def remove(self, place: Place, before_us: int) -> list[Find]:
        """Take the files out of the newest snapshot in one commit."""
        for attempt in range(1, _ATTEMPTS + 1):
            groups = self._old(place, before_us)
            if not groups:
                return []
            if self.forget is not None:
                # First: without its record a build is merely done again, without its files it would be missed.
                with place.state.write() as connection:
                    for group in groups:
                        self.forget(connection, group[0].file.dataset, group[0].file.key)
            try:
                place.lake.retire([aged.file for group in groups for aged in group], note="retention")
            except CommitConflictError:
                if attempt == _ATTEMPTS:
                    raise
            else:
                return [_find_of(group) for group in groups]
        raise AssertionError("unreachable")

    def _old(self, place: Place, before_us: int | None) -> list[list[AgedFile]]:
        """Old files, grouped by dataset and key."""
        groups: dict[tuple[str, str], list[AgedFile]] = defaultdict(list)
        with place.state.read() as connection:
            for aged in find_aged_files(connection, self.wants):
                groups[aged.file.dataset, aged.file.key].append(aged)
        if before_us is None:
            return list(groups.values())
        if self.age == "rows":
            old = [[aged for aged in group if aged.last_row_us < before_us] for group in groups.values()]
            return [group for group in old if group]
        return [group for group in groups.values() if max(aged.written_us for aged in group) < before_us]


def _find_of(group: Sequence[AgedFile]) -> Find:
    files = [aged.file for aged in group]
    periods = [file.period for file in files]
    return Find(
        "lake",
        files[0].dataset,
        files[0].key,
        periods[0] if len(periods) == 1 else f"{periods[0]} … {periods[-1]}",
        len(files),
        sum(file.rows for file in files),
        sum(file.bytes for file in files),
    )
