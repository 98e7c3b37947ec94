"""From predictions to strength: filters, gates, outcomes, thresholds."""

from dataclasses import replace

import numpy as np
import pytest

from quantmill.errors import UsageError
from quantmill.simulation.market import Market
from quantmill.simulation.outliers import trailing_z_scores
from quantmill.simulation.signal import NO_FILTERS, Filters, SignalSource, prepare_stream
from quantmill.simulation.thresholds import parse_threshold, segment_thresholds
from tests.synthetic_sessions import bars_of_closes

NAN = float("nan")


def source_of(**given: list[float]) -> SignalSource:
    """Five bars of one session; what is not given does nothing."""
    market = Market.of("SPY", bars_of_closes([[10.0] * 5]))
    columns = {
        "prediction": [1.0, -2.0, NAN, 0.0, 3.0],
        "z_score": [0.0] * 5,
        "volatility_ratio": [1.0] * 5,
        "realized": [0.1, 0.1, 0.1, 0.1, NAN],
    } | given
    arrays = {name: np.array(values) for name, values in columns.items()}
    percentiles = np.array([[0.1, 0.2, 0.3, 0.4], [1.0, 2.0, 3.0, 4.0]])
    return SignalSource(
        market=market,
        **arrays,
        segment_end=np.array([2, 5]),
        auto_thresholds={False: percentiles, True: percentiles * 10},
        model_id="m-x",
        model_name="x",
    )


def test_strength_is_the_prediction_where_nothing_filters() -> None:
    stream = prepare_stream(source_of(), NO_FILTERS)

    np.testing.assert_array_equal(stream.strength, [1.0, -2.0, NAN, 0.0, 3.0])
    assert stream.counts == {
        "bars": 5,
        "predictions": 4,
        "outliers": 0,
        "outliers_not_judged": 0,
        "no_volatility": 0,
        "closed_by_gate": 0,
        "held_by_gate": 0,
        "gate_value_missing": 0,
    }


def test_outliers_hold_and_those_not_judged_pass() -> None:
    source = source_of(z_score=[3.0, -3.1, NAN, NAN, np.inf])

    stream = prepare_stream(source, Filters(z_score_check=True))

    np.testing.assert_array_equal(stream.strength, [1.0, NAN, NAN, 0.0, NAN])
    assert (stream.counts["outliers"], stream.counts["outliers_not_judged"]) == (2, 1)


def test_volatility_normalization_scales_and_holds_in_its_warm_up() -> None:
    source = source_of(volatility_ratio=[NAN, 0.5, 1.0, 1.0, 2.0])

    stream = prepare_stream(source, Filters(volatility_normalization=True))

    np.testing.assert_array_equal(stream.strength, [NAN, -1.0, NAN, 0.0, 6.0])
    assert stream.counts["no_volatility"] == 1


def test_a_hit_has_the_sign_of_the_realized_return() -> None:
    source = source_of(prediction=[1.0, -1.0, 1.0, -2.0, 1.0], realized=[0.1, 0.1, 0.0, -0.1, NAN])

    stream = prepare_stream(source, NO_FILTERS)

    np.testing.assert_array_equal(stream.counted, [1.0, 1.0, 1.0, 2.0, NAN])
    np.testing.assert_array_equal(stream.hit, [1.0, NAN, NAN, 2.0, NAN])


def test_infinite_predictions_are_no_predictions() -> None:
    stream = prepare_stream(source_of(prediction=[np.inf, -np.inf, 1.0, 1.0, 1.0]), NO_FILTERS)

    assert np.isnan(stream.strength[:2]).all()


def test_automatic_thresholds_are_those_of_each_refit() -> None:
    plain = prepare_stream(source_of(), NO_FILTERS)
    scaled = prepare_stream(source_of(), Filters(volatility_normalization=True))

    assert segment_thresholds(plain, "p80").tolist() == [0.2, 2.0]
    assert segment_thresholds(scaled, "p97").tolist() == [4.0, 40.0]
    assert segment_thresholds(plain, 0.5).tolist() == [0.5, 0.5]


def test_automatic_thresholds_need_a_model() -> None:
    stream = prepare_stream(replace(source_of(), auto_thresholds={}), NO_FILTERS)

    with pytest.raises(UsageError, match="threshold p90 needs a model"):
        segment_thresholds(stream, "p90")


@pytest.mark.parametrize("given", ["p95", "-1", -0.1, "nan", float("inf"), ""])
def test_unusable_thresholds_are_refused(given: str | float) -> None:
    with pytest.raises(UsageError, match="neither a number"):
        parse_threshold(given)


def test_thresholds_are_read_as_people_write_them() -> None:
    assert parse_threshold("p50") == "p50"
    assert parse_threshold("0.0005") == 0.0005
    assert parse_threshold(0) == 0.0


def sessions_of(values: list[list[float]]) -> tuple[np.ndarray, np.ndarray]:
    ends = np.cumsum([len(session) for session in values])
    return np.array([value for session in values for value in session]), ends


def test_z_score_sees_completed_sessions_alone() -> None:
    # Five sessions of (-1, 1): mean 0, ten values, sum of squares 10, deviation √(10/9). A session of its own follows.
    values, ends = sessions_of([[-1.0, 1.0]] * 5 + [[4.0, 100.0]])

    z = trailing_z_scores(values, ends)

    assert np.isnan(z[:10]).all()
    assert z[10:] == pytest.approx([4.0 / np.sqrt(10 / 9), 100.0 / np.sqrt(10 / 9)])


def test_z_score_looks_back_twenty_sessions_that_have_predictions() -> None:
    values, ends = sessions_of([[1000.0, -1000.0]] + [[-1.0, 1.0]] * 20 + [[NAN, NAN]] + [[4.0]])

    z = trailing_z_scores(values, ends)

    assert z[-1] == pytest.approx(4.0 / np.sqrt(40 / 39))


def test_z_score_of_constant_predictions() -> None:
    # Rounding must not turn a constant into an outlier; a prediction that leaves the constant is one.
    values, ends = sessions_of([[0.1, 0.1, 0.1]] * 6 + [[0.1, 0.2]])

    z = trailing_z_scores(values, ends)

    assert np.isnan(z[:-1]).all()
    assert z[-1] == np.inf


def test_z_score_equals_a_plain_computation() -> None:
    rng = np.random.default_rng(5)
    sessions = [list(rng.normal(1e-5, 1e-4, int(rng.integers(3, 40)))) for _ in range(40)]
    values, ends = sessions_of(sessions)

    z = trailing_z_scores(values, ends)

    for number in range(5, 40):
        past = np.concatenate(sessions[max(number - 20, 0) : number])
        expected = (np.array(sessions[number]) - past.mean()) / past.std(ddof=1)
        np.testing.assert_allclose(z[ends[number - 1] : ends[number]], expected, rtol=1e-9)
