"""Masks of declarations, causes of nulls, and sets of columns."""

from dataclasses import replace

import numpy as np
import pytest

from quantmill.core.arrays import Floats
from quantmill.core.bars import BarArrays
from quantmill.core.calendar import calendar_for
from quantmill.core.instants import MINUTE_US
from quantmill.errors import ConfigError, NotFoundError
from quantmill.features.compute import compute_feature, compute_features
from quantmill.features.declaration import Feature
from quantmill.features.registry import FEATURES
from quantmill.features.sample import sample_bars
from quantmill.features.sets import FEATURE_SETS, FeatureSet, feature_set_named, features_named
from tests.unit.features.market import minute_bars


def ones(bars: BarArrays) -> Floats:
    return np.ones(bars.n_bars)


def constant(**options: object) -> Feature:
    declared = {"category": "other", "lookback_bars": 1, "explains": "always one", **options}
    return Feature("constant", declared.pop("function", ones), **declared)  # type: ignore[arg-type]


def with_early_bars(bars: BarArrays, n_early: int) -> BarArrays:
    """The bars with `n_early` pre-market minutes before the first session."""
    early = bars.ts_us[0] - np.arange(n_early, 0, -1) * MINUTE_US
    ts_us = np.concatenate((early, bars.ts_us))
    columns = {
        name: np.concatenate((np.full(n_early, getattr(bars, name)[0]), getattr(bars, name)))
        for name in ("open", "high", "low", "close", "volume")
    }
    return BarArrays(ts_us, **columns, labels=calendar_for("XNYS").label(ts_us))


def test_warm_up_is_masked_as_declared() -> None:
    values = compute_feature(constant(lookback_bars=5), minute_bars(n_sessions=2))

    assert np.isnan(values[:4]).all()
    assert (values[4:] == 1.0).all()


def test_warm_up_is_masked_in_each_session_when_windows_may_not_cross() -> None:
    bars = minute_bars(n_sessions=2)

    [result] = compute_features([constant(lookback_bars=5, crosses_sessions=False)], bars)

    assert np.flatnonzero(np.isnan(result.values)).tolist() == [0, 1, 2, 3, 390, 391, 392, 393]
    assert result.null_counts == {"warm-up": 4, "session start": 4}


def test_regular_features_are_null_outside_regular_hours_and_equal_inside() -> None:
    regular = minute_bars(n_sessions=2)
    extended = with_early_bars(regular, 30)

    [result] = compute_features([FEATURES["overnight_gap"]], extended)

    np.testing.assert_array_equal(result.values[30:], compute_feature(FEATURES["overnight_gap"], regular))
    assert result.null_counts["outside regular hours"] == 30


def test_other_features_take_the_bars_they_are_given() -> None:
    extended = with_early_bars(minute_bars(n_sessions=1), 30)

    values = compute_feature(FEATURES["sma_20"], extended)

    assert np.isfinite(values[19:30]).all()


def test_every_null_has_one_cause() -> None:
    for result in compute_features(tuple(FEATURES.values()), sample_bars()):
        assert sum(result.null_counts.values()) == np.count_nonzero(np.isnan(result.values)), (
            result.feature.name
        )
        assert "undefined" not in result.null_counts, result.feature.name


def test_causes_are_told_apart() -> None:
    bars = minute_bars(close=[10.0, 11.0, 12.0, 13.0], volume=[5.0, 0.0, np.nan, 7.0])

    [ibs, change] = compute_features([FEATURES["ibs"], FEATURES["volume_change"]], bars)

    assert ibs.null_counts == {"zero range": 4}
    # 0 ÷ 5 - 1 is a number; missing volume spoils its own bar and the next.
    assert change.null_counts == {"warm-up": 1, "missing volume": 2}
    assert change.values[1] == -1.0


def test_infinities_become_missing() -> None:
    [result] = compute_features(
        [constant(function=lambda bars: np.full(bars.n_bars, np.inf))], minute_bars(close=[1.0, 2.0])
    )

    assert result.null_counts == {"undefined": 2}


@pytest.mark.parametrize("wrong", [np.ones(3), np.ones((2, 2)), np.array(["a", "b"])])
def test_function_that_returns_something_else_is_named(wrong: np.ndarray) -> None:
    with pytest.raises(ConfigError, match=r"feature 'constant' returned .* needed one float64 per bar"):
        compute_feature(constant(function=lambda bars: wrong), minute_bars(close=[1.0, 2.0]))


def test_function_that_fails_is_named() -> None:
    def broken(bars: BarArrays) -> Floats:
        return bars.close[[999]]

    with pytest.raises(ConfigError, match="feature 'constant' failed on 2 bars: IndexError"):
        compute_feature(constant(function=broken), minute_bars(close=[1.0, 2.0]))


def test_no_bars_give_no_values() -> None:
    empty = minute_bars(n_sessions=1)[:0]

    for result in compute_features(tuple(FEATURES.values()), empty):
        assert result.values.shape == (0,)


def test_arguments_are_left_as_they_are() -> None:
    bars = sample_bars()
    before = {name: getattr(bars, name).copy() for name in ("open", "high", "low", "close", "volume", "vwap")}

    compute_features(tuple(FEATURES.values()), bars)

    for name, column in before.items():
        np.testing.assert_array_equal(getattr(bars, name), column)


def test_core_holds_every_registered_feature_whatever_was_imported_first() -> None:
    core = feature_set_named()

    assert set(core.names) == set(FEATURES)
    assert core.names.index("sma_20") < core.names.index("sma_200") < core.names.index("roc_5")
    assert core.names.index("roc_5") < core.names.index("roc_15") < core.names.index("ibs")
    assert core.dataset == f"features/core@{core.version}/1m"


def test_version_is_the_digest_of_the_columns_identities() -> None:
    columns = (FEATURES["ibs"], FEATURES["rsi_14"])
    versions = {
        FeatureSet("a", columns).version,
        FeatureSet("b", columns).version,
        FeatureSet("a", (replace(columns[0], explains="in other words"), columns[1])).version,
    }
    changed = FeatureSet("a", (replace(columns[0], revision=2), columns[1])).version

    assert len(versions) == 1
    assert changed not in versions
    assert FeatureSet("a", columns[::-1]).version not in versions
    assert len(changed) == 8
    assert int(changed, 16) >= 0


def test_unknown_names_get_the_nearest_ones() -> None:
    with pytest.raises(NotFoundError, match="no feature 'rsi_15'") as caught:
        features_named(["ibs", "rsi_15"])
    assert "rsi_14" in caught.value.hint

    with pytest.raises(NotFoundError, match="no feature set 'cor'") as caught:
        feature_set_named("cor")
    assert all(name in caught.value.hint for name in FEATURE_SETS)


def test_set_without_or_with_double_columns_is_refused() -> None:
    for columns in ((), (FEATURES["ibs"], FEATURES["ibs"])):
        with pytest.raises(ValueError, match="needs distinct columns"):
            FeatureSet("odd", columns)
