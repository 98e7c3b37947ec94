"""From predictions to signal strength: volatility normalization, outlier filter, gates."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

import numpy as np

from quantmill.core.arrays import Floats, Ints
from quantmill.core.compiled import compiled
from quantmill.core.instants import date_of_day
from quantmill.errors import NoDataError
from quantmill.features.regimes.definition import REGIMES
from quantmill.providers.protocol import Grade
from quantmill.simulation.gates import NO_GATES, GateColumn, Gates
from quantmill.simulation.market import Market
from quantmill.simulation.outliers import MAX_ABS_Z

__all__ = ["NO_FILTERS", "Filters", "SignalSource", "Stream", "check_gates", "gated", "prepare_stream"]


@dataclass(frozen=True, slots=True)
class Filters:
    """Which filters act on a signal; the names of the first two are those of the leaderboard's columns."""

    z_score_check: bool = False
    volatility_normalization: bool = False
    gates: Gates = NO_GATES


NO_FILTERS: Final = Filters()


@dataclass(frozen=True, slots=True, eq=False)
class SignalSource:
    """Predictions laid on the bars that are simulated, before any filter; arrays of shape (n_bars,).

    Attributes:
        market: The bars: those of the walk-forward test sessions.
        prediction: Expected log return over the horizon, or a classifier's probability of a rise less 0.5; known at
            the bar's close, NaN where there is none.
        z_score: Of each prediction against the sessions before its own, NaN where it cannot be judged.
        volatility_ratio: Usual over present volatility, NaN in its warm-up; 1 throughout for a classifier.
        realized: Log return that followed over the horizon, NaN where it is unknown; only hits look at it.
        segment_end: Exclusive last bar of each refit's bars, shape (n_segments,), the last n_bars.
        auto_thresholds: Percentiles of |e| in each refit's training part, shape (n_segments, 4), by whether
            volatility normalization is on; empty for external predictions.
        model_id: The model, None for external predictions.
        model_name: Its name, or the file's.
        predictions_sha256: Of the external file's bytes.
        feature_set: What the model was trained on; for external predictions what the gates read.
        feature_version: Likewise.
        horizon_bars: How far ahead the predictions look.
        snapshot: Snapshot of the lake that was read.
        input_digest: Digest of the bars and predictions that enter.
        is_synthetic: Whether the bars are simulated.
        grades: Bars by the grade of their provider and feed.
        counts: What was left out and why.
        gate_columns: What gates look at, by column; see `with_gate_columns`.
    """

    market: Market
    prediction: Floats
    z_score: Floats
    volatility_ratio: Floats
    realized: Floats
    segment_end: Ints
    auto_thresholds: Mapping[bool, Floats]
    model_id: str | None
    model_name: str
    horizon_bars: int = 1
    predictions_sha256: str | None = None
    feature_set: str | None = None
    feature_version: str | None = None
    snapshot: int = 0
    input_digest: str = ""
    is_synthetic: bool = False
    grades: Mapping[Grade, int] = field(default_factory=dict[Grade, int])
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    gate_columns: Mapping[str, GateColumn] = field(default_factory=dict[str, GateColumn])

    @property
    def is_external(self) -> bool:
        """Whether the predictions come from a file instead of a registered model."""
        return self.model_id is None


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """A signal ready for the kernel, shared by every trial of the same source and filters.

    `strength` is e per bar (NaN holds, -inf closes); `counted` is |e| on bars that a hit rate can count, `hit`
    where the sign was right besides, NaN elsewhere; `auto_thresholds` has shape (n_segments, 4), `counts` says how many bars each filter took.
    """

    source: SignalSource
    filters: Filters
    strength: Floats
    counted: Floats
    hit: Floats
    segment_end: Ints
    auto_thresholds: Floats | None
    counts: Mapping[str, int]


def prepare_stream(source: SignalSource, filters: Filters) -> Stream:
    """Apply the filters once for all trials that share them.

    Strength e is the expected log return; with volatility normalization it is multiplied by usual over
    present volatility. NaN, which holds the position: no prediction, an outlier (|z| above 3, see
    `trailing_z_scores`), or no volatility known while it is asked for. A prediction that cannot be judged, because
    too few sessions of predictions have passed, is no outlier: it passes and is counted. Gates come last, see
    `gated`.

    Args:
        source: Predictions on bars, with the columns that the gates look at.
        filters: What is on.

    Raises:
        NoDataError: If a gate looks at a column without any value on these bars.

    Source:
        Contracts 20 and 22.
    """
    n_bars = source.market.n_bars
    strength, counted, hit = np.empty(n_bars), np.empty(n_bars), np.empty(n_bars)
    tally = _fill_stream(
        source.prediction,
        source.z_score,
        source.volatility_ratio,
        source.realized,
        filters.z_score_check,
        filters.volatility_normalization,
        strength,
        counted,
        hit,
    )
    stream = Stream(
        source,
        replace(filters, gates=NO_GATES),
        strength,
        counted,
        hit,
        source.segment_end,
        source.auto_thresholds.get(filters.volatility_normalization),
        {
            **source.counts,
            **tally._asdict(),
            "closed_by_gate": 0,
            "held_by_gate": 0,
            "gate_value_missing": 0,
        },
    )
    return gated(stream, filters.gates)


