"""quantmill turns 1-minute market bars into honestly ranked strategies; `quantmill.open(home)` is the way in."""

from typing import TYPE_CHECKING

from quantmill.core.version import VERSION

if TYPE_CHECKING:
    from pathlib import Path

    from quantmill.verbs.mill import Mill

__all__ = ["__version__", "open"]

__version__ = VERSION


def open(home: "str | Path" = "./data") -> "Mill":  # noqa: A001 - the name users know from other stores
    """Open a home, made on first use: all verbs of the command line as methods.

    Args:
        home: Folder with the lake, the state database and the models.
    """
    from quantmill.verbs.mill import Mill

    return Mill.open(home)
