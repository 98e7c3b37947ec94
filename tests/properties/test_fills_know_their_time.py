"""No fill uses a price known before its signal, nor anything that came after it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantmill.simulation.fill_models import FILL_MODELS
from quantmill.simulation.fills import Costs, execution_of
from quantmill.simulation.market import Market
from tests.markets import random_market

PRICES = ("open", "high", "low", "close", "vwap", "volume")
HONEST = [name for name, model in FILL_MODELS.items() if model.label is None]
seeds = st.integers(0, 5_000)


def costs_of(fill: str, seed: int) -> Costs:
    return Costs(
        fill,
        vwap_bars=1 + seed % 7,
        vwap_share_frac=0.3,
        atr_multiple=2.0,
        spread_by_minute="intraday",
        regulatory_fees=True,
    )


def with_others(market: Market, seed: int, kept: slice) -> Market:
    """The same minutes with other prices and volumes everywhere but on the bars of `kept`."""
    other = random_market(seed + 10_000)
    values = {}
    for name in PRICES:
        # Another market of the same size, at a tenth of the price.
        values[name] = np.resize(getattr(other, name) / 10.0, market.n_bars)
        values[name][kept] = getattr(market, name)[kept]
    return replace(market, **values)


def values_at(market: Market, costs: Costs, bar: int) -> dict[str, float]:
    execution = execution_of(market, costs)
    return {
        "price": execution.fill_price[bar],
        "most_shares": execution.most_shares[bar],
        "half_spread": execution.half_spread[bar],
    }


@pytest.mark.parametrize("fill", HONEST)
@given(seed=seeds, signal=st.integers(0, 20))
def test_a_fill_knows_the_bars_after_its_signal_alone(fill: str, seed: int, signal: int) -> None:
    market, costs = random_market(seed), costs_of(fill, seed)
    at = signal + FILL_MODELS[fill].delay(costs.fill_options)

    true = values_at(market, costs, at)
    other = values_at(with_others(market, seed, slice(signal + 1, at + 1)), costs, at)

    # What a fill costs may rest on how much prices moved before; at what price it fills may not.
    names = ("price", "most_shares") if fill == "atr" else tuple(true)
    assert [other[name] for name in names] == [true[name] for name in names]


@pytest.mark.parametrize("fill", FILL_MODELS)
@given(seed=seeds, bar=st.integers(0, 25))
def test_nothing_after_the_fill_matters(fill: str, seed: int, bar: int) -> None:
    market, costs = random_market(seed), costs_of(fill, seed)

    assert values_at(with_others(market, seed, slice(0, bar + 1)), costs, bar) == values_at(
        market, costs, bar
    )


@given(seed=seeds, signal=st.integers(0, 25))
def test_slippage_by_range_is_known_at_the_signal(seed: int, signal: int) -> None:
    market, costs = random_market(seed), costs_of("atr", seed)
    other = with_others(market, seed, slice(0, signal + 1))
    other.open[signal + 1] = market.open[signal + 1]

    assert values_at(other, costs, signal + 1) == values_at(market, costs, signal + 1)
