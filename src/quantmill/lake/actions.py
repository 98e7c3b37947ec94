"""What a stored corporate action is, and the check that refuses what cannot be one."""

from typing import Final

import polars as pl

from quantmill.core.symbols import canonical_symbol
from quantmill.errors import DataError

__all__ = ["DIVIDEND", "SPLIT", "check_actions"]

SPLIT: Final = "split"
"""`ratio` new shares for each old one, from the ex-date on."""

DIVIDEND: Final = "dividend"
"""`amount` of cash per share as traded on the ex-date, in the currency of the quotes."""


def check_actions(frame: pl.DataFrame) -> None:
    """Refuse actions that cannot be what they say.

    Args:
        frame: Rows of dataset `corporate_actions`.

    Raises:
        DataError: If a kind is unknown, a split has no ratio above zero or a dividend no amount above zero, a row
            has a number that its kind does not have, or a symbol is not in canonical form.
    """
    for symbol in frame["symbol"].unique():
        if canonical_symbol(symbol) != symbol:
            raise DataError(f"corporate_actions: symbol {symbol!r} is stored as {canonical_symbol(symbol)!r}")
    is_split, is_dividend = pl.col("kind") == SPLIT, pl.col("kind") == DIVIDEND
    rules = {
        f"kind is neither {SPLIT} nor {DIVIDEND}": ~(is_split | is_dividend),
        "a split has no ratio above zero": is_split & ~_is_positive("ratio"),
        "a dividend has no amount above zero": is_dividend & ~_is_positive("amount"),
        "a split has an amount": is_split & pl.col("amount").is_not_null(),
        "a dividend has a ratio": is_dividend & pl.col("ratio").is_not_null(),
    }
    for text, rule in rules.items():
        wrong = frame.filter(rule)
        if wrong.height:
            first = wrong.row(0, named=True)
            raise DataError(
                f"corporate_actions: {text} in {wrong.height} of {frame.height} rows, first {first['symbol']} "
                f"{first['ex_date']}: kind {first['kind']!r}, ratio {first['ratio']}, amount {first['amount']}",
                hint="a split needs a ratio (7.0 for 7 to 1), a dividend an amount per share",
            )


def _is_positive(column: str) -> pl.Expr:
    return (pl.col(column).is_finite() & (pl.col(column) > 0)).fill_null(False)
