"""Where signals come from: a registered model's walk-forward predictions, or a file, laid on bars."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from quantmill.core.arrays import Floats, Ints
from quantmill.core.bars import BarArrays, ts_of, us_of
from quantmill.core.calendar import calendar_for
from quantmill.core.digest import file_digest
from quantmill.core.instants import date_of_day, day_of_date
from quantmill.core.symbols import describe_symbol
from quantmill.datasets.targets import make_target
from quantmill.datasets.volatility_scale import volatility_ratio
from quantmill.errors import DataError, NoDataError, SimulationError
from quantmill.lake.store import Lake
from quantmill.lake.symbols import kinds_of
from quantmill.models.predictions import read_predictions
from quantmill.models.record import ModelRecord
from quantmill.models.strength_quantiles import NEUTRAL_PROBABILITY
from quantmill.providers.grades import grade_of
from quantmill.providers.protocol import Grade
from quantmill.simulation.external import read_external
from quantmill.simulation.market import Market
from quantmill.simulation.outliers import trailing_z_scores
from quantmill.simulation.signal import SignalSource

__all__ = ["ALL_SESSIONS", "Refit", "Sessions", "file_source", "lay_out", "model_source"]

_KINDS: Final = ("log_return", "direction")
_QUANTILES: Final = {False: "plain", True: "vol_normalized"}


@dataclass(frozen=True, slots=True)
class Sessions:
    """Sessions from `start` up to, not including, `end`; None leaves a side open."""

    start: date | None = None
    end: date | None = None


ALL_SESSIONS: Final = Sessions()


@dataclass(frozen=True, slots=True)
class Refit:
    """One walk-forward refit: its test sessions as days since 1970, both included, and its percentiles of |e|.

    `thresholds` maps volatility normalization off and on to p50, p80, p90, p97; NaN where a percentile is unknown.
    """

    first_session: int
    last_session: int
    thresholds: Mapping[bool, Sequence[float]]


def model_source(lake: Lake, model: ModelRecord, *, sessions: Sessions = ALL_SESSIONS) -> SignalSource:
    """A model's walk-forward predictions on its own symbol's bars.

    Bars are read forward-adjusted for splits, so a position goes through a split at adjusted prices and in
    adjusted shares. The span is that of the walk-forward test sessions, narrowed by `sessions`; what lies after
    them, the holdout, is never part of it.

    Raises:
        SimulationError: If the model predicts something that cannot be traded on yet.
        NoDataError: If no test session lies in `sessions`.
        DataError: If the model has no predictions.
    """
    if model.kind not in _KINDS or model.interval != "1m":
        raise SimulationError(
            f"model {model.id} predicts {model.kind} of {model.interval} bars, signals need {' or '.join(_KINDS)} of "
            "1m bars"
        )
    snapshot = lake.snapshot()
    predictions = read_predictions(lake, model.id)
    if predictions.height == 0:
        raise DataError(
            f"model {model.id} has no walk-forward predictions", hint="train it again with --force"
        )
    is_probability = model.kind == "direction"
    if is_probability:
        predictions = predictions.with_columns(pl.col("prediction") - NEUTRAL_PROBABILITY)
    bars = lake.read_bars(
        model.symbol, hours="extended" if model.hours == "extended" else "regular", as_of=snapshot
    )
    source = lay_out(
        model.symbol,
        _arrays(model.symbol, bars),
        predictions,
        [_refit(fold) for fold in model.folds],
        sessions=sessions,
        target=model.target,
        horizon_bars=model.horizon_bars,
    )
    if is_probability:
        # A probability does not scale with volatility: normalization leaves it as it is.
        source = replace(source, volatility_ratio=np.ones(source.market.n_bars))
    return replace(
        source,
        model_id=model.id,
        model_name=model.name,
        feature_set=model.feature_set,
        feature_version=model.feature_version,
        snapshot=snapshot,
        is_synthetic=kinds_of(bars)[model.symbol],
        grades=_grades(bars, source.market),
    )


def file_source(
    lake: Lake, path: Path, symbol: str, *, horizon_bars: int = 1, sessions: Sessions = ALL_SESSIONS
) -> SignalSource:
    """Predictions from a Parquet file on a symbol's bars, from its first to its last session with one.

    Nothing is known about what those predictions saw; runs on them are labeled so.

    Raises:
        NotFoundError: If there is no such file, or no bars of the symbol.
        DataError: If the file cannot be used, or none of its times is a regular bar.
        NoDataError: If none of its sessions lies in `sessions`.
    """
    predictions = read_external(path, symbol)
    snapshot = lake.snapshot()
    bars = lake.read_bars(symbol, as_of=snapshot)
    arrays = _arrays(symbol, bars)
    is_known = np.isin(arrays.ts_us, us_of(predictions["ts"]))
    if not is_known.any():
        raise DataError(
            f"none of the {predictions.height} times in {path} is the start of a regular bar of {symbol}",
            hint="ts must be the start of a 1-minute bar within the session",
        )
    covered = arrays.session[is_known]
    refit = Refit(int(covered[0]), int(covered[-1]), {})
    source = lay_out(symbol, arrays, predictions, [refit], sessions=sessions, horizon_bars=horizon_bars)
    return replace(
        source,
        model_name=path.name,
        predictions_sha256=file_digest(path),
        snapshot=snapshot,
        is_synthetic=kinds_of(bars)[symbol],
        grades=_grades(bars, source.market),
    )


def lay_out(
    symbol: str,
    bars: BarArrays,
    predictions: pl.DataFrame,
    refits: Sequence[Refit],
    *,
    sessions: Sessions = ALL_SESSIONS,
    target: str = "close",
    horizon_bars: int = 1,
) -> SignalSource:
    """Predictions on the bars of the refits' test sessions.

    Filters look back over the whole of `bars` and `predictions`, so narrowing `sessions` changes none of their
    values.

    Args:
        symbol: What is traded.
        bars: All its bars in time order, earlier ones included.
        predictions: Columns `ts` and `prediction`.
        refits: In time order, at least one.
        sessions: The part to simulate.
        target: Price whose return was predicted.
        horizon_bars: Over how many bars.

    Raises:
        NoDataError: If no bar is left.
    """
    past = bars[: int(np.searchsorted(bars.session, refits[-1].last_session, side="right"))]
    prediction, n_without_bar = _align(past.ts_us, predictions)
    in_test = np.zeros(past.n_bars, dtype=np.bool_)
    for refit in refits:
        in_test |= (past.session >= refit.first_session) & (past.session <= refit.last_session)
    outside = ~in_test & np.isfinite(prediction)
    prediction[outside] = np.nan
    z_score = trailing_z_scores(prediction, np.flatnonzero(past.closes_session).astype(np.int64) + 1)
    ratio = volatility_ratio(past)
    realized = make_target(past, column=target, horizon_bars=horizon_bars, kind="log_return").value
    part = _part(past.session, refits, sessions)
    if part.start >= part.stop:
        raise NoDataError(
            f"no bar of {symbol} lies in the sessions asked for",
            hint=f"signals exist from {date_of_day(refits[0].first_session)} "
            f"to {date_of_day(refits[-1].last_session)}",
        )
    market = Market.of(symbol, past[part])
    next_first = np.array([refit.first_session for refit in refits[1:]], dtype=np.int64)
    segment_end = np.append(np.searchsorted(market.session, next_first), market.n_bars).astype(np.int64)
    source = SignalSource(
        market=market,
        prediction=prediction[part].copy(),
        z_score=z_score[part].copy(),
        volatility_ratio=ratio[part].copy(),
        realized=realized[part].copy(),
        segment_end=segment_end,
        auto_thresholds=_auto_thresholds(refits),
        model_id=None,
        model_name="",
        horizon_bars=horizon_bars,
        counts={
            "predictions_without_bar": n_without_bar,
            "predictions_outside_test_sessions": int(outside.sum()),
            "predictions_not_finite": _n_not_finite(predictions),
        },
    )
    return replace(source, input_digest=_digest(source))


def _arrays(symbol: str, bars: pl.DataFrame) -> BarArrays:
    return BarArrays.of(bars, calendar_for(describe_symbol(symbol).calendar))


def _grades(bars: pl.DataFrame, market: Market) -> dict[Grade, int]:
    """How many of the simulated bars are of each grade."""
    first, last = ts_of(market.ts_us[[0, -1]])
    simulated = bars.filter(pl.col("ts").is_between(first, last))
    grades: dict[Grade, int] = {}
    for provider, feed, n_bars in (
        simulated.group_by("provider", "feed").len().sort("provider", "feed").iter_rows()
    ):
        grade = grade_of(provider, feed)
        grades[grade] = grades.get(grade, 0) + n_bars
    return grades


def _align(ts_us: Ints, predictions: pl.DataFrame) -> tuple[Floats, int]:
    """The prediction of each bar, NaN without one, and how many predictions belong to no bar."""
    aligned = np.full(ts_us.size, np.nan)
    _, bar, at = np.intersect1d(ts_us, us_of(predictions["ts"]), assume_unique=True, return_indices=True)
    aligned[bar] = predictions["prediction"].fill_null(np.nan).to_numpy()[at]
    return aligned, predictions.height - bar.size


def _n_not_finite(predictions: pl.DataFrame) -> int:
    return int((~np.isfinite(predictions["prediction"].fill_null(np.nan).to_numpy())).sum())


def _part(session: Ints, refits: Sequence[Refit], sessions: Sessions) -> slice:
    first = refits[0].first_session
    end = refits[-1].last_session + 1
    if sessions.start is not None:
        first = max(first, day_of_date(sessions.start))
    if sessions.end is not None:
        end = min(end, day_of_date(sessions.end))
    bounds = np.searchsorted(session, [first, end])
    return slice(int(bounds[0]), int(bounds[1]))


def _refit(fold: Mapping[str, Any]) -> Refit:
    quantiles: Mapping[str, Sequence[float] | None] = fold["abs_e_quantiles"]
    return Refit(
        day_of_date(_date(fold["test_first"])),
        day_of_date(_date(fold["test_last"])),
        {is_on: quantiles[name] or [float("nan")] * 4 for is_on, name in _QUANTILES.items()},
    )


def _date(value: str | date) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


def _auto_thresholds(refits: Sequence[Refit]) -> dict[bool, Floats]:
    known = [is_on for is_on in _QUANTILES if all(is_on in refit.thresholds for refit in refits)]
    return {
        is_on: np.array([refit.thresholds[is_on] for refit in refits], dtype=np.float64) for is_on in known
    }


def _digest(source: SignalSource) -> str:
    """Digest by value: the same bars and predictions give the same runs, however files were written."""
    market = source.market
    hasher = hashlib.sha256()
    prices = (market.open, market.high, market.low, market.close, market.vwap)
    arrays = (market.ts_us, *prices, market.volume, market.session)
    signals = (
        source.prediction,
        source.z_score,
        source.volatility_ratio,
        source.realized,
        source.segment_end,
    )
    for array in (*arrays, *signals, *source.auto_thresholds.values()):
        hasher.update(np.ascontiguousarray(array + 0).tobytes())
    return hasher.hexdigest()
