"""One hand-worked round trip per fill model, through a whole trial."""

from typing import get_args

import numpy as np
import pytest

from quantmill.core.fill_names import FillName
from quantmill.simulation.fill_models import FILL_MODELS
from quantmill.simulation.fills import Costs, execution_of
from quantmill.simulation.kernel import ENTRY_BAR, ENTRY_PRICE, EXIT_BAR, EXIT_PRICE, SHARES
from quantmill.simulation.trial import TrialSetup, run_trial
from tests.markets import market_of, stream_of

NAN = float("nan")
# Twenty bars; the one of each number is easily told by its prices: bar 3 opens at 103, closes at 103.5.
NUMBERS = np.arange(20.0)
MARKET = market_of(
    (100.5 + NUMBERS).tolist(),
    open=(100.0 + NUMBERS).tolist(),
    high=(101.0 + NUMBERS).tolist(),
    low=(99.0 + NUMBERS).tolist(),
    volume=[100.0] * 20,
)


def round_trip(costs: Costs, *, buy: int = 2, sell: int = 8) -> tuple[float, ...]:
    """Entry and exit bar, shares, entry and exit price of signals in two bars, with $1000."""
    prediction = [NAN] * 20
    prediction[buy], prediction[sell] = 1.0, -1.0
    result = run_trial(stream_of(MARKET, prediction), TrialSetup(0.0, costs, 1000.0))
    assert result.metrics["n_trades"] == 1
    bars, values = result.trade_bars[0], result.trade_values[0]
    return (bars[ENTRY_BAR], bars[EXIT_BAR], values[SHARES], values[ENTRY_PRICE], values[EXIT_PRICE])


@pytest.mark.parametrize(
    ("fill", "expected"),
    [
        # Signals in bars 2 and 8 with a half spread of 0.05; $1000 buy nine shares of about $103.
        ("next_open", (3, 9, 9, 103.05, 108.95)),
        ("close", (2, 8, 9, 102.55, 108.45)),
        ("delayed_mid", (6, 12, 9, 106.05, 111.95)),
        # The high of bar 3 is 104, the low of bar 9 is 108; no spread besides.
        ("adverse", (3, 9, 9, 104.0, 108.0)),
        # The average range is unknown before bar 14, so the half spread holds.
        ("atr", (3, 9, 9, 103.05, 108.95)),
        # Bars 3 to 7 have typical prices 103.1667 to 107.1667: 105.1667 on average, bars 9 to 13 111.1667.
        ("vwap", (7, 13, 9, 105 + 1 / 6 + 0.05, 111 + 1 / 6 - 0.05)),
    ],
)
def test_a_round_trip_by_hand(fill: str, expected: tuple[float, ...]) -> None:
    costs = Costs(fill, half_spread_bps=0.0, half_spread_min_usd=0.05, fee_usd=0.0)

    assert round_trip(costs) == pytest.approx(expected)


def test_slippage_follows_the_average_range_once_it_is_known() -> None:
    # Every range is 2: bar 15 opens at 115, bar 18 at 118, and a tenth of 2 is paid on either side.
    costs = Costs("atr", half_spread_bps=0.0, half_spread_min_usd=0.05, fee_usd=0.0, atr_multiple=0.1)

    assert round_trip(costs, buy=14, sell=17)[3:] == pytest.approx((115.2, 117.8))


def test_a_worked_purchase_takes_a_share_of_the_volume_and_its_sale_all_of_it() -> None:
    # 1 % of two bars of 100 shares is two shares, though cash would buy nine.
    costs = Costs("vwap", 0.0, 0.0, 0.0, vwap_bars=2, vwap_share_frac=0.01)

    assert round_trip(costs) == pytest.approx((4, 10, 2, 103 + 2 / 3, 109 + 2 / 3))


def test_a_purchase_without_volume_lapses_and_is_counted() -> None:
    market = market_of([100.0] * 4, volume=[100.0, 0.0, 0.0, 100.0])
    costs = Costs("vwap", 0.0, 0.0, 0.0, vwap_bars=2)

    result = run_trial(stream_of(market, [1.0, NAN, NAN, NAN]), TrialSetup(0.0, costs, 1000.0))

    assert (result.metrics["n_orders"], result.metrics["n_lapsed"]) == (0, 1)
    assert execution_of(market, costs).counts == {"fill_windows_without_volume": 1}


def test_bars_without_a_known_range_are_counted() -> None:
    assert execution_of(MARKET, Costs("atr")).counts == {"fill_bars_without_range": 14}


def test_names_are_those_that_settings_and_requests_offer() -> None:
    assert tuple(FILL_MODELS) == get_args(FillName)
    assert [name for name, model in FILL_MODELS.items() if model.label] == ["close"]


def test_each_model_knows_at_which_moment_of_its_bar_it_fills() -> None:
    assert {name: model.moment for name, model in FILL_MODELS.items()} == {
        "next_open": "open",
        "close": "close",
        "delayed_mid": "inside",
        "vwap": "inside",
        "adverse": "inside",
        "atr": "open",
    }
