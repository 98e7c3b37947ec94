"""What regulators take of sales, by date."""

from datetime import date

import numpy as np
import pytest

from quantmill.core.instants import day_of_date
from quantmill.simulation.regulatory_fees import (
    RATES_KNOWN,
    SECTION_31,
    TRADING_ACTIVITY,
    has_regulatory_fees,
    n_sessions_outside,
    regulatory_rates,
)


@pytest.mark.parametrize(
    ("day", "per_million", "per_share", "most"),
    [
        # SOURCE: the advisories and notices named beside the tables, at the days where rates change.
        (date(2011, 7, 1), 19.20, 0.000090, 4.50),
        (date(2012, 2, 29), 18.00, 0.000090, 4.50),
        (date(2012, 3, 1), 18.00, 0.000095, 4.75),
        (date(2013, 10, 7), 17.40, 0.000119, 5.95),
        (date(2021, 12, 31), 5.10, 0.000119, 5.95),
        (date(2023, 11, 2), 8.00, 0.000145, 7.27),
        (date(2025, 5, 13), 27.80, 0.000166, 8.30),
        (date(2025, 5, 14), 0.00, 0.000166, 8.30),
        (date(2026, 4, 6), 20.60, 0.000195, 9.79),
        (date(2026, 10, 1), 20.60, 0.0, 0.0),
    ],
)
def test_rates_of_their_day(day: date, per_million: float, per_share: float, most: float) -> None:
    of_value, of_shares, cap = regulatory_rates(np.array([day_of_date(day)]))

    assert (of_value[0] * 1e6, of_shares[0], cap[0]) == pytest.approx((per_million, per_share, most))


def test_outside_the_known_days_the_nearest_rate_holds_and_is_counted() -> None:
    days = np.array(
        [day_of_date(date(1993, 1, 29)), day_of_date(RATES_KNOWN[0]), day_of_date(date(2030, 1, 2))]
    )

    of_value, of_shares, _ = regulatory_rates(np.repeat(days, 2))

    assert of_value[[0, -1]] * 1e6 == pytest.approx([15.30, 20.60])
    assert of_shares[[0, -1]] == pytest.approx([0.000075, 0.000195])
    assert n_sessions_outside(np.repeat(days, 2)) == 2


def test_tables_are_in_order() -> None:
    for table in (SECTION_31, TRADING_ACTIVITY):
        days = [row[0] for row in table]
        assert days == sorted(set(days))


def test_only_equities_pay_them() -> None:
    paying = [
        symbol
        for symbol in ("SPY", "BRK.B", "X:BTC-USD", "I:VIX", "O:SPY250304C00601000")
        if has_regulatory_fees(symbol)
    ]

    assert paying == ["SPY", "BRK.B"]
