"""Loops over arrays: hand numbers, missing values, spikes, and the same code run by Python."""

import math
from typing import Any

import numpy as np
import pytest

from quantmill.core.compiled import Kernel
from quantmill.features.primitives import changes, sessions, smoothing, windows
from quantmill.features.primitives.changes import bars_into_session, lagged, log_ratio, ratio, true_range
from quantmill.features.primitives.sessions import session_total
from quantmill.features.primitives.smoothing import exponential_mean, wilder_mean
from quantmill.features.primitives.windows import (
    rolling_highest,
    rolling_lowest,
    rolling_mean,
    rolling_moments,
    rolling_sum,
)
from quantmill.features.sample import sample_bars
from tests.unit.features.market import minute_bars

NAN = math.nan


def first_only(n_bars: int) -> np.ndarray:
    opens = np.zeros(n_bars, dtype=np.bool_)
    opens[:1] = True
    return opens


def test_rolling_sum_by_hand() -> None:
    values = np.array([1.0, 2.0, 4.0, 8.0])

    result = rolling_sum(values, first_only(4), window=3)

    np.testing.assert_array_equal(result, [NAN, NAN, 7.0, 14.0])


def test_a_missing_value_silences_its_windows_and_no_others() -> None:
    values = np.array([1.0, NAN, 3.0, 4.0, np.inf, 6.0, 7.0])

    result = rolling_sum(values, first_only(7), window=2)

    np.testing.assert_array_equal(result, [NAN, NAN, NAN, 7.0, NAN, NAN, 13.0])


def test_least_lets_a_window_do_with_fewer_values() -> None:
    values = np.array([1.0, NAN, 5.0, NAN, NAN])

    result = rolling_mean(values, first_only(5), window=3, least=1)

    # 1 and 5 are left of the third window, 5 alone of the fourth and fifth.
    np.testing.assert_array_equal(result, [NAN, NAN, 3.0, 5.0, 5.0])


def test_a_spike_leaves_no_error_in_a_sum() -> None:
    # Summed in double precision, 1e15 takes the digits after the first with it.
    values = np.array([0.1, 0.2, 1e15, 0.3, 0.4, 0.5])

    result = rolling_sum(values, first_only(6), window=2)

    assert result[4] == 0.3 + 0.4
    assert result[5] == pytest.approx(0.9, abs=1e-15)


def test_sums_are_taken_afresh_at_each_session() -> None:
    values = np.random.default_rng(0).lognormal(0.0, 3.0, 900)
    opens = np.zeros(900, dtype=np.bool_)
    opens[[0, 300, 600]] = True

    whole = rolling_sum(values, opens, window=50)
    later = rolling_sum(values[300:], opens[300:], window=50)

    np.testing.assert_array_equal(whole[600:], later[300:])


def test_moments_by_hand() -> None:
    # 2, 4, 6: mean 4, squared deviations 4 + 0 + 4.
    mean, population = rolling_moments(np.array([2.0, 4.0, 6.0]), window=3)
    _, sample = rolling_moments(np.array([2.0, 4.0, 6.0]), window=3, ddof=1)

    assert mean[2] == 4.0
    assert population[2] == pytest.approx(math.sqrt(8 / 3))
    assert sample[2] == 2.0


def test_equal_values_have_no_deviation_at_all() -> None:
    # The mean of twenty times 0.1, summed in double precision, is not 0.1.
    mean, deviation = rolling_moments(np.full(20, 0.1), window=20)

    assert (mean[19], deviation[19]) == (0.1, 0.0)


def test_moments_survive_a_spike_and_a_gap() -> None:
    values = np.random.default_rng(1).normal(0.0, 1.0, 100)
    values[40], values[60] = 1e15, NAN

    _, deviation = rolling_moments(values, window=20)

    assert np.isnan(deviation[60:80]).all()
    assert deviation[59 + 1 - 20 + 40] == pytest.approx(np.std(values[61:81]), rel=1e-14)


def test_extremes_by_hand() -> None:
    values = np.array([3.0, 1.0, 2.0, NAN, 5.0, 4.0])

    np.testing.assert_array_equal(rolling_highest(values, window=2), [NAN, 3.0, 2.0, NAN, NAN, 5.0])
    np.testing.assert_array_equal(rolling_lowest(values, window=2), [NAN, 1.0, 1.0, NAN, NAN, 4.0])


