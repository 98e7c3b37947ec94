import numpy as np

from quantmill.models.strength_quantiles import strength_quantiles


def test_percentiles_are_strengths_that_occurred() -> None:
    # |e| is 1 … 100 in mixed order and sign: half the rows are at or below 50, and so on.
    e = np.random.default_rng(0).permutation(np.arange(1.0, 101.0)) * np.where(np.arange(100) % 2, 1.0, -1.0)

    result = strength_quantiles(e, np.full(100, 2.0))

    assert result == {"plain": [50.0, 80.0, 90.0, 97.0], "vol_normalized": [100.0, 160.0, 180.0, 194.0]}


def test_rows_without_a_ratio_are_left_out() -> None:
    result = strength_quantiles(np.array([1.0, 2.0, 3.0]), np.array([np.nan, 1.0, np.nan]))

    assert result["vol_normalized"] == [2.0] * 4


def test_no_ratio_at_all_gives_none() -> None:
    assert strength_quantiles(np.ones(3), np.full(3, np.nan))["vol_normalized"] is None


def test_threshold_of_a_constant_prediction_is_that_prediction() -> None:
    # Interpolation gives 0.1 a neighbour below: then `e > threshold` would be true on every bar.
    assert strength_quantiles(np.full(7, 0.1), np.ones(7))["plain"] == [0.1] * 4
