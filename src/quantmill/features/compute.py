"""Values of features over bars, masked as declared, with every null counted by its cause."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from quantmill.core.arrays import Bools, Floats
from quantmill.core.bars import BarArrays
from quantmill.errors import ConfigError
from quantmill.features.context.as_of import Beside, Timed
from quantmill.features.declaration import Feature
from quantmill.features.market import NO_MARKET, Market
from quantmill.features.primitives.changes import bars_into_session

__all__ = ["FeatureValues", "compute_feature", "compute_features", "stored_column"]

NullCounts = Mapping[str, int]

# What a function that another package wrote may raise on arrays.
_FAULTS: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    NameError,
    RuntimeError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class FeatureValues:
    """One feature over a symbol's bars: float64 values, NaN where null, and how many nulls of each cause."""

    feature: Feature
    values: Floats
    null_counts: NullCounts


def compute_features(
    features: Iterable[Feature], bars: BarArrays, market: Market = NO_MARKET
) -> Iterator[FeatureValues]:
    """Features one after the other over all bars given, which should be a symbol's whole history.

    Raises:
        ConfigError: As `compute_feature`.
    """
    for one in features:
        values = compute_feature(one, bars, market)
        yield FeatureValues(one, values, _null_counts(one, bars, market, np.isnan(values)))


def compute_feature(feature: Feature, bars: BarArrays, market: Market = NO_MARKET) -> Floats:
    """One feature's values in float64.

    Args:
        feature: What to compute.
        bars: The symbol's bars.
        market: What its context is taken from; a feature whose context is not there is NaN.

    Returns:
        Shape (n_bars,). Value `i` uses bars `0 .. i` and bars of the market that start no later; NaN in the
        declared warm-up, off the declared hours, without fresh context, and where the feature has no finite value.

    Raises:
        ConfigError: If the feature's function fails or returns something else than one number per bar.
    """
    if feature.hours == "any" or bars.labels.is_regular.all():
        return _masked(feature, bars, market)
    is_regular = bars.labels.is_regular
    values = np.full(bars.n_bars, np.nan)
    values[is_regular] = _masked(feature, bars[is_regular], market)
    return values


def stored_column(feature: Feature, values: Floats) -> pl.Series:
    """A feature's values as they are stored: rounded once to Float32 or Int8, missing is null."""
    column = pl.Series(feature.name, values.astype(np.float32)).fill_nan(None)
    return column.cast(pl.Int8) if feature.dtype == "Int8" else column


def _masked(feature: Feature, bars: BarArrays, market: Market) -> Floats:
    beside = market.beside(feature, bars.ts_us)
    if beside is None and feature.context is not None:
        return np.full(bars.n_bars, np.nan)
    try:
        with np.errstate(all="ignore"):
            values = np.asarray(feature(bars) if beside is None else feature(bars, beside))
    except _FAULTS as error:
        raise ConfigError(
            f"feature {feature.name!r} failed on {bars.n_bars} bars: {type(error).__name__}: {error}",
            hint=f"repair {_origin(feature)}; it must bear any number of bars, also none",
        ) from error
    if values.shape != (bars.n_bars,) or values.dtype.kind not in "fiub":
        raise ConfigError(
            f"feature {feature.name!r} returned {values.dtype} of shape {values.shape}, "
            f"needed one float64 per bar, shape ({bars.n_bars},)",
            hint=f"repair {_origin(feature)}",
        )
    is_null = ~np.isfinite(values) | _is_warming_up(feature, bars) | _is_session_start(feature, bars)
    if beside is not None:
        is_null |= ~beside.as_of.is_fresh | (beside.as_of.position < feature.context_lookback_bars - 1)
    return np.where(is_null, np.nan, values).astype(np.float64)


def _is_warming_up(feature: Feature, bars: BarArrays) -> Bools:
    return np.arange(bars.n_bars) < feature.lookback_bars - 1


def _is_session_start(feature: Feature, bars: BarArrays) -> Bools:
    if feature.crosses_sessions or feature.lookback_bars == 1:
        return np.zeros(bars.n_bars, dtype=np.bool_)
    return bars_into_session(bars) < feature.lookback_bars - 1


def _null_counts(feature: Feature, bars: BarArrays, market: Market, is_null: Bools) -> NullCounts:
    """Counts by cause; a null with several causes counts for the first that applies."""
    counts: Counter[str] = Counter()
    if not is_null.any():
        return counts
    causes: dict[str, Bools] = {}
    if feature.hours == "regular":
        causes["outside regular hours"] = ~bars.labels.is_regular
    if feature.context is not None:
        causes |= _context_causes(feature, market.beside(feature, bars.ts_us), bars.n_bars)
    causes["warm-up"] = _is_warming_up(feature, bars)
    causes["session start"] = _is_session_start(feature, bars)
    for name in feature.inputs:
        causes[f"missing {name}"] = _was_missing(getattr(bars, name), feature)
    left = is_null
    for cause, applies in causes.items():
        counts[cause] += int(np.count_nonzero(left & applies))
        left = left & ~applies
    counts[feature.null_when or "undefined"] += int(np.count_nonzero(left))
    return {cause: count for cause, count in counts.items() if count}


def _context_causes(feature: Feature, beside: Beside[Timed] | None, n_bars: int) -> dict[str, Bools]:
    """Where the context is not there, is too old, or lacks what the feature is made of."""
    if beside is None:
        return {"no context": np.ones(n_bars, dtype=np.bool_)}
    as_of = beside.as_of
    causes = {
        "no context": as_of.position < 0,
        "stale": ~as_of.is_fresh,
        "context warm-up": as_of.position < feature.context_lookback_bars - 1,
    }
    for name in feature.context_inputs:
        causes[f"context without {name}"] = ~np.isfinite(as_of.of(getattr(beside.source, name)))
    return causes


def _was_missing(values: Floats | None, feature: Feature) -> Bools:
    """True where an input is missing at the bar or, for windows, among the bars looked back on."""
    if values is None:
        return np.ones(1, dtype=np.bool_)
    missing = ~np.isfinite(values)
    if feature.memory != "window" or not missing.any():
        return missing
    seen = np.cumsum(missing)
    before = np.zeros_like(seen)
    before[feature.lookback_bars :] = seen[: -feature.lookback_bars]
    return seen > before


def _origin(feature: Feature) -> str:
    return f"{feature.function.__module__}.{feature.function.__qualname__}"
