"""Returns by month and year against hand calculation."""

from datetime import date

import numpy as np
import pytest

from quantmill.core.instants import day_of_date
from quantmill.reports.calendar_returns import calendar_returns

DAYS = [date(2023, 12, 28), date(2023, 12, 29), date(2024, 1, 2), date(2024, 1, 31), date(2024, 3, 1)]
SESSION = np.array([day_of_date(day) for day in DAYS])
# December ends at 110: +10 % on 100. January ends at 99: 99 / 110 - 1 = -10 %. March at 108.9: +10 % on January's end.
EQUITY = np.array([105.0, 110.0, 120.0, 99.0, 108.9])
HOLD = np.array([100.0, 102.0, 104.0, 104.04, 93.636])


def test_months_go_from_end_to_end() -> None:
    months = calendar_returns(SESSION, EQUITY, HOLD, start=100.0).months

    assert months.select("year", "month").rows() == [(2023, 12), (2024, 1), (2024, 3)]
    assert months["return_frac"].to_list() == pytest.approx([0.10, -0.10, 0.10])
    # 102 / 100, 104.04 / 102, 93.636 / 104.04.
    assert months["buy_hold_return_frac"].to_list() == pytest.approx([0.02, 0.02, -0.10])


def test_a_year_is_its_months_compounded() -> None:
    years = calendar_returns(SESSION, EQUITY, HOLD, start=100.0).years

    assert years["year"].to_list() == [2023, 2024]
    # 0.9 · 1.1 - 1 = -0.01.
    assert years["return_frac"].to_list() == pytest.approx([0.10, -0.01])
    # 1.02 · 0.9 - 1 = -0.082.
    assert years["buy_hold_return_frac"].to_list() == pytest.approx([0.02, -0.082])


def test_nothing_grows_from_nothing() -> None:
    months = calendar_returns(SESSION, np.array([50.0, 0.0, 0.0, 0.0, 0.0]), HOLD, start=100.0).months

    assert months["return_frac"].to_list() == [-1.0, None, None]
