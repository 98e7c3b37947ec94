from statistics import median, stdev

import numpy as np
import pytest

from quantmill.datasets.volatility_scale import trailing_session_median, volatility_60, volatility_ratio
from tests.synthetic_sessions import bars_of_closes, random_bars


def test_volatility_leaves_out_the_overnight_move() -> None:
    # 40 bars alternating 100 and 101, then 40 that alternate 200 and 202: each 1-bar return is ±ln 1.01,
    # the doubling overnight is none. At the last bar the window holds 20 returns of the first session's
    # last 20 bars and 39 of the second session.
    first, second = [100.0, 101.0] * 20, [200.0, 202.0] * 20
    bars = bars_of_closes([first, second])

    volatility = volatility_60(bars)

    move = float(np.log(1.01))
    expected = stdev([-move, move] * 10 + [move if k % 2 == 0 else -move for k in range(39)])
    assert np.isnan(volatility[:59]).all()
    assert volatility[-1] == pytest.approx(expected, rel=1e-12)


def test_median_is_over_the_bars_of_the_sessions_before() -> None:
    session = np.array([5, 5, 6, 9, 9, 9, 10])
    values = np.array([1.0, np.nan, 3.0, 100.0, 7.0, 8.0, 2.0])

    result = trailing_session_median(values, session, n_sessions=2)

    # Session 9 looks at {1, 3}, session 10 at {3, 100, 7, 8}.
    np.testing.assert_array_equal(result, [np.nan, np.nan, np.nan, 2.0, 2.0, 2.0, 7.5])


def test_ratio_is_usual_over_present_volatility() -> None:
    bars = random_bars(3, n_sessions=22, bars_per_session=70)
    volatility = volatility_60(bars)
    starts = [*np.flatnonzero(np.diff(bars.session, prepend=-1)).tolist(), bars.n_bars]

    ratio = volatility_ratio(bars)

    earlier = volatility[starts[1] : starts[21]]
    usual = median(earlier[~np.isnan(earlier)].tolist())
    assert np.isnan(ratio[: starts[20]]).all()
    assert ratio[starts[21] + 5] == pytest.approx(usual / volatility[starts[21] + 5], rel=1e-12)


def test_prices_that_stand_still_give_no_ratio() -> None:
    moving = random_bars(1, n_sessions=21, bars_per_session=70)
    sessions = [moving.close[moving.session == day].tolist() for day in np.unique(moving.session)]
    bars = bars_of_closes([*sessions, [100.0] * 70])

    ratio = volatility_ratio(bars)

    assert np.isfinite(ratio[-100])
    assert np.isnan(ratio[-1])


def test_compiled_loop_equals_plain_python() -> None:
    from quantmill.datasets import volatility_scale

    values = np.random.default_rng(0).standard_normal(80)
    values[[3, 40, 41]] = np.nan
    kernel = volatility_scale._windowed_deviation

    np.testing.assert_array_equal(kernel(values, 20, 10), kernel.py_func(values, 20, 10))