def gated(stream: Stream, gates: Gates) -> Stream:
    """A stream without gates with these gates applied; the stream itself when there are none.

    Strength is -inf, which closes the position, outside a regime gate or a feature gate that closes; NaN, which
    holds it, outside a feature gate that vetoes. Neither counts for a hit rate.

    Raises:
        NoDataError: If a gate looks at a column without any value on these bars.
    """
    if not gates:
        return stream
    check_gates(stream.source, gates)
    n_bars = stream.strength.size
    closes, holds, is_missing = (np.zeros(n_bars, dtype=np.bool_) for _ in range(3))
    for gate in (*gates.regimes, *gates.features):
        values = stream.source.gate_columns[gate.column].values
        missing = np.isnan(values)
        is_missing |= missing
        side = closes if gate.closes else holds
        side |= ~gate.contains(values)
    outside = closes | holds
    strength = np.where(closes, -np.inf, np.where(holds, np.nan, stream.strength))
    counts = {
        "closed_by_gate": int(closes.sum()),
        "held_by_gate": int((holds & ~closes).sum()),
        "gate_value_missing": int(is_missing.sum()),
    }
    return replace(
        stream,
        filters=replace(stream.filters, gates=gates),
        strength=strength,
        counted=np.where(outside, np.nan, stream.counted),
        hit=np.where(outside, np.nan, stream.hit),
        counts={**stream.counts, **counts},
    )


def check_gates(source: SignalSource, gates: Gates) -> None:
    """Refuse gates that look at a column without any value: no bar would lie inside.

    Raises:
        NoDataError: If there is one; the message tells what the column needs.
    """
    for column in gates.columns:
        if np.isnan(source.gate_columns[column].values).all():
            raise _no_values(source.market, column)


def _no_values(market: Market, column: str) -> NoDataError:
    needs = {
        "regime_vix": f"it needs {REGIMES.trend_sessions} completed sessions of QQQ and of the volatility source",
        "regime_gmm": f"it needs {REGIMES.min_fit_sessions} sessions of QQQ before the month of its first fit",
        "regime_sma": "it needs 200 bars",
    }
    needs["regime_gmm_2"] = needs["regime_gmm"]
    sessions = f"{date_of_day(int(market.session[0]))} to {date_of_day(int(market.session[-1]))}"
    kind = "regime" if column in needs else "feature"
    name = column.removeprefix("regime_") if column in needs else column
    why = f": {needs[column]}" if column in needs else ""
    return NoDataError(
        f"{kind} {name} has no values on the sessions of {market.symbol} from {sessions}{why}",
        hint="import or ingest what is missing, then `quantmill features build`"
        if why
        else "`quantmill features show` tells where values begin",
    )


class _Tally(NamedTuple):
    """Bars by what became of their prediction; a bar is counted under the first filter that takes it."""

    bars: int
    predictions: int
    outliers: int
    outliers_not_judged: int
    no_volatility: int


@compiled
def _fill_stream(
    prediction: Floats,
    z_score: Floats,
    volatility_ratio: Floats,
    realized: Floats,
    z_score_check: bool,
    volatility_normalization: bool,
    strength_out: Floats,
    counted_out: Floats,
    hit_out: Floats,
) -> _Tally:
    n_predictions = 0
    n_outliers = 0
    n_not_judged = 0
    n_no_volatility = 0
    for bar in range(prediction.size):
        e = prediction[bar]
        if math.isfinite(e):
            n_predictions += 1
            if z_score_check:
                z = z_score[bar]
                if math.isnan(z):
                    n_not_judged += 1
                elif abs(z) > MAX_ABS_Z:
                    n_outliers += 1
                    e = math.nan
            if volatility_normalization and not math.isnan(e):
                e *= volatility_ratio[bar]
                n_no_volatility += math.isnan(e)
        else:
            e = math.nan
        came = realized[bar]
        is_counted = math.isfinite(e) and not math.isnan(came)
        is_right = (e > 0.0 and came > 0.0) or (e < 0.0 and came < 0.0) or (e == 0.0 and came == 0.0)
        strength_out[bar] = e
        counted_out[bar] = abs(e) if is_counted else math.nan
        hit_out[bar] = abs(e) if is_counted and is_right else math.nan
    return _Tally(prediction.size, n_predictions, n_outliers, n_not_judged, n_no_volatility)
