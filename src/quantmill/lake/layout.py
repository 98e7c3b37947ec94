"""Where a lake keeps what: paths and periods of partitions."""

import secrets
from pathlib import PurePosixPath
from typing import Final

from quantmill.core.symbols import from_path_part, path_part

__all__ = [
    "JOURNAL",
    "LIVE",
    "STAGING",
    "VIEWS",
    "WAITING",
    "file_path",
    "hot_kind",
    "hot_path",
    "new_uid",
    "place_of",
]

JOURNAL: Final = "_journal"
LIVE: Final = "live"
STAGING: Final = "_staging"
VIEWS: Final = "_views"
WAITING: Final = "_waiting"


def new_uid() -> str:
    """A part of a file name that was never used before and never will be again."""
    return secrets.token_hex(8)


def file_path(dataset: str, hive: str, key: str, period: str, uid: str) -> str:
    """Path of a data file relative to the lake: `bars/symbol=AAPL/2024.<uid>.parquet`."""
    name = f"{path_part(period)}.{uid}.parquet"
    return str(PurePosixPath(dataset) / f"{hive}={path_part(key)}" / name)


def hot_path(period: str, kind: str, first: str, uid: str) -> str:
    """Path of a hot file relative to the lake: `live/dt=2026-11-20/s-143100.<uid>.parquet`, by its first bar's UTC time."""
    return str(PurePosixPath(LIVE) / f"dt={period}" / f"{kind}-{first}.{uid}.parquet")


def hot_kind(path: str) -> str:
    """The `kind` of which `hot_path` made a path."""
    return path.rpartition("/")[2].partition("-")[0]


def place_of(path: str) -> tuple[str, str]:
    """Dataset and key under which the oldest kept snapshot of a path is noted: that of all hot files together is `live`."""
    folder = PurePosixPath(path).parent
    if folder.parts[0] == LIVE:
        return "bars", LIVE
    return str(folder.parent), from_path_part(folder.name.partition("=")[2])
