"""One signal under every fill model."""

from dataclasses import replace

import pytest

from quantmill.simulation.band import BAND_METRICS, band_of
from quantmill.simulation.fill_models import FILL_MODELS
from quantmill.simulation.fills import Costs
from quantmill.simulation.trial import TrialSetup, run_trial
from tests.markets import market_of, random_market, stream_of

SETUP = TrialSetup(0.0, Costs(half_spread_bps=0.0, half_spread_min_usd=0.0, fee_usd=0.0), 1000.0)


def test_returns_by_hand() -> None:
    # Bought after bar 0 and held to the last close of 20: at 10 (close), 12 (open), 15 (high), 20 after four bars.
    market = market_of(
        [10.0, 14.0, 14.0, 14.0, 20.0],
        open=[10.0, 12.0, 14.0, 14.0, 20.0],
        high=[10.0, 15.0, 14.0, 14.0, 20.0],
        low=[10.0, 11.0, 14.0, 14.0, 20.0],
    )
    stream = stream_of(market, [1.0, *[float("nan")] * 4])

    band = band_of(stream, SETUP)

    # 100, 83, 66 and 50 shares of whole dollars; a window of five bars reaches past the end.
    returns = {name: figures["total_return_frac"] for name, figures in band.items()}
    assert returns == pytest.approx(
        {
            "close": 1.0,
            "next_open": 83 * 8 / 1000,
            "atr": 83 * 8 / 1000,
            "adverse": 66 * 5 / 1000,
            "delayed_mid": 0.0,
            "vwap": 0.0,
        }
    )


def test_each_figure_is_that_of_a_run_with_that_fill() -> None:
    market = random_market(3, n_sessions=6, bars_per_session=30)
    stream = stream_of(market, [(-1.0) ** (bar // 7) for bar in range(market.n_bars)])
    setup = TrialSetup(0.0, Costs(regulatory_fees=True))

    band = band_of(stream, setup)

    assert tuple(band) == tuple(FILL_MODELS)
    for fill, figures in band.items():
        alone = run_trial(stream, replace(setup, costs=replace(setup.costs, fill=fill))).metrics
        assert figures == {name: alone[name] for name in BAND_METRICS}
