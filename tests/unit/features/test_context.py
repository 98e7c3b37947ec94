"""What a bar sees of other symbols, and which symbols these are."""

from dataclasses import replace

import numpy as np
import pytest

from quantmill.core.arrays import Ints
from quantmill.core.instants import MINUTE_US
from quantmill.features.compute import compute_features
from quantmill.features.context.as_of import join_as_of
from quantmill.features.context.sources import choose_sources
from quantmill.features.context.volatility import realized_volatility
from quantmill.features.market import Market
from quantmill.features.primitives.modes import trailing_mode
from quantmill.features.primitives.pairs import rolling_slope
from quantmill.features.registry import FEATURES
from tests.unit.features.market import minute_bars

CONTEXT = [one for one in FEATURES.values() if one.context is not None]
WHOLE = dict.fromkeys(range(100), 390)


def minutes(*values: int) -> Ints:
    return np.array(values, dtype=np.int64) * MINUTE_US


def test_the_bar_of_the_same_minute_is_seen_and_no_later_one() -> None:
    as_of = join_as_of(minutes(10, 11, 12), minutes(9, 11, 13))

    assert as_of.position.tolist() == [0, 1, 1]
    assert as_of.age_minutes.tolist() == [1.0, 0.0, 1.0]


def test_a_bar_is_fresh_up_to_the_maximum_age() -> None:
    as_of = join_as_of(minutes(5, 15, 16), minutes(10), max_age_minutes=5)

    np.testing.assert_array_equal(as_of.of(np.array([7.0])), [np.nan, 7.0, np.nan])
    np.testing.assert_array_equal(as_of.age_minutes, [np.nan, 5.0, 6.0])
    assert as_of.is_fresh.tolist() == [False, True, False]


def test_without_a_maximum_age_everything_known_is_fresh() -> None:
    as_of = join_as_of(minutes(5, 99_999), minutes(10), max_age_minutes=None)

    assert as_of.is_fresh.tolist() == [False, True]


@pytest.mark.parametrize("side", [None, minute_bars(n_sessions=1)[:0]])
def test_without_a_market_everything_is_null_and_counted(side: object) -> None:
    bars = minute_bars(n_sessions=1)

    for one in compute_features(CONTEXT, bars, Market(side, side)):  # type: ignore[arg-type]
        assert np.isnan(one.values).all(), one.feature.name
        assert one.null_counts == {"no context": 390}, one.feature.name


def test_nulls_tell_no_context_from_stale_context() -> None:
    bars = minute_bars(n_sessions=1)
    benchmark = bars[10:100]

    [seen, age] = compute_features(
        [FEATURES["qqq_return"], FEATURES["qqq_age_minutes"]], bars, Market(benchmark)
    )

    # Bars 100 .. 104 still see the bar of minute 99.
    assert seen.null_counts == {"no context": 10, "context warm-up": 1, "stale": 285}
    assert age.null_counts == {"no context": 10}
    assert age.values[389] == 290.0


def test_an_index_has_no_volume_and_realized_volatility_no_range_either() -> None:
    bars = minute_bars(n_sessions=2)
    index = replace(bars, volume=np.full(bars.n_bars, np.nan))
    columns = [FEATURES[name] for name in ("vix_log_ret", "vix_z_score", "vix_rel_vol", "vix_atr_ratio")]

    as_index = list(compute_features(columns, bars, Market(None, index)))
    as_realized = list(compute_features(columns, bars, Market(None, bars, is_realized=True)))

    assert as_index[2].null_counts == {"context warm-up": 59, "context without volume": 721}
    assert as_index[3].null_counts == {"context warm-up": 15}
    assert as_realized[2].null_counts == {"context warm-up": 59, "context without volume": 721}
    assert as_realized[3].null_counts == {"context warm-up": 15, "context without high": 765}
    assert np.isfinite(as_realized[0].values).sum() > 700
    assert np.isfinite(as_realized[1].values).sum() > 600


