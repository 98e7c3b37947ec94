"""The proof of no look-ahead catches every planted leak and accuses nobody else."""

import numpy as np
import pytest

from quantmill.features.certificate import certify
from quantmill.features.compute import compute_feature
from quantmill.features.context.as_of import join_as_of
from quantmill.features.cuts import choose_cuts
from quantmill.features.declaration import Feature
from quantmill.features.registry import FEATURES
from quantmill.features.sample import SAMPLE_SESSIONS, sample_bars, sample_market
from tests.unit.features.leaks import leaking_features
from tests.unit.features.market import minute_bars


@pytest.mark.parametrize("leak", leaking_features(), ids=lambda feature: feature.name)
@pytest.mark.parametrize("seed", [0, 1])
def test_planted_leak_is_caught(leak: Feature, seed: int) -> None:
    certificate = certify([leak], sample_bars(seed), sample_market(seed), seed=seed)

    assert not certificate.ok
    assert certificate.findings[0].feature == leak.name


def test_registered_features_are_free_of_look_ahead() -> None:
    certificate = certify(tuple(FEATURES.values()))

    assert [str(finding) for finding in certificate.findings] == []
    assert certificate.features == tuple(FEATURES)


def test_every_registered_feature_has_values_on_the_sample() -> None:
    # A proof over missing values alone would prove nothing.
    bars, market = sample_bars(), sample_market()

    for one in FEATURES.values():
        assert np.isfinite(compute_feature(one, bars, market)).mean() > 0.3, one.name


def test_sample_market_is_awkward_in_every_way_that_matters() -> None:
    market, bars = sample_market(), sample_bars()
    assert market.benchmark is not None

    ages = join_as_of(bars.ts_us, market.benchmark.ts_us).age_minutes

    assert (ages == 0).any()
    assert ((ages > 0) & (ages <= 5)).any()
    assert (ages > 5).any()
    assert market.regimes is not None
    assert {refit.n_states for refit in market.regimes.refits} == {2, 4}
    assert len({refit.session for refit in market.regimes.refits}) == 2


def test_finding_says_where_and_what() -> None:
    leak = next(one for one in leaking_features() if one.name == "whole_sample_z_score")

    text = str(certify([leak]).findings[0])

    assert text.startswith("whole_sample_z_score: with the future removed from 2023-11-")
    assert "values before it change" in text


def test_certificate_names_only_the_guilty() -> None:
    leak = leaking_features()[0]

    certificate = certify([FEATURES["ibs"], leak])

    assert certificate.findings_of("ibs") == ()
    assert len(certificate.findings_of(leak.name)) == 1


def test_digest_changes_with_features_seed_and_bars() -> None:
    ibs, rsi = FEATURES["ibs"], FEATURES["rsi_14"]

    digests = [
        certify([ibs]).digest,
        certify([rsi]).digest,
        certify([ibs], seed=1).digest,
        certify([ibs], sample_bars(1)).digest,
        certify([ibs], sample_bars(0), sample_market(1)).digest,
    ]

    assert len(set(digests)) == len(digests)
    assert certify([ibs]).digest == digests[0]


def test_sample_is_awkward_in_every_way_that_matters() -> None:
    bars = sample_bars()

    assert len(np.unique(bars.session)) == len(SAMPLE_SESSIONS)
    assert set(np.unique(bars.labels.n_minutes)) == {210, 390}
    assert (bars.volume == 0).any()
    assert np.isnan(bars.volume).any()
    assert (bars.high == bars.low).any()
    assert (bars.low <= np.minimum(bars.open, bars.close)).all()
    assert (bars.high >= np.maximum(bars.open, bars.close)).all()
    assert bars.labels.is_regular.all()
    assert bars.vwap is not None
    assert np.isfinite(bars.vwap).any()
    assert np.isnan(bars.vwap).any()


def test_cuts_lie_at_every_place_where_look_ahead_hides() -> None:
    cuts = choose_cuts(sample_bars(), sample_market(), seed=0, n_random=8)

    places = {cut.place for cut in cuts}
    assert {
        "before a session's first bar",
        "after a session's first bar",
        "before a session's last bar",
        "among the first bars",
        "half day's first bar",
        "half day's last hour",
        "half day's last bar",
        "clock change's first bar",
        "month's first bar",
        "where the context is old",
        "after a bar with old context",
        "clock change's session",
        "after a bar without volume",
        "before a minute that did not trade",
        "edge of a 5-minute bucket",
        "inside a 5-minute bucket",
        "random bar",
    } <= places
    assert [cut.bar for cut in cuts] == sorted({cut.bar for cut in cuts})


def test_cuts_of_a_short_history_stay_inside() -> None:
    for n_bars in (1, 2, 3, 10):
        bars = minute_bars(close=[100.0] * n_bars)

        cuts = choose_cuts(bars, seed=0, n_random=8)

        assert all(0 < cut.bar < n_bars for cut in cuts)
