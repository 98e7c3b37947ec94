"""Every registered feature against its slow oracle, and hand-worked numbers."""

import numpy as np
import pytest

from quantmill.core.bars import BarArrays
from quantmill.features.compute import compute_feature
from quantmill.features.declaration import Feature
from quantmill.features.market import Market
from quantmill.features.registry import FEATURES
from quantmill.features.sample import sample_bars, sample_market
from tests.unit.features.market import minute_bars
from tests.unit.features.slow_context_oracles import slow_context_oracles
from tests.unit.features.slow_oracles import slow_oracles

every_feature = pytest.mark.parametrize("feature", FEATURES.values(), ids=lambda feature: feature.name)
OWN = [one for one in FEATURES.values() if one.context is None]
# The mixture has tests of its own in test_mixture.
WITH_CONTEXT = [
    one for one in FEATURES.values() if one.context is not None and not one.name.startswith("regime_gmm")
]
every_own_feature = pytest.mark.parametrize("feature", OWN, ids=lambda feature: feature.name)


@pytest.fixture(scope="module")
def bars() -> BarArrays:
    return sample_bars()


@every_own_feature
def test_feature_equals_its_slow_oracle(feature: Feature, bars: BarArrays) -> None:
    oracle = slow_oracles(bars)[feature.name]
    warm = range(feature.lookback_bars - 1, bars.n_bars, 1 if feature.memory == "history" else 3)

    expected = np.array([oracle(bar) for bar in warm])

    values = compute_feature(feature, bars)
    assert np.isnan(values[: warm.start]).all()
    # Sums in another order differ in the last digits: 1e-9 of the feature's own spread, as for TA-Lib.
    scale = float(np.nanstd(expected)) or 1.0
    np.testing.assert_allclose(values[warm], expected, rtol=1e-9, atol=1e-9 * scale, equal_nan=True)


@pytest.mark.parametrize("feature", WITH_CONTEXT, ids=lambda feature: feature.name)
def test_feature_with_context_equals_its_slow_oracle(feature: Feature, bars: BarArrays) -> None:
    market = sample_market()
    oracle = slow_context_oracles(bars, market)[feature.name]
    warm = range(feature.lookback_bars - 1, bars.n_bars, 3)

    expected = np.array([oracle(bar) for bar in warm])

    values = compute_feature(feature, bars, market)[warm]
    assert np.isfinite(expected).sum() > expected.size / 2
    scale = float(np.nanstd(expected)) or 1.0
    np.testing.assert_allclose(values, expected, rtol=1e-9, atol=1e-9 * scale, equal_nan=True)


@every_own_feature
def test_first_value_comes_when_the_declaration_says(feature: Feature) -> None:
    bars = minute_bars(n_sessions=3)

    values = compute_feature(feature, bars)

    first = feature.lookback_bars - 1
    if feature.name == "overnight_gap":
        # Known from the second session on, whatever the look-back in bars.
        first = int(np.flatnonzero(bars.opens_session)[1])
    assert np.isnan(values[:first]).all()
    assert np.isfinite(values[first])


@every_feature
def test_feature_is_finite_or_missing_on_flat_bars_without_volume(feature: Feature) -> None:
    bars = minute_bars(n_sessions=2, is_flat=True, volume=0.0)

    values = compute_feature(feature, bars, Market(bars, bars))

    assert not np.isinf(values).any()


@every_feature
def test_feature_bears_an_index_without_volume_and_with_negative_prices(feature: Feature) -> None:
    whole = minute_bars(n_sessions=2, volume=np.nan, level=-100.0)

    values = compute_feature(feature, whole, Market(whole, whole))

    assert not np.isinf(values).any()
    if "volume" in feature.inputs:
        assert np.isnan(values).all()