def test_a_symbol_has_beta_one_and_no_relative_strength_to_itself() -> None:
    bars = minute_bars(n_sessions=2)

    [beta, strength] = compute_features(
        [FEATURES["qqq_beta_60"], FEATURES["qqq_relative_strength_60"]], bars, Market(bars)
    )

    assert set(beta.values[60:]) == {1.0}
    assert set(strength.values[60:]) == {0.0}


def test_slope_by_hand() -> None:
    # y = 2 x + 1 but for a missing pair.
    x = np.array([1.0, 2.0, np.nan, 4.0])

    slopes = rolling_slope(2.0 * x + 1.0, x, window=4, least=3)

    assert np.isnan(slopes[:3]).all()
    assert slopes[3] == pytest.approx(2.0)
    assert np.isnan(rolling_slope(x, np.ones(4), window=4, least=3)).all()
    with pytest.raises(ValueError, match="at least 2 bars"):
        rolling_slope(x, x, window=1, least=2)


def test_realized_volatility_by_hand() -> None:
    # Returns alternate between +ln 1.01 and -ln 1.01: with ddof 1 their deviation is ln 1.01 × √(60 / 59).
    bars = minute_bars(close=[100.0, 101.0] * 40)

    values = realized_volatility(bars)

    assert values[60] == pytest.approx(np.log(1.01) * np.sqrt(60 / 59))


@pytest.mark.parametrize(
    ("stored", "label", "key"),
    [
        ({"QQQ": WHOLE, "I:VIX": WHOLE, "VIXY": WHOLE}, "I:VIX", "QQQ+I:VIX"),
        ({"QQQ": WHOLE, "UVXY": WHOLE, "VXXB": WHOLE}, "UVXY", "QQQ+UVXY"),
        ({"QQQ": WHOLE, "SPY": WHOLE}, "realized volatility of QQQ", "QQQ+realized"),
        ({"SPY": WHOLE}, "realized volatility of SPY", None),
        ({"SPY": WHOLE, "VXX": WHOLE}, "VXX", None),
        ({"VIXY": WHOLE}, "VIXY", None),
        ({}, None, None),
    ],
)
def test_the_first_source_there_is_serves(stored: object, label: str | None, key: str | None) -> None:
    sources = choose_sources(stored)  # type: ignore[arg-type]

    assert sources.volatility_label == label
    assert sources.regime_key == key
    assert bool(sources.notes) == (key is None or sources.is_realized)


def test_a_source_must_cover_four_of_five_sessions() -> None:
    some, most = (dict.fromkeys(range(n), 390) for n in (79, 80))

    assert choose_sources({"QQQ": WHOLE, "I:VIX": some}).is_realized
    assert choose_sources({"QQQ": WHOLE, "I:VIX": some, "VIXY": most}).volatility == "VIXY"
    assert "I:VIX 79% of the sessions" in choose_sources({"QQQ": WHOLE, "I:VIX": some}).notes[0]


def test_a_session_with_few_bars_is_not_covered() -> None:
    sparse = dict.fromkeys(range(100), 194)

    assert choose_sources({"QQQ": WHOLE, "VIXY": sparse}).coverage == {"VIXY": 0.0}


def test_mode_by_hand() -> None:
    labels = np.array([1.0, 1.0, 0.0, 0.0, np.nan, 2.0])

    # Windows of three minutes; the last one holds 0 and 2 once each: the newer one counts.
    modes = trailing_mode(labels, minutes(0, 1, 2, 3, 4, 5), minutes=3, n_labels=3)

    np.testing.assert_array_equal(modes, [1.0, 1.0, 1.0, 0.0, np.nan, 2.0])


def test_mode_forgets_by_time_not_by_bars() -> None:
    labels = np.array([1.0, 1.0, 0.0])

    assert trailing_mode(labels, minutes(0, 1, 2), minutes=30, n_labels=2)[2] == 1.0
    assert trailing_mode(labels, minutes(0, 1, 31), minutes=30, n_labels=2)[2] == 0.0
