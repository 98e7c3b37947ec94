import numpy as np
import pytest

from quantmill.datasets.targets import make_target
from quantmill.errors import UsageError
from tests.synthetic_sessions import bars_of_closes


def test_log_return_over_two_bars_ends_with_the_session() -> None:
    # Worked by hand: ln(4/1), ln(8/2); the last two bars of each session look into the next one.
    bars = bars_of_closes([[1.0, 2.0, 4.0, 8.0], [10.0, 20.0, 40.0]])

    target = make_target(bars, column="close", horizon_bars=2, kind="log_return")

    nan = np.nan
    expected = [np.log(4.0), np.log(4.0), nan, nan, np.log(4.0), nan, nan]
    np.testing.assert_allclose(target.value, expected, rtol=1e-15)
    assert target.has_label.tolist() == [True, True, False, False, True, False, False]
    assert target.label_bar.tolist() == [2, 3, 4, 5, 6, 7, 8]
    assert target.base_price.tolist() == bars.close.tolist()
    assert target.missing == {"horizon_outside_session": 4, "price_not_positive": 0}


def test_a_minute_that_did_not_trade_is_no_bar() -> None:
    whole = bars_of_closes([[1.0, 2.0, 4.0]])
    with_hole = type(whole)(
        whole.ts_us[[0, 2]],
        *(values[[0, 2]] for values in (whole.open, whole.high, whole.low, whole.close, whole.volume)),
        labels=bars_of_closes([[1.0, 4.0]]).labels,
    )

    target = make_target(with_hole, column="close", horizon_bars=1, kind="log_return")

    assert target.value[0] == pytest.approx(np.log(4.0))


def test_a_price_that_is_not_positive_gives_no_log_return() -> None:
    bars = bars_of_closes([[1.0, -1.0, 2.0, 0.0, 3.0]])

    target = make_target(bars, column="close", horizon_bars=1, kind="log_return")

    assert target.has_label.tolist() == [False] * 5
    assert target.missing == {"horizon_outside_session": 1, "price_not_positive": 4}


def test_a_horizon_beyond_all_bars_gives_no_label() -> None:
    target = make_target(bars_of_closes([[1.0, 2.0]]), column="close", horizon_bars=5, kind="log_return")

    assert not target.has_label.any()


def test_unknown_kind_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown target kind 'raw_price'"):
        make_target(bars_of_closes([[1.0]]), column="close", horizon_bars=1, kind="raw_price")  # pyright: ignore[reportArgumentType] - the point


def test_direction_is_1_for_a_rise_and_0_otherwise() -> None:
    # 100 → 101 rises, 101 → 101 stays, 101 → 99 falls; the last bar has no future in its session.
    bars = bars_of_closes([[100.0, 101.0, 101.0, 99.0]])

    target = make_target(bars, column="close", horizon_bars=1, kind="direction")

    np.testing.assert_array_equal(target.value, [1.0, 0.0, 0.0, np.nan])
