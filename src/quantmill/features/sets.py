"""Feature sets: named, ordered, versioned lists of columns for one interval."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from quantmill.core.digest import digest
from quantmill.core.interval import ONE_MINUTE, Interval
from quantmill.errors import NotFoundError
from quantmill.features.declaration import CATEGORIES, Feature, FeatureRegistry
from quantmill.features.registry import FEATURES

__all__ = [
    "CORE",
    "FEATURE_SETS",
    "FeatureSet",
    "Hours",
    "feature_set_named",
    "features_named",
    "nearest_names",
]

Hours = Literal["regular", "extended"]

CORE: Final = "core"
CORE_EXTENDED: Final = "core_extended"
FEATURE_SETS: Final[tuple[str, ...]] = (CORE, CORE_EXTENDED)


@dataclass(frozen=True)
class FeatureSet:
    """Columns in order, the interval of the bars they are made of, and which hours' bars those are."""

    name: str
    columns: tuple[Feature, ...]
    interval: Interval = ONE_MINUTE
    hours: Hours = "regular"

    def __post_init__(self) -> None:
        """Refuse an empty set and double columns."""
        if not self.columns or len(set(self.names)) != len(self.columns):
            raise ValueError(f"feature set {self.name!r} needs distinct columns, got {len(self.columns)}")

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names in order."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def version(self) -> str:
        """Eight hexadecimal digits of the digest of each column's name, parameters, revision and dtype."""
        return digest([column.identity for column in self.columns])[:8]

    @property
    def dataset(self) -> str:
        """Where the lake keeps the values."""
        return f"features/{self.name}@{self.version}/{self.interval}"


def feature_set_named(name: str = CORE, *, interval: Interval = ONE_MINUTE) -> FeatureSet:
    """A declared set: `core` holds all registered features; `core_extended` makes them of all hours' bars.

    Raises:
        NotFoundError: If no set has this name.
        ConfigError: If features of another package cannot be loaded.
    """
    if name not in FEATURE_SETS:
        raise NotFoundError(f"no feature set {name!r}", hint=f"the sets are {', '.join(FEATURE_SETS)}")
    hours: Hours = "extended" if name == CORE_EXTENDED else "regular"
    return FeatureSet(name, tuple(sorted(FEATURES.values(), key=_place)), interval, hours)


def features_named(names: Sequence[str], *, registry: FeatureRegistry = FEATURES) -> tuple[Feature, ...]:
    """Features by name, in the order given.

    Raises:
        NotFoundError: If one is not registered; the hint tells the nearest names.
    """
    known = tuple(registry)
    for name in names:
        if name not in registry:
            raise NotFoundError(f"no feature {name!r}", hint=nearest_names(name, known))
    return tuple(registry[name] for name in names)


def nearest_names(name: str, known: Sequence[str]) -> str:
    """A hint that offers the known names most like `name`."""
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if near:
        return f"did you mean {', '.join(near)}?"
    shown = ", ".join(known[:8]) + (", …" if len(known) > 8 else "")
    return f"known are {shown}" if known else "there are none yet"


def _place(feature: Feature) -> tuple[object, ...]:
    """By category, then by name with its numbers as numbers; never by the order of imports."""
    pieces = re.split(r"(\d+)", feature.name)
    numbered = tuple((int(piece), "") if piece.isdigit() else (-1, piece) for piece in pieces)
    return CATEGORIES.index(feature.category), numbered
