"""The registry of all features: ours, and those that other packages declare by entry point."""

import importlib
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from quantmill.errors import ConfigError
from quantmill.features.declaration import FeatureRegistry, feature_into

__all__ = ["ENTRY_POINT_GROUP", "FEATURES", "feature", "load_entry_points"]

ENTRY_POINT_GROUP: Final = "quantmill.features"
_FAMILIES: Final = "quantmill.features.families"
_LOAD_FAULTS: Final = (
    ImportError,
    AttributeError,
    LookupError,
    NameError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    ArithmeticError,
    AssertionError,
)


def load_entry_points() -> None:
    """Import the modules that other packages name under `quantmill.features`; they declare with `feature`.

    Raises:
        ConfigError: If one of them cannot be loaded; the message names it.
    """
    for entry in sorted(entry_points(group=ENTRY_POINT_GROUP), key=_order):
        try:
            entry.load()
        except _LOAD_FAULTS as error:
            origin = "" if entry.dist is None else f" of package {entry.dist.name}"
            raise ConfigError(
                f"the features {entry.name!r} ({entry.value}){origin} cannot be loaded: "
                f"{type(error).__name__}: {error}",
                hint="repair or uninstall that package",
            ) from error


def _load_all() -> None:
    # By name, since every family imports `feature` from here.
    importlib.import_module(_FAMILIES)
    load_entry_points()


def _order(entry: EntryPoint) -> tuple[str, str]:
    return entry.name, entry.value


FEATURES: Final = FeatureRegistry(_load_all)
feature = partial(feature_into, FEATURES)
