"""The mixture: its states, their order, the schedule of its fits, and that equal windows give equal bits."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from quantmill.core.arrays import Floats
from quantmill.core.instants import date_of_day, day_of_date
from quantmill.features.context.volatility import VolatilitySource, realized_volatility
from quantmill.features.regimes.conditions import (
    VOLATILITY_COLUMN,
    fit_rows,
    market_conditions,
    usual_volume,
)
from quantmill.features.regimes.definition import REGIMES, RegimeDefinition
from quantmill.features.regimes.fits import KeptFits
from quantmill.features.regimes.fitting import fitter
from quantmill.features.regimes.labels import compute_regimes
from quantmill.features.regimes.mixture import Mixture, label_rows, window_digest
from quantmill.features.regimes.walk_forward import first_sessions_of_months
from quantmill.features.sample import sample_market
from tests.unit.features.market import minute_bars

# Small enough for tests: the first fit after three sessions, of ten-minute rows.
QUICK = RegimeDefinition(
    trend_sessions=3,
    window_bars=30,
    volume_sessions=3,
    min_volume_sessions=1,
    fit_minutes=10,
    fit_sessions=6,
    min_fit_sessions=3,
    min_fit_rows=50,
    n_starts=1,
)


def two_markets(seed: int = 0, n_rows: int = 400) -> tuple[Floats, Floats]:
    """Rows of a calm market, then of one four times as volatile with twice the volume; and which is which."""
    rng = np.random.default_rng(seed)
    calm = rng.normal([0.0, -8.0, 0.0, 0.0], [1.0, 0.1, 1.0, 0.1], (n_rows, 4))
    wild = rng.normal([-1.0, -6.6, 3.0, 0.7], [2.0, 0.1, 2.0, 0.1], (n_rows // 4, 4))
    return np.vstack((wild, calm)), np.repeat([1.0, 0.0], [len(wild), len(calm)])


def test_two_markets_are_told_apart_and_ordered_by_volatility() -> None:
    rows, truth = two_markets()

    mixture = fitter(REGIMES)(rows, 2)

    np.testing.assert_array_equal(label_rows(mixture, rows), truth)
    assert mixture.has_converged
    four = fitter(REGIMES)(rows, 4)
    assert (np.diff(four.means[:, VOLATILITY_COLUMN]) > 0).all()


def test_states_are_those_of_the_learning_library() -> None:
    rows, _ = two_markets(seed=1)
    mixture = fitter(REGIMES)(rows, 4)
    library = GaussianMixture(4)
    library.weights_, library.means_ = mixture.weights, mixture.means
    library.precisions_cholesky_ = mixture.precisions

    expected = library.predict((rows - mixture.center) / mixture.scale)

    np.testing.assert_array_equal(label_rows(mixture, rows), expected)


def test_a_row_with_a_missing_condition_has_no_state() -> None:
    rows, _ = two_markets()
    mixture = fitter(REGIMES)(rows, 2)
    rows[3, 2] = np.nan

    labels = label_rows(mixture, rows)

    assert np.flatnonzero(np.isnan(labels)).tolist() == [3]


def test_a_row_is_labeled_alike_whatever_stands_beside_it() -> None:
    rows, _ = two_markets()
    mixture = fitter(REGIMES)(rows, 4)

    whole = label_rows(mixture, rows)

    for cut in (1, 7, 100):
        np.testing.assert_array_equal(label_rows(mixture, rows[:cut]), whole[:cut])


def test_equal_rows_give_equal_bits_and_survive_json() -> None:
    rows, _ = two_markets()

    first, second = (fitter(REGIMES)(rows, 4).as_json() for _ in range(2))

    assert first == second
    assert Mixture.from_json(first).as_json() == first


def test_a_condition_that_never_changes_does_no_harm() -> None:
    rows, truth = two_markets()
    rows[:, 3] = 0.5

    np.testing.assert_array_equal(label_rows(fitter(REGIMES)(rows, 2), rows), truth)


def test_a_window_is_fitted_once() -> None:
    rows, _ = two_markets()
    first = KeptFits()

    mixture = first(rows, 2)

    assert first(rows, 2) is mixture
    assert list(first.new) == [window_digest(rows, 2, REGIMES)]
    later = KeptFits(first.new)
    assert later(rows, 2) is mixture
    assert later.new == {}
    assert window_digest(rows, 4, REGIMES) != window_digest(rows, 2, REGIMES)
    assert window_digest(rows[1:], 2, REGIMES) != window_digest(rows, 2, REGIMES)


def test_fits_wait_for_the_first_session_of_a_month_with_enough_before_it() -> None:
    # Sessions from 2023-11-01: November has 21, December 20, so the first fit with 3 before it is of December.
    bars = minute_bars(n_sessions=45)[::5]
    regimes = compute_regimes(
        bars, VolatilitySource(bars), find_mixture=KeptFits(definition=QUICK), definition=QUICK
    )

    found = [
        (date_of_day(refit.session), refit.n_sessions) for refit in regimes.refits if refit.n_states == 2
    ]

    assert found == [(date(2023, 12, 1), 6), (date(2024, 1, 2), 6)]
    is_early = bars.session < day_of_date(date(2023, 12, 1))
    assert np.isnan(regimes.columns["regime_gmm"][is_early]).all()
    assert np.isfinite(regimes.columns["regime_gmm"][~is_early]).all()
    stability = regimes.columns["regime_gmm_stability"]
    assert np.isnan(stability[bars.session < day_of_date(date(2024, 1, 2))]).all()
    assert (stability[-1] >= 0) & (stability[-1] <= 1)


def test_months_begin_with_their_first_session() -> None:
    days = np.array(
        [day_of_date(date(2024, *day)) for day in ((1, 30), (1, 31), (2, 2), (2, 5), (4, 1))], dtype=np.int64
    )

    assert first_sessions_of_months(days) == [0, 2, 4]


def test_a_fit_sees_the_last_bar_of_each_bucket() -> None:
    bars = minute_bars(n_sessions=2)
    holed = bars[bars.minute != 14]

    assert bars.minute[fit_rows(bars, REGIMES)][:3].tolist() == [14, 29, 44]
    assert holed.minute[fit_rows(holed, REGIMES)][:3].tolist() == [13, 29, 44]
    assert fit_rows(bars, REGIMES).size == 52


def test_usual_volume_is_that_of_the_same_minute_in_earlier_sessions() -> None:
    whole = minute_bars(n_sessions=8)
    bars = replace(whole, volume=whole.minute + 1000.0 * (whole.session - whole.session[0]))

    usual = usual_volume(bars, RegimeDefinition(volume_sessions=2, min_volume_sessions=2))

    days = np.unique(bars.session - bars.session[0])
    assert np.isnan(usual[:780]).all()
    assert usual[780] == 1000.0 * days[:2].mean()
    assert usual[7 * 390 + 5] == 5.0 + 1000.0 * days[5:7].mean()


def test_conditions_are_those_of_the_last_hour() -> None:
    bars = minute_bars(n_sessions=8, volume=500.0)
    source = replace(bars, close=np.exp(np.arange(bars.n_bars) / 1e4))

    rows = market_conditions(bars, VolatilitySource(source), REGIMES)

    last = bars.n_bars - 1
    expected = [
        np.log(bars.close[last] / bars.close[last - 60]),
        np.log(realized_volatility(bars)[last]),
        60 / 1e4,
        0.0,
    ]
    assert rows[last] == pytest.approx(expected, abs=1e-12)


def test_regimes_of_the_sample_are_all_there() -> None:
    regimes = sample_market().regimes
    assert regimes is not None

    for name, n_states in (("regime_vix", 4), ("regime_gmm", 4), ("regime_gmm_2", 2)):
        labels = regimes.columns[name]
        assert set(labels[np.isfinite(labels)]) <= set(range(n_states))
        assert np.isfinite(labels).any()
