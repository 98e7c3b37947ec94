"""Hits bar by bar, against hand calculation and the metric."""

import numpy as np
import pytest

from quantmill.simulation.hits import hit_column
from quantmill.simulation.market import Market
from quantmill.simulation.measure import measure_hits
from quantmill.simulation.signal import NO_FILTERS, SignalSource, Stream, prepare_stream
from quantmill.simulation.thresholds import segment_thresholds
from tests.synthetic_sessions import bars_of_closes

NAN = float("nan")


def stream_of(prediction: list[float], realized: list[float]) -> Stream:
    """Bars of one session in two refits, the second from bar 3 on; their percentile p50 is 1, then 2."""
    n_bars = len(prediction)
    source = SignalSource(
        market=Market.of("SPY", bars_of_closes([[10.0] * n_bars])),
        prediction=np.array(prediction),
        z_score=np.zeros(n_bars),
        volatility_ratio=np.ones(n_bars),
        realized=np.array(realized),
        segment_end=np.array([3, n_bars]),
        auto_thresholds={False: np.array([[1.0, 9.0, 9.0, 9.0], [2.0, 9.0, 9.0, 9.0]])},
        model_id="m-x",
        model_name="x",
    )
    return prepare_stream(source, NO_FILTERS)


def test_a_bar_counts_when_its_strength_is_above_the_threshold_of_its_refit() -> None:
    stream = stream_of([1.5, -1.5, 1.0, 1.5, -3.0, 3.0, NAN], [0.1, 0.1, 0.1, 0.1, -0.1, NAN, 0.1])

    # Above 1: bars 0 (right) and 1 (wrong). Above 2: bar 4 (right); bar 5 has no realized return, bar 6 no prediction.
    assert hit_column(stream, "p50").to_list() == [True, False, None, None, True, None, None]


def test_a_return_of_zero_is_a_miss() -> None:
    assert hit_column(stream_of([3.0] * 4, [0.0] * 4), 1.0).to_list() == [False] * 4


@pytest.mark.parametrize("threshold", [0.0, 0.7, "p50"])
def test_the_column_adds_up_to_the_metric(threshold: float | str) -> None:
    rng = np.random.default_rng(5)
    stream = stream_of(rng.normal(0, 1.5, 300).tolist(), rng.normal(0, 1, 300).tolist())

    column = hit_column(stream, threshold)

    figures = measure_hits(
        stream.counted, stream.hit, stream.segment_end, segment_thresholds(stream, threshold)
    )
    assert column.count() == figures.n_hit_bars > 30
    assert column.mean() == pytest.approx(figures.hit_rate_frac)
