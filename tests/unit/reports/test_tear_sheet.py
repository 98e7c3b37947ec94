"""The values behind a tear sheet."""

import numpy as np
import pytest

from quantmill.reports.tear_sheet import drawdown
from tests.recorded_run import recorded


def test_buy_and_hold_starts_with_the_same_cash() -> None:
    sheet = recorded([[50.0, 60.0], [40.0]], initial_cash_usd=1000.0)

    # 1000 at 50 are 20 shares.
    assert sheet.buy_hold.tolist() == [1000.0, 1200.0, 800.0]
    assert sheet.returns.months["buy_hold_return_frac"].to_list() == pytest.approx([-0.2])


def test_drawdown_is_from_the_running_peak_or_the_start_cash() -> None:
    fallen = drawdown(np.array([90.0, 120.0, 60.0, 120.0]), start=100.0)

    assert fallen.tolist() == pytest.approx([-0.1, 0.0, -0.5, 0.0])


def test_a_run_without_counted_bars_lacks_no_hits() -> None:
    assert recorded([[1.0, 1.0]]).keeps_hits
    assert recorded([[1.0, 1.0]], is_hit=[True, None], metrics={"n_hit_bars": 1}).keeps_hits
    assert not recorded([[1.0, 1.0]], metrics={"n_hit_bars": 1}).keeps_hits
