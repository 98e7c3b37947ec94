"""What a category of stored things is, and how its old ones are found and removed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from quantmill.core.instants import SECOND_US
from quantmill.upkeep.place import Place

__all__ = ["Category", "Find", "Part", "cutoff_us", "find_due", "remove_due"]

_DAY_US: Final = 86_400 * SECOND_US


@dataclass(frozen=True, slots=True)
class Find:
    """Things of one kind and name that are kept, or were.

    Attributes:
        kind: `lake` for files of the lake, whose bytes are freed once no reader can hold them; `rows` of the state,
            whose bytes are those of their text and are used again by the database; `folder`.
        what: Dataset, table or folder.
        key: Symbol, model, batch or run of a dataset; empty where there is none.
        detail: Which of them: periods of a dataset.
        files: How many files.
        rows: How many rows.
        n_bytes: Their size.
    """

    kind: Literal["lake", "rows", "folder"]
    what: str
    key: str
    detail: str
    files: int
    rows: int
    n_bytes: int


class Part(Protocol):
    """One kind of thing in a category."""

    def find(self, place: Place, before_us: int | None) -> list[Find]:
        """What is older than an instant, in µs since 1970 UTC; everything when None."""
        ...

    def remove(self, place: Place, before_us: int) -> list[Find]:
        """Remove what is older, and say what it was."""
        ...


@dataclass(frozen=True, slots=True)
class Category:
    """Things that are kept equally long; `meaning` says what they are and from when their days count."""

    name: str
    meaning: str
    parts: tuple[Part, ...]


def cutoff_us(place: Place, days: int) -> int:
    """The instant before which things are older than `days`."""
    return place.clock.now_us() - days * _DAY_US


def find_due(place: Place, category: Category, *, days: int | None) -> list[Find]:
    """What is older than `days`; everything when None."""
    before_us = None if days is None else cutoff_us(place, days)
    return [find for part in category.parts for find in part.find(place, before_us)]


def remove_due(
    place: Place, categories: Sequence[Category], days: Mapping[str, int]
) -> list[tuple[str, Find]]:
    """Remove what is older than the days of its category, and say what it was, by category.

    Args:
        place: The home.
        categories: The categories to look at.
        days: Days by category; one that is missing keeps its things for ever.
    """
    return [
        (category.name, find)
        for category in categories
        if category.name in days
        for part in category.parts
        for find in part.remove(place, cutoff_us(place, days[category.name]))
    ]
