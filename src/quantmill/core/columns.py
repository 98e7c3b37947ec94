"""What a column of a frame looks like, asked before work that most columns do not need."""

from typing import Any, Final

import polars as pl

__all__ = ["distinct", "is_constant"]

# Up to here Python is done before Polars has begun: the bars of a minute lie well below, those of a month above.
_FEW: Final = 4096


def is_constant(column: pl.Series) -> bool:
    """Whether a column has rows and the same value in all of them; null counts as a value.

    Faster than to count distinct values, since nearly all columns that are asked differ at their ends or are constant.
    """
    return len(column) > 0 and column[0] == column[-1] and column.is_sorted()


def distinct(column: pl.Series) -> list[Any]:
    """The values of a column, each once, in the order in which they come; null is one."""
    if is_constant(column):
        return [column[0]]
    if len(column) <= _FEW:
        return list(dict.fromkeys(column.to_list()))
    return column.unique(maintain_order=True).to_list()
