"""Tables of fees, and what one order pays after them, by hand."""

import pytest

from quantmill.simulation.fees import fee_table
from quantmill.simulation.order_costs import fee_rates, order_fee
from tests.markets import market_of


def fee(shares: float, price: float, *, is_sale: bool, symbol: str = "SPY", **rates: float) -> float:
    plain = {"usd": 0.0, "per_share_usd": 0.0, "min_usd": 0.0, "bps": 0.0, "regulatory": False}
    _, table = fee_table(market_of([price], symbol), **{**plain, **rates})
    return order_fee(fee_rates(table, 0), shares, price, is_sale)


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ({"usd": 0.02}, 0.02),
        # 300 shares at half a cent.
        ({"per_share_usd": 0.005}, 1.5),
        # 2 bps of $30,000.
        ({"bps": 2.0}, 6.0),
        ({"usd": 0.02, "per_share_usd": 0.005, "bps": 2.0}, 7.52),
        ({"per_share_usd": 0.001, "min_usd": 1.0}, 1.0),
    ],
)
def test_what_a_purchase_of_300_shares_at_100_pays(rates: dict[str, float], expected: float) -> None:
    assert fee(300, 100.0, is_sale=False, **rates) == pytest.approx(expected)


def test_regulators_take_their_part_of_sales_alone() -> None:
    # 2023-11-02: $8.00 per million of $30,000 is 0.24; 300 shares at 0.000145 are 0.0435.
    assert fee(300, 100.0, is_sale=False, regulatory=True) == 0.0
    assert fee(300, 100.0, is_sale=True, regulatory=True) == pytest.approx(0.2835)
    # It comes on top of the broker's least fee.
    assert fee(300, 100.0, is_sale=True, min_usd=1.0, regulatory=True) == pytest.approx(1.2835)


def test_the_activity_fee_has_a_ceiling() -> None:
    # 100,000 shares at 0.000145 would be 14.50, above 7.27; 8 per million of $1,000,000.
    assert fee(100_000, 10.0, is_sale=True, regulatory=True) == pytest.approx(8.0 + 7.27)


def test_crypto_pays_no_regulators() -> None:
    assert fee(300, 100.0, is_sale=True, symbol="X:BTC-USD", regulatory=True) == 0.0
