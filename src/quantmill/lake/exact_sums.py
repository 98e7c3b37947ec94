"""Sums of numbers that are the same in any order, in NumPy and in SQL.

Added one after another, floating-point numbers give a last digit that depends on their order, which no parallel
program keeps. So each number is cut, without loss, into a whole part, a multiple of 2^-42 and a rest. Each part of
up to 2048 numbers adds up without rounding if the numbers are multiples of 2^-84 with a total below 2^53, as the shares
and dollars of every market are; the three sums then give the true sum, rounded to the nearest number.

Source: the compensated sum of two numbers, Dekker (1971), "A floating-point technique for extending the available
precision", Numerische Mathematik 18.
"""

from typing import Final

import numpy as np

from quantmill.core.arrays import Floats, Ints

__all__ = ["exact_parts_sql", "exact_sum_sql", "exact_sums"]

_FINE: Final = 2.0**42


def exact_sums(values: Floats, first: Ints) -> Floats:
    """The sum of each stretch of an array.

    Args:
        values: Finite numbers, NaN where one is missing, shape (n_values,).
        first: Where each stretch begins, ascending from 0, shape (n_stretches,).

    Returns:
        Shape (n_stretches,); NaN where all of a stretch is missing.
    """
    is_there = ~np.isnan(values)
    present = np.where(is_there, values, 0.0)
    whole = np.trunc(present)
    fine = np.trunc((present - whole) * _FINE) / _FINE
    wholes, fines, rests = (np.add.reduceat(part, first) for part in (whole, fine, present - whole - fine))
    total = wholes + fines
    lost = fines - (total - wholes)
    return np.where(np.logical_or.reduceat(is_there, first), total + (lost + rests), np.nan)


def exact_parts_sql(column: str) -> str:
    """The parts of a column for `exact_sum_sql`: items of a select list that name one another, as DuckDB allows."""
    whole, fine, rest = _names(column)
    return (
        f"trunc({column}) AS {whole}, "
        f"trunc(({column} - {whole}) * {_FINE:.0f}) / {_FINE:.0f} AS {fine}, "
        f"{column} - {whole} - {fine} AS {rest}"
    )


def exact_sum_sql(column: str) -> str:
    """What `exact_sums` gives for the rows of a group, null where all are: one expression in parentheses."""
    whole, fine, rest = (f"sum({name})" for name in _names(column))
    total = f"({whole} + {fine})"
    return f"({total} + (({fine} - ({total} - {whole})) + {rest}))"


def _names(column: str) -> tuple[str, str, str]:
    return f"{column}_whole", f"{column}_fine", f"{column}_rest"
