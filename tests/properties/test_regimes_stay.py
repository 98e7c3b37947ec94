"""No label of the market's regimes changes when its history is extended, whatever is appended."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from quantmill.features.market import Market
from quantmill.features.regimes.fits import KeptFits
from quantmill.features.regimes.labels import compute_regimes
from quantmill.features.regimes.series import Regimes
from tests.unit.features.market import minute_bars
from tests.unit.features.test_mixture import QUICK


@settings(max_examples=12)
@given(
    seed=st.integers(0, 1_000_000),
    n_known=st.integers(1, 3_400),
    is_realized=st.booleans(),
    keeps_fits=st.booleans(),
)
def test_extending_the_history_changes_no_label_and_refits_nothing(
    seed: int, n_known: int, is_realized: bool, keeps_fits: bool
) -> None:
    # 45 sessions of a bar every five minutes, with the first days of two months among them.
    benchmark = minute_bars(n_sessions=45, seed=seed)[::5]
    whole = Market(benchmark, minute_bars(n_sessions=45, seed=seed + 1)[::5], is_realized)
    last_us = int(benchmark.ts_us[n_known - 1])
    past = whole.changed(lambda side: side[: int(np.searchsorted(side.ts_us, last_us, side="right"))])
    fits = KeptFits(definition=QUICK)

    before = regimes_of(past, fits)
    n_fitted = len(fits.new)
    after = regimes_of(whole, fits if keeps_fits else KeptFits(definition=QUICK))

    for name, labels in before.columns.items():
        np.testing.assert_array_equal(after.columns[name][:n_known], labels)
    assert windows_of(before) <= windows_of(after)
    if keeps_fits:
        assert len(fits.new) - n_fitted == len(after.refits) - len(before.refits)


def regimes_of(market: Market, fits: KeptFits) -> Regimes:
    assert market.benchmark is not None
    assert market.source is not None
    return compute_regimes(market.benchmark, market.source, find_mixture=fits, definition=QUICK)


def windows_of(regimes: Regimes) -> set[tuple[int, int, int]]:
    return {(refit.session, refit.n_states, refit.n_rows) for refit in regimes.refits}
