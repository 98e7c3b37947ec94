import numpy as np

from quantmill.datasets.inner_folds import inner_folds, stopping_fold
from quantmill.datasets.leakage import check_folds
from tests.synthetic_sessions import rows_of_sessions


def training_part(horizon_bars: int = 3):
    rows = rows_of_sessions([10] * 10, horizon_bars=horizon_bars)
    return rows.take(np.flatnonzero(rows.has_label))


def test_the_last_fifth_of_the_sessions_is_held_back() -> None:
    # 10 sessions of 10 bars, 7 labeled: 8 sessions fit, 2 stop; labels stay in their session, so nothing is purged.
    fold = stopping_fold(training_part(), embargo_bars=0)

    assert fold.train.tolist() == list(range(56))
    assert fold.test.tolist() == list(range(56, 70))


def test_the_embargo_holds_inside_the_training_part() -> None:
    # The last labels of session 7 look at its last bar, one bar before session 8: an embargo of 2 takes two rows.
    fold = stopping_fold(training_part(), embargo_bars=2)

    assert fold.train.tolist() == list(range(54))
    assert fold.n_embargoed == 2


def test_inner_folds_expand_and_leave_a_gap() -> None:
    rows = training_part(horizon_bars=1)
    folds = inner_folds(rows, embargo_bars=2)

    check_folds(folds, rows, horizon_bars=1)
    assert [(fold.train_sessions, fold.test_sessions) for fold in folds] == [
        ((0, 3), (4, 5)),
        ((0, 5), (6, 7)),
        ((0, 7), (8, 9)),
    ]
