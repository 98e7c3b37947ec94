"""The values of a file's columns row by row: which symbol, which number."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from quantmill.core.bars import OPTIONAL_BAR_COLUMNS
from quantmill.errors import BadBarsError, UsageError
from quantmill.providers.files.columns import MatchedColumns
from quantmill.providers.files.naming import file_symbol, symbol_of_name
from quantmill.providers.files.options import FileOptions
from quantmill.providers.files.raw_file import RawFile
from quantmill.providers.protocol import PAGE_SCHEMA

__all__ = ["numbers_of_rows", "symbols_of_rows"]


def symbols_of_rows(file: RawFile, columns: MatchedColumns, path: Path, options: FileOptions) -> pl.Series:
    """Canonical symbol per row, null where the file's text cannot be one.

    Raises:
        BadBarsError: If neither a column, the options nor the file's name say a symbol.
        UsageError: If the options name one symbol and the file holds several.
    """
    raw = file.frame
    column = columns.by_role.get("symbol")
    if options.symbol is not None:
        if column is not None and raw[column].n_unique() > 1:
            raise UsageError(
                f"--symbol {options.symbol} given, but {path.name} holds {raw[column].n_unique()} symbols",
                hint="leave --symbol out, or import the symbols from files of their own",
            )
        return pl.Series("symbol", [file_symbol(options.symbol)]).extend_constant(
            file_symbol(options.symbol), raw.height - 1
        )
    if column is not None:
        text = raw[column].cast(pl.String)
        known = _canonical(text.unique().drop_nulls().to_list())
        if not known:
            raise BadBarsError(f"{path.name}: column {column!r} holds no symbol, found {text[0]!r}")
        if file.place is not None and set(known.values()) != {file.place.symbol}:
            raise BadBarsError(
                f"{path.name}: column {column!r} holds {', '.join(sorted(known)[:3])}, "
                f"but the folders say {file.place.symbol}",
                hint="use --format parquet to go by the column",
            )
        return text.replace_strict(known, default=None, return_dtype=pl.String).alias("symbol")
    symbol = file.symbol or symbol_of_name(path)
    if symbol is None:
        raise BadBarsError(
            f"{path.name}: no symbol: no column such as symbol or ticker, and the name carries none",
            hint="say it with --symbol, for example --symbol SPY",
        )
    return pl.repeat(symbol, raw.height, dtype=pl.String, eager=True).alias("symbol")


def numbers_of_rows(raw: pl.DataFrame, columns: MatchedColumns, role: str) -> pl.Series:
    """The numbers of a column, also those with a decimal comma; null where there is no number, or no column."""
    dtype = PAGE_SCHEMA[role]
    name = columns.by_role.get(role)
    if name is None:
        return pl.repeat(None, raw.height, dtype=dtype, eager=True).alias(role)
    values = raw[name]
    if (
        values.dtype == pl.String
        and values.str.contains(r"^\d+,\d+$").any()
        and not values.str.contains(r"\.").any()
    ):
        values = values.str.replace(",", ".", literal=True)
    numbers = values.cast(pl.Float64, strict=False)
    if role in OPTIONAL_BAR_COLUMNS:
        numbers = numbers.fill_nan(None)
    if role == "trade_count":
        numbers = numbers.round().cast(dtype, strict=False)
    return numbers.alias(role)


def _canonical(texts: list[str]) -> Mapping[str, str]:
    known: dict[str, str] = {}
    for text in texts:
        try:
            known[text] = file_symbol(text)
        except UsageError:
            continue
    return known
