"""Sums of numbers that are the same in any order, in Polars and in SQL.

Added one after another, floating-point numbers give a last digit that depends on their order, which no parallel
program keeps. So each number is cut, without loss, into a whole part, a multiple of 2^-42 and a rest. Each part of
up to 2048 numbers adds up without rounding if the numbers are multiples of 2^-84 with a total below 2^53, as the shares
and dollars of every market are; the three sums then give the true sum, rounded to the nearest number.

Source: the compensated sum of two numbers, Dekker (1971), "A floating-point technique for extending the available
precision", Numerische Mathematik 18.
"""

from typing import Final

import polars as pl

__all__ = ["exact_parts", "exact_parts_sql", "exact_sum", "exact_sum_sql"]

_FINE: Final = 2.0**42


def exact_parts(column: str) -> list[pl.Expr]:
    """Columns for `exact_sum`: the three parts of a column, null where it is null."""
    whole = pl.col(column).truncate()
    below_one = pl.col(column) - whole
    fine = (below_one * _FINE).truncate() / _FINE
    parts = (whole, fine, below_one - fine)
    return [part.alias(name) for part, name in zip(parts, _names(column), strict=True)]


def exact_sum(column: str) -> pl.Expr:
    """The sum of a column of which `exact_parts` are there; null where every value is null."""
    whole, fine, rest = (pl.col(name).sum() for name in _names(column))
    total = whole + fine
    lost = fine - (total - whole)
    has_values = pl.col(_names(column)[0]).count() > 0
    return pl.when(has_values).then(total + (lost + rest)).alias(column)


def exact_parts_sql(column: str) -> str:
    """What `exact_parts` does, as items of a select list; they name one another, which DuckDB allows."""
    whole, fine, rest = _names(column)
    return (
        f"trunc({column}) AS {whole}, "
        f"trunc(({column} - {whole}) * {_FINE:.0f}) / {_FINE:.0f} AS {fine}, "
        f"{column} - {whole} - {fine} AS {rest}"
    )


def exact_sum_sql(column: str) -> str:
    """What `exact_sum` does, as one expression in parentheses."""
    whole, fine, rest = (f"sum({name})" for name in _names(column))
    total = f"({whole} + {fine})"
    return f"({total} + (({fine} - ({total} - {whole})) + {rest}))"


def _names(column: str) -> tuple[str, str, str]:
    return f"{column}_whole", f"{column}_fine", f"{column}_rest"
