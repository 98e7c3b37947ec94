"""Metrics that no library has as such, worked by hand on nine bars."""

import numpy as np
import pytest

from quantmill.simulation.fills import Costs
from quantmill.simulation.trial import TrialSetup, run_trial
from tests.metric_oracles import BY_HAND
from tests.signal_streams import stream_on
from tests.synthetic_sessions import bars_of_closes

# Opens equal closes. Orders fill in the next bar, half a dollar beside its price, for a fee of $1.
CLOSES = [[10.0, 10.0, 12.0, 2000.0, 2100.0], [10.0, 10.0, 10.0, 10.0]]
PREDICTIONS = [1.0, -1.0, 1.0, 0.2, np.nan, 1.0, -0.6, 1.0, -1.0]
SETUP = TrialSetup(0.5, Costs(half_spread_bps=0.0, half_spread_min_usd=0.5, fee_usd=1.0), 1000.0)

# Bar 1: buy at 10.5, (1000 - 1) / 10.5 → 95 shares for 997.50, cash 1.50. Bar 2: sell at 11.5, cash 1093.
# Bar 3: a share costs 2000.5, the order lapses. Bar 6: buy at 10.5, 1092 / 10.5 = 104 shares, cash 0.
# Bar 7: sell at 9.5, cash 987. Bar 8: buy at 10.5, floor(986 / 10.5) = 93 shares, cash 9.50, worth 939.50 at the end,
# where the last signal asks for a sale in a bar that never comes.
TRADED_USD = 95 * (10.5 + 11.5) + 104 * (10.5 + 9.5) + 93 * 10.5
EXPECTED = {
    "n_lapsed": 1,
    "n_pending": 1,
    # Five fees; half a dollar on 95 × 2 + 104 × 2 + 93 = 491 shares; three round trips, one of them open.
    "spread_usd": 245.5,
    "cost_per_trade_usd": 250.5 / 3,
    "cost_return_frac": -0.2505,
    "turnover_times": TRADED_USD / ((1093.0 + 939.5) / 2),
    "break_even_cost_bps": (939.5 - 1000.0 + 250.5) / TRADED_USD * 1e4,
    # Each signal's close is 10: buys at 10.5 three times, a sale at 11.5, which gains, one at 9.5.
    "fill_slippage_bps": (0.05 * 3 - 0.15 + 0.05) / 5 * 1e4,
    # First trade: close 10 while held, exit 11.5; second: close 10, exit 9.5.
    "mean_mae_frac": ((10 / 10.5 - 1) + (9.5 / 10.5 - 1)) / 2,
    "mean_mfe_frac": ((11.5 / 10.5 - 1) + 0.0) / 2,
    # Bars 0, 1, 2, 5, 6, 7: above 0.5 with a next bar in the session. Only bar 2 (12 → 2000) was right: a price that stays
    # is a miss, bar 3 (2000 → 2100) not above the threshold.
    "n_hit_bars": 6,
    "hit_rate_frac": 1 / 6,
}


def test_metrics_worked_by_hand() -> None:
    stream = stream_on(bars_of_closes(CLOSES), np.array(PREDICTIONS))

    metrics = run_trial(stream, SETUP).metrics

    assert {name: metrics[name] for name in EXPECTED} == pytest.approx(EXPECTED, rel=1e-12)
    assert metrics["final_equity_usd"] == 939.5


def test_each_metric_that_no_library_has_is_worked() -> None:
    assert set(EXPECTED) == BY_HAND
