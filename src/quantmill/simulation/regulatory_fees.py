"""Rates of what regulators take of sales of US equities, by date: SEC Section 31 and FINRA's Trading Activity Fee."""

from datetime import date
from typing import Final

import numpy as np

from quantmill.core.arrays import Floats, Ints
from quantmill.core.instants import day_of_date
from quantmill.core.symbols import describe_symbol

__all__ = [
    "RATES_KNOWN",
    "SECTION_31",
    "TRADING_ACTIVITY",
    "has_regulatory_fees",
    "n_sessions_outside",
    "regulatory_rates",
]

SECTION_31: Final[tuple[tuple[date, float], ...]] = (
    (date(2008, 1, 22), 15.30),
    (date(2008, 1, 25), 11.00),
    (date(2008, 4, 1), 5.60),
    (date(2009, 4, 10), 25.70),
    (date(2010, 1, 15), 12.70),
    (date(2010, 4, 1), 16.90),
    (date(2011, 1, 21), 19.20),
    (date(2012, 2, 21), 18.00),
    (date(2012, 4, 1), 22.40),
    (date(2013, 5, 25), 17.40),
    (date(2014, 3, 18), 22.10),
    (date(2015, 2, 14), 18.40),
    (date(2016, 2, 16), 21.80),
    (date(2017, 7, 4), 23.10),
    (date(2018, 5, 22), 13.00),
    (date(2019, 4, 16), 20.70),
    (date(2020, 2, 18), 22.10),
    (date(2021, 2, 25), 5.10),
    (date(2022, 5, 14), 22.90),
    (date(2023, 2, 27), 8.00),
    (date(2024, 5, 22), 27.80),
    (date(2025, 5, 14), 0.00),
    (date(2026, 4, 4), 20.60),
)
"""First day and dollars per million dollars sold.

Source:
    The SEC's fee rate advisories, sec.gov/rules-regulations/fee-rate-advisories and the press releases before them.
"""

TRADING_ACTIVITY: Final[tuple[tuple[date, float, float], ...]] = (
    (date(2011, 6, 8), 0.000075, 3.75),
    (date(2011, 7, 1), 0.000090, 4.50),
    (date(2012, 3, 1), 0.000095, 4.75),
    (date(2012, 7, 1), 0.000119, 5.95),
    (date(2022, 1, 1), 0.000130, 6.49),
    (date(2023, 1, 1), 0.000145, 7.27),
    (date(2024, 1, 1), 0.000166, 8.30),
    (date(2026, 1, 1), 0.000195, 9.79),
    (date(2026, 10, 1), 0.0, 0.0),
    # Sources disagree about 2027; what held before the pause stands in.
    (date(2027, 1, 1), 0.000195, 9.79),
)
"""First day, dollars per share sold and most dollars per trade.

Source:
    FINRA By-Laws, Schedule A, Section 1: Regulatory Notices 11-27 (both rates of 2011) and 12-06, 77 FR 27527
    (July 2012), files SR-FINRA-2020-032 (2022 to 2024), SR-FINRA-2024-019 (2026), SR-FINRA-2026-021 (the pause).
"""

RATES_KNOWN: Final = (date(2011, 6, 8), date(2026, 10, 9))
"""First and last day for which both rates are known."""

_KNOWN_DAYS: Final = tuple(day_of_date(one) for one in RATES_KNOWN)
_SECTION_31_DAYS: Final = np.array([day_of_date(row[0]) for row in SECTION_31])
_SECTION_31_RATES: Final = np.array([row[1] for row in SECTION_31]) * 1e-6
_TAF_DAYS: Final = np.array([day_of_date(row[0]) for row in TRADING_ACTIVITY])
_TAF_RATES: Final = np.array([row[1] for row in TRADING_ACTIVITY])
_TAF_MOST: Final = np.array([row[2] for row in TRADING_ACTIVITY])


def has_regulatory_fees(symbol: str) -> bool:
    """Whether sales of a symbol pay them at these rates: equities do, options have others, crypto has none."""
    return describe_symbol(symbol).asset_class == "equity"


def regulatory_rates(session: Ints) -> tuple[Floats, Floats, Floats]:
    """Fraction of the value sold, dollars per share sold, and most dollars per order of the latter.

    A rate holds for sales of its days by trade date; what a broker rounds up to the cent per trade is not rounded here.

    Args:
        session: Days since 1970, shape (n_bars,); where no rate is known the nearest one holds.

    Returns:
        Three arrays of that shape.
    """
    section_31 = np.maximum(np.searchsorted(_SECTION_31_DAYS, session, side="right") - 1, 0)
    activity = np.maximum(np.searchsorted(_TAF_DAYS, session, side="right") - 1, 0)
    return _SECTION_31_RATES[section_31], _TAF_RATES[activity], _TAF_MOST[activity]


def n_sessions_outside(session: Ints) -> int:
    """How many distinct sessions lie outside the days for which rates are known."""
    days = np.unique(session)
    return int(((days < _KNOWN_DAYS[0]) | (days > _KNOWN_DAYS[1])).sum())