def test_undefined_ratios_are_missing_never_zero() -> None:
    flat = minute_bars(n_sessions=1, is_flat=True, volume=0.0)

    for name in (
        "ibs",
        "stoch_k",
        "bb_pct",
        "rsi_14",
        "efficiency_ratio",
        "atr_ratio_15",
        "return_z_score_20",
        "vol_adj_mom_20",
        "vol_ratio_60",
        "volume_change",
        "dist_vwap",
        "amihud_illiquidity",
        "intraday_intensity",
        "obv_z_60",
    ):
        assert np.isnan(compute_feature(FEATURES[name], flat)).all(), name


def test_ibs_by_hand() -> None:
    # high 12, low 10, close 11.5: 1.5 of 2.
    bars = minute_bars(close=[11.5], high=[12.0], low=[10.0])

    assert compute_feature(FEATURES["ibs"], bars).tolist() == [0.75]


def test_parkinson_by_hand() -> None:
    # high/low = e in every bar: ln² = 1, so sigma = sqrt(1 / (4 ln 2)) = 0.600561.
    bars = minute_bars(close=[1.5] * 20, high=[np.e] * 20, low=[1.0] * 20)

    assert compute_feature(FEATURES["parkinson_vol"], bars)[19] == pytest.approx(0.600561, abs=1e-6)


def test_efficiency_ratio_by_hand() -> None:
    # Ten steps: eight up, two down, net 6 of 10.
    steps = np.array([1, 1, 1, 1, -1, 1, 1, 1, 1, -1])
    bars = minute_bars(close=np.concatenate(([100.0], 100.0 + np.cumsum(steps))))

    assert compute_feature(FEATURES["efficiency_ratio"], bars)[10] == pytest.approx(0.6)


def test_session_vwap_by_hand() -> None:
    # Typical prices 10 and 20 with volumes 1 and 3: VWAP = 70 / 4 = 17.5; the close of 20 is 1/7 above.
    bars = minute_bars(close=[10.0, 20.0], volume=[1.0, 3.0])

    assert compute_feature(FEATURES["dist_vwap"], bars).tolist() == pytest.approx([0.0, 1 / 7])


def test_session_vwap_starts_anew_each_session() -> None:
    bars = minute_bars(n_sessions=2)

    values = compute_feature(FEATURES["dist_vwap"], bars)

    first = int(np.flatnonzero(bars.opens_session)[1])
    typical = (bars.high + bars.low + bars.close)[first] / 3.0
    assert values[first] == pytest.approx(bars.close[first] / typical - 1.0)


def test_overnight_gap_is_the_same_all_session() -> None:
    bars = minute_bars(n_sessions=3)

    gap = compute_feature(FEATURES["overnight_gap"], bars)

    opens = np.flatnonzero(bars.opens_session)
    expected = np.log(bars.open[opens[1]] / bars.close[opens[1] - 1])
    assert gap[opens[1] : opens[2]] == pytest.approx(np.full(opens[2] - opens[1], expected))


@pytest.mark.parametrize("name", ["log_return_1m", "roc_1", "volume_change"])
def test_one_bar_changes_never_cross_a_session_break(name: str) -> None:
    bars = minute_bars(n_sessions=3)

    values = compute_feature(FEATURES[name], bars)

    np.testing.assert_array_equal(np.isnan(values), bars.opens_session)


def test_obv_by_hand() -> None:
    # First volume counts; then up 20, down 30, unchanged 40, unknown, up 60.
    bars = minute_bars(close=[5.0, 6.0, 5.0, 5.0, 4.0, 7.0], volume=[10.0, 20.0, 30.0, 40.0, np.nan, 60.0])

    values = compute_feature(FEATURES["obv"], bars)

    np.testing.assert_array_equal(values, [10.0, 30.0, 0.0, 0.0, np.nan, 60.0])


def test_minutes_to_close_knows_the_half_day_from_the_calendar() -> None:
    bars = sample_bars()
    is_half_day = bars.labels.n_minutes == 210

    left = compute_feature(FEATURES["minutes_to_close"], bars)

    assert is_half_day.any()
    np.testing.assert_array_equal(left[is_half_day], 209.0 - bars.minute[is_half_day])
