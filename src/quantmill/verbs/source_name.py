"""The name of a source, as requests take it."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator

__all__ = ["AnySource", "SourceName"]

_MAX_CHARACTERS: Final = 200


def _checked_any(name: str) -> str:
    if not re.search(r"\w", name) or name != name.strip() or len(name) > _MAX_CHARACTERS:
        raise ValueError(f"{name!r} is no name of a source; needed are words such as polygon or parquet:data")
    return name


def _checked(name: str) -> str:
    if _checked_any(name).startswith("lake:"):
        raise ValueError(f"{name!r} names a dataset of the lake; a source of files needs another name")
    return name


SourceName = Annotated[str, AfterValidator(_checked)]
"""A source of files."""

AnySource = Annotated[str, AfterValidator(_checked_any)]
"""A source of files, or a dataset of the lake as `lake:bars`."""
