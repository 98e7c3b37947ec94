"""Random 1-minute bars with everything that resampling may meet: holes, extended hours, missing values, two sources."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl

from quantmill.core.arrays import Ints
from quantmill.core.bars import BAR_SCHEMA, ts_of
from quantmill.core.instants import DAY_US, MINUTE_US, day_of_date


def random_minutes(
    seed: int,
    symbols: Sequence[str],
    days: Sequence[date],
    *,
    share: float = 0.5,
    minutes: Ints | None = None,
) -> pl.DataFrame:
    """Bars of whole dates in UTC and of the hours after them, which belong to the evening in New York.

    Args:
        seed: Of all numbers.
        symbols: Symbols that each get the same minutes.
        days: Dates.
        share: Part of the minutes that traded.
        minutes: Minutes from the first date's midnight in place of random ones.
    """
    rng = np.random.default_rng(seed)
    every = np.concatenate([day_of_date(day) * DAY_US + np.arange(29 * 60) * MINUTE_US for day in days])
    if minutes is not None:
        every = day_of_date(days[0]) * DAY_US + minutes * MINUTE_US
    frames = []
    for symbol in symbols:
        ts_us = np.unique(every)
        ts_us = ts_us[rng.random(ts_us.size) < share] if minutes is None else ts_us
        frames.append(_bars(rng, symbol, ts_us))
    return pl.concat(frames).sample(fraction=1.0, shuffle=True, seed=seed)


def _bars(rng: np.random.Generator, symbol: str, ts_us: Ints) -> pl.DataFrame:
    n = ts_us.size
    is_crypto = symbol.startswith("X:")
    corners = np.round(100.0 + rng.normal(0.0, 1.0, (4, n)), 2)
    volume = (
        np.round(rng.lognormal(0.0, 3.0, n), 8) if is_crypto else rng.integers(0, 100_000, n).astype(float)
    )
    volume[rng.random(n) < 0.2] = 0.0
    # Long stretches without a volume or an average price, so that whole bins have none.
    stretch = (ts_us // (17 * MINUTE_US)) % 5
    frame = pl.DataFrame(
        {
            "symbol": pl.repeat(symbol, n, dtype=pl.String(), eager=True),
            "ts": ts_of(ts_us),
            "open": corners[0],
            "high": corners.max(axis=0),
            "low": corners.min(axis=0),
            "close": corners[1],
            "volume": volume,
            "vwap": np.round(corners.mean(axis=0), 4),
            "trade_count": rng.integers(0, 500, n),
            "provider": pl.Series(
                np.array(["files", "sukiboo", "alpaca"])[rng.integers(0, 3, n)], dtype=pl.String()
            ),
            "feed": pl.repeat("sip", n, dtype=pl.String(), eager=True),
            "ingested_at": ts_of(ts_us + rng.integers(0, 9, n) * MINUTE_US),
        },
        schema_overrides={"trade_count": pl.Int64()},
    )
    missing = {
        "volume": stretch == 1,
        "vwap": (stretch == 2) | (rng.random(n) < 0.2),
        "trade_count": stretch == 3,
    }
    return frame.with_columns(
        pl.when(~pl.Series(mask)).then(pl.col(name)).alias(name) for name, mask in missing.items()
    ).select(*BAR_SCHEMA)
