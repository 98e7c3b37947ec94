"""Where a lake keeps what: paths and periods of partitions."""

import secrets
from pathlib import PurePosixPath
from typing import Final

from quantmill.core.symbols import path_part

__all__ = ["JOURNAL", "STAGING", "VIEWS", "file_path", "new_uid"]

JOURNAL: Final = "_journal"
STAGING: Final = "_staging"
VIEWS: Final = "_views"


def new_uid() -> str:
    """A part of a file name that was never used before and never will be again."""
    return secrets.token_hex(8)


def file_path(dataset: str, hive: str, key: str, period: str, uid: str) -> str:
    """Path of a data file relative to the lake: `bars/symbol=AAPL/2024.<uid>.parquet`."""
    name = f"{path_part(period)}.{uid}.parquet"
    return str(PurePosixPath(dataset) / f"{hive}={path_part(key)}" / name)