def test_exponential_mean_by_hand() -> None:
    # Seed (1 + 2 + 3) / 3 = 2; weight 2/4: 2 + (6 - 2)/2 = 4; 4 + (4 - 4)/2 = 4.
    result = exponential_mean(np.array([1.0, 2.0, 3.0, 6.0, 4.0]), window=3)

    np.testing.assert_array_equal(result, [NAN, NAN, 2.0, 4.0, 4.0])


def test_wilder_mean_by_hand() -> None:
    # Seed (1 + 2) / 2 = 1.5; then 1.5 + (4.5 - 1.5)/2 = 3.
    np.testing.assert_array_equal(wilder_mean(np.array([NAN, 1.0, 2.0, 4.5]), window=2), [NAN, NAN, 1.5, 3.0])


def test_an_exponential_mean_keeps_its_memory_over_a_gap() -> None:
    result = exponential_mean(np.array([2.0, 2.0, NAN, 4.0]), window=2)

    assert np.isnan(result[2])
    assert result[3] == pytest.approx(2.0 + 2.0 / 3.0 * 2.0)


def test_lag_and_ratios_by_hand() -> None:
    values = np.array([1.0, 2.0, 0.0, -4.0])

    np.testing.assert_array_equal(lagged(values, 2), [NAN, NAN, 1.0, 2.0])
    np.testing.assert_array_equal(lagged(values, 9), [NAN] * 4)
    np.testing.assert_array_equal(ratio(np.ones(4), values), [1.0, 0.5, NAN, -0.25])
    np.testing.assert_array_equal(log_ratio(np.ones(4), values), [0.0, math.log(0.5), NAN, NAN])


def test_true_range_reaches_to_the_close_before() -> None:
    # Second bar 10-11 after a close of 13: reach 13 - 10.
    bars = minute_bars(close=[13.0, 10.5], high=[13.5, 11.0], low=[12.0, 10.0])

    np.testing.assert_array_equal(true_range(bars), [NAN, 3.0])


def test_session_totals_start_at_zero_and_skip_what_is_missing() -> None:
    opens = np.array([True, False, False, True, False])

    totals = session_total(np.array([1.0, NAN, 2.0, 5.0, 1.0]), opens)

    np.testing.assert_array_equal(totals, [1.0, 1.0, 3.0, 5.0, 6.0])


def test_bars_into_session_counts_bars_not_minutes() -> None:
    bars = sample_bars()

    position = bars_into_session(bars)

    assert (position[bars.opens_session] == 0).all()
    assert position.max() < 390
    assert (position <= bars.minute).all()


def test_windows_and_lags_refuse_what_cannot_be() -> None:
    with pytest.raises(ValueError, match="at least 1 bar, got 0"):
        rolling_sum(np.ones(3), first_only(3), window=0)
    with pytest.raises(ValueError, match="at least 1 bar, got -1"):
        lagged(np.ones(3), -1)


def test_no_bars_give_no_values() -> None:
    empty, none = np.empty(0), np.empty(0, dtype=np.bool_)

    assert rolling_sum(empty, none, window=5).size == 0
    assert rolling_moments(empty, window=5)[0].size == 0
    assert exponential_mean(empty, window=5).size == 0
    assert lagged(empty, 1).size == 0
    assert session_total(empty, none).size == 0


BARS = sample_bars()
KERNELS: list[tuple[str, Kernel[..., Any], tuple[Any, ...]]] = [
    ("sum", windows._sum_kernel, (BARS.volume, BARS.opens_session, 20, 10)),
    ("moments", windows._moments_kernel, (BARS.volume, 20, 10, 1)),
    ("highest", windows._highest_kernel, (BARS.volume, 14)),
    ("exponential", smoothing._exponential_kernel, (BARS.volume, 14, 1 / 14, 3)),
    ("log_ratio", changes._log_ratio_kernel, (BARS.volume, BARS.close)),
    ("session_total", sessions._session_total_kernel, (BARS.volume, BARS.opens_session)),
]


@pytest.mark.parametrize(
    ("kernel", "arguments"), [case[1:] for case in KERNELS], ids=[case[0] for case in KERNELS]
)
def test_compiled_and_interpreted_kernels_agree_to_the_last_bit(
    kernel: Kernel[..., Any], arguments: tuple[Any, ...]
) -> None:
    with np.errstate(all="ignore"):
        interpreted = kernel.py_func(*arguments)

    np.testing.assert_array_equal(np.array(kernel(*arguments)), np.array(interpreted))
