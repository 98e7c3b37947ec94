"""What a file holds before its columns are matched, whatever its format."""

from dataclasses import dataclass

import polars as pl

from quantmill.providers.files.trees import TreePlace

__all__ = ["RawFile"]


@dataclass(frozen=True, slots=True)
class RawFile:
    """Rows of a file.

    Attributes:
        frame: The rows, CSV as text, other formats as they are typed.
        spelled: The same rows as the file spells them, where `frame` holds them converted.
        symbol: What the place of the file or the table's name says of the symbol.
        place: Symbol and date that the folders of a tree say.
        notes: What is to be said about the file.
    """

    frame: pl.DataFrame
    spelled: pl.DataFrame | None = None
    symbol: str | None = None
    place: TreePlace | None = None
    notes: tuple[str, ...] = ()
