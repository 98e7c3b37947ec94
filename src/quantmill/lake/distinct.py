"""The texts of a column, each once."""

from typing import Any, Final

import polars as pl

__all__ = ["distinct"]

# Up to here Python is done before Polars has begun: the bars of a minute lie well below, those of a month above.
_FEW: Final = 4096


def distinct(column: pl.Series) -> list[Any]:
    """The texts of a column, each once, in the order of their first rows; None among them where one is missing."""
    if len(column) <= _FEW:
        return list(dict.fromkeys(column.to_list()))
    return column.unique(maintain_order=True).to_list()
