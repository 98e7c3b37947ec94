"""Predictions that somebody else made, read from a Parquet file with the columns `ts` and `prediction`."""

from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from polars.exceptions import PolarsError

from quantmill.core.bars import UTC_TIME
from quantmill.errors import DataError, NotFoundError

__all__ = ["read_external"]

_HINT: Final = (
    "it needs the columns ts (start of the bar, with a time zone) and prediction (expected log return)"
)


def read_external(path: Path, symbol: str) -> pl.DataFrame:
    """Predictions of one symbol in time order, columns `ts` (UTC) and `prediction` (null where there is none).

    A column `symbol` may be there; its other symbols are left out.

    Raises:
        NotFoundError: If there is no such file.
        DataError: If it is no Parquet file, lacks a column, has times without a zone, or two values for one bar.
    """
    if not path.is_file():
        raise NotFoundError(f"no file {path}", hint=_HINT)
    try:
        frame = pl.read_parquet(path)
    except (PolarsError, OSError) as error:
        raise DataError(f"{path} cannot be read as Parquet: {error}", hint=_HINT) from error
    missing = [name for name in ("ts", "prediction") if name not in frame.columns]
    if missing:
        raise DataError(f"{path} lacks {', '.join(missing)}; it has {', '.join(frame.columns)}", hint=_HINT)
    kind = frame.schema["ts"]
    if not isinstance(kind, pl.Datetime) or kind.time_zone is None:
        raise DataError(f"{path}: ts is {kind}, an instant with a time zone is needed", hint=_HINT)
    if not frame.schema["prediction"].is_numeric():
        raise DataError(f"{path}: prediction is {frame.schema['prediction']}, a number is needed", hint=_HINT)
    if "symbol" in frame.columns:
        held = frame["symbol"].unique().sort().to_list()
        frame = frame.filter(pl.col("symbol") == symbol)
        if frame.height == 0:
            raise DataError(f"{path} has no prediction for {symbol}; it has {', '.join(map(str, held))}")
    frame = frame.select(
        pl.col("ts").dt.convert_time_zone("UTC").cast(UTC_TIME), pl.col("prediction").cast(pl.Float64)
    ).sort("ts")
    if frame["ts"].null_count():
        raise DataError(f"{path}: {frame['ts'].null_count()} rows have no ts", hint=_HINT)
    n_twice = frame.height - frame["ts"].n_unique()
    if n_twice:
        first = frame.filter(frame["ts"].is_duplicated())["ts"][0]
        raise DataError(f"{path}: {n_twice} bars have more than one prediction, the first at {first}")
    n_known = int(np.isfinite(frame["prediction"].fill_null(np.nan).to_numpy()).sum())
    if n_known == 0:
        raise DataError(f"{path} holds no prediction, only {frame.height} empty rows", hint=_HINT)
    return frame
