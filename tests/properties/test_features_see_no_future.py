"""Whatever the market does next, and wherever the computation began, past values stay what they were."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantmill.features.certificate import certify
from quantmill.features.compute import compute_feature
from quantmill.features.declaration import Feature
from quantmill.features.registry import FEATURES
from quantmill.features.sample import sample_bars, sample_market
from tests.unit.features.leaks import leaking_features

REGISTERED = tuple(FEATURES.values())
MARKET = sample_market()
WITHOUT_HISTORY = [one for one in REGISTERED if one.memory != "history"]


@settings(max_examples=4)
@given(seed=st.integers(0, 1_000_000))
def test_no_registered_feature_sees_its_future(seed: int) -> None:
    certificate = certify(REGISTERED, sample_bars(seed), sample_market(seed), seed=seed)

    assert [str(finding) for finding in certificate.findings] == []


@settings(max_examples=10)
@given(seed=st.integers(0, 1_000_000))
def test_every_planted_leak_is_caught(seed: int) -> None:
    leaks = leaking_features()

    certificate = certify(leaks, sample_bars(seed), sample_market(seed), seed=seed)

    assert {finding.feature for finding in certificate.findings} == {leak.name for leak in leaks}


@pytest.mark.parametrize("feature", WITHOUT_HISTORY, ids=lambda feature: feature.name)
@settings(max_examples=4)
@given(seed=st.integers(0, 1_000_000), first_session=st.integers(1, 6))
def test_window_features_do_not_know_when_the_history_began(
    feature: Feature, seed: int, first_session: int
) -> None:
    bars = sample_bars(seed)
    opens = np.flatnonzero(bars.opens_session)
    start = int(opens[first_session])
    # From the first session on that has a full look-back behind its first bar.
    warm = int(opens[opens >= start + feature.lookback_bars][0])

    whole = compute_feature(feature, bars, MARKET)
    later = compute_feature(feature, bars[start:], MARKET)

    np.testing.assert_array_equal(whole[warm:], later[warm - start :])


@settings(max_examples=4)
@given(seed=st.integers(0, 1_000_000), scale=st.sampled_from([0.25, 2.0, 8.0]))
def test_stationary_features_do_not_depend_on_the_price_level(seed: int, scale: float) -> None:
    # Scaling by a power of two is exact; dollar volume alone follows the price.
    bars = sample_bars(seed)
    vwap = None if bars.vwap is None else bars.vwap * scale
    prices = {name: getattr(bars, name) * scale for name in ("open", "high", "low", "close")}
    scaled = type(bars)(bars.ts_us, **prices, volume=bars.volume, labels=bars.labels, vwap=vwap)

    for one in REGISTERED:
        if one.kind == "stationary" and one.name != "amihud_illiquidity":
            np.testing.assert_allclose(
                compute_feature(one, scaled, MARKET),
                compute_feature(one, bars, MARKET),
                rtol=1e-12,
                err_msg=one.name,
            )
