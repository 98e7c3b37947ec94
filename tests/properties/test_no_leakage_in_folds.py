"""No training label looks into a test part, and no fold looks into the holdout, whatever the sessions look like."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from quantmill.core.bars import BarArrays
from quantmill.datasets.folds import Rows
from quantmill.datasets.leakage import check_folds
from quantmill.datasets.parts import make_parts
from quantmill.datasets.targets import make_target
from quantmill.datasets.volatility_scale import volatility_ratio
from quantmill.datasets.walk_forward import walk_forward_folds
from tests.synthetic_sessions import random_bars

layouts = st.builds(
    random_bars,
    st.integers(0, 10_000),
    n_sessions=st.integers(20, 45),
    bars_per_session=st.sampled_from([20, 60, 390]),
    hole_frac=st.sampled_from([0.0, 0.1, 0.6]),
)


def rows_of(bars: BarArrays, horizon_bars: int, *, crosses: bool) -> Rows:
    target = make_target(bars, column="close", horizon_bars=horizon_bars, kind="log_return")
    exists = target.label_bar < bars.n_bars
    return Rows(
        bars.session, np.arange(bars.n_bars), target.label_bar, exists if crosses else target.has_label
    )


@given(bars=layouts, horizon_bars=st.integers(1, 5), embargo_bars=st.integers(0, 10), crosses=st.booleans())
def test_gap_before_each_test_part_holds_the_horizon(
    bars: BarArrays, horizon_bars: int, embargo_bars: int, crosses: bool
) -> None:
    rows = rows_of(bars, horizon_bars, crosses=crosses)

    folds = (
        *walk_forward_folds(rows, embargo_bars=embargo_bars),
        make_parts(rows, embargo_bars=embargo_bars).final,
    )

    check_folds(folds, rows, horizon_bars=horizon_bars)
    for fold in folds:
        gap_bars = rows.bar[fold.test[0]] - rows.bar[fold.train[-1]] - 1
        assert gap_bars >= horizon_bars + embargo_bars
        assert rows.label_bar[fold.train].max() < rows.bar[fold.test[0]]
        assert rows.session[fold.train].max() < rows.session[fold.test].min()
        lost = fold.n_purged + fold.n_embargoed + fold.n_unlabeled
        assert fold.train.size + lost == np.count_nonzero(rows.session < rows.session[fold.test[0]])


@given(bars=layouts, horizon_bars=st.integers(1, 5), crosses=st.booleans())
def test_no_fold_touches_the_holdout(bars: BarArrays, horizon_bars: int, crosses: bool) -> None:
    rows = rows_of(bars, horizon_bars, crosses=crosses)

    parts = make_parts(rows, embargo_bars=0)
    folds = (*walk_forward_folds(rows, embargo_bars=0), parts.final)

    first_holdout_bar = rows.bar[rows.session >= parts.holdout_sessions[0]].min()
    for fold in folds:
        assert rows.bar[fold.test].max() < first_holdout_bar
        assert rows.label_bar[fold.scored].max(initial=-1) < first_holdout_bar
        assert rows.label_bar[fold.train].max() < first_holdout_bar


@given(bars=layouts)
def test_walk_forward_predicts_every_row_from_40_to_85_percent_once(bars: BarArrays) -> None:
    rows = rows_of(bars, 1, crosses=False)
    sessions = rows.sessions
    n = sessions.size

    tested = np.concatenate([fold.test for fold in walk_forward_folds(rows, embargo_bars=5)])

    wanted = np.isin(rows.session, sessions[n * 40 // 100 : n * 85 // 100])
    np.testing.assert_array_equal(tested, np.flatnonzero(wanted))


@given(
    seed=st.integers(0, 10_000),
    n_sessions=st.integers(21, 30),
    hole_frac=st.sampled_from([0.0, 0.2]),
    cut_frac=st.floats(0.6, 0.999),
)
def test_volatility_ratio_ignores_the_future(
    seed: int, n_sessions: int, hole_frac: float, cut_frac: float
) -> None:
    bars = random_bars(seed, n_sessions=n_sessions, bars_per_session=40, hole_frac=hole_frac)
    cut = int(bars.n_bars * cut_frac)
    other_future = bars.close.copy()
    other_future[cut:] *= 1.0 + 10.0 * np.random.default_rng(seed).random(bars.n_bars - cut)
    corrupted = BarArrays(
        bars.ts_us,
        bars.open,
        bars.high,
        bars.low,
        other_future,
        bars.volume,
        bars.labels,
        bars.interval_minutes,
    )

    whole = volatility_ratio(bars)

    np.testing.assert_array_equal(whole[:cut], volatility_ratio(bars[:cut]))
    np.testing.assert_array_equal(whole[:cut], volatility_ratio(corrupted)[:cut])
