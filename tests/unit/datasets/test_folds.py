import numpy as np
import pytest

from quantmill.datasets.folds import cut_fold
from quantmill.datasets.leakage import check_folds
from quantmill.datasets.parts import edge_at, make_parts
from quantmill.datasets.walk_forward import walk_forward_folds
from quantmill.errors import DataError, LeakageError
from tests.synthetic_sessions import rows_of_sessions


def test_rows_before_the_edge_are_purged_then_embargoed_then_unlabeled() -> None:
    # Four sessions of five bars, horizon 2: bars 0-4, 5-9, 10-14, 15-19; the test part is bars 10-14.
    # Bars 8 and 9 look at bars 10 and 11: purged. Bar 7 looks at 9, embargo 1 makes it 10: embargoed.
    # Of what is left, bars 3 and 4 have no label: their horizon bar lies in the next session.
    rows = rows_of_sessions([5, 5, 5, 5], horizon_bars=2)

    fold = cut_fold(rows, number=0, train_end=2, test_end=3, embargo_bars=1)

    assert fold.train.tolist() == [0, 1, 2, 5, 6]
    assert (fold.n_purged, fold.n_embargoed, fold.n_unlabeled) == (2, 1, 2)
    assert fold.test.tolist() == [10, 11, 12, 13, 14]
    assert fold.scored.tolist() == [10, 11, 12]
    assert (fold.train_sessions, fold.test_sessions) == ((0, 1), (2, 2))


def test_labels_that_cross_sessions_are_purged_and_not_scored_beyond_their_part() -> None:
    rows = rows_of_sessions([5, 5, 5], horizon_bars=2)
    crossing = type(rows)(rows.session, rows.bar, rows.label_bar, np.ones(15, dtype=np.bool_))

    fold = cut_fold(crossing, number=0, train_end=1, test_end=2, embargo_bars=0)

    assert fold.train.tolist() == [0, 1, 2]
    assert fold.scored.tolist() == [5, 6, 7]


def test_parts_of_twenty_sessions() -> None:
    # 70 % of 20 = 14 sessions train, up to 85 % = 17 validate, three are the holdout.
    rows = rows_of_sessions([3] * 20, horizon_bars=1)

    parts = make_parts(rows, embargo_bars=0)

    assert parts.final.train_sessions == (0, 13)
    assert parts.final.test_sessions == (14, 16)
    assert parts.holdout_sessions == (17, 19)
    assert (parts.n_holdout_sessions, parts.n_holdout_rows) == (3, 9)


def test_walk_forward_of_twenty_sessions() -> None:
    # Edges at 40, 49, 58, 67, 76, 85 % of 20 sessions, rounded down: 8, 9, 11, 13, 15, 17.
    rows = rows_of_sessions([3] * 20, horizon_bars=1)

    folds = walk_forward_folds(rows, embargo_bars=0)

    assert [fold.train_sessions for fold in folds] == [(0, 7), (0, 8), (0, 10), (0, 12), (0, 14)]
    assert [fold.test_sessions for fold in folds] == [(8, 8), (9, 10), (11, 12), (13, 14), (15, 16)]
    assert np.concatenate([fold.test for fold in folds]).tolist() == list(range(8 * 3, 17 * 3))


def test_edges_do_not_suffer_from_binary_fractions() -> None:
    # 0.70 * 10 is 7.000000000000001 in binary, 0.29 * 100 is 28.999999999999996.
    assert [edge_at(10, 70), edge_at(100, 29), edge_at(153, 85)] == [7, 29, 130]


def test_too_few_sessions_are_refused() -> None:
    with pytest.raises(DataError, match="19 sessions, a model needs at least 20"):
        make_parts(rows_of_sessions([3] * 19, horizon_bars=1), embargo_bars=0)


def test_a_part_without_labels_is_refused() -> None:
    with pytest.raises(DataError, match="no labeled training row"):
        cut_fold(
            rows_of_sessions([1, 1, 1], horizon_bars=1), number=3, train_end=2, test_end=3, embargo_bars=0
        )


def test_a_fold_that_was_not_purged_is_leakage() -> None:
    rows = rows_of_sessions([5, 5, 5], horizon_bars=2)
    fold = cut_fold(rows, number=4, train_end=1, test_end=2, embargo_bars=0)
    leaking = type(fold)(4, np.append(fold.train, 3), *(getattr(fold, name) for name in fold.__slots__[2:]))

    check_folds([fold], rows, horizon_bars=2)
    with pytest.raises(LeakageError, match="fold 4: train ends 1 bars before test, but the target looks 2"):
        check_folds([leaking], rows, horizon_bars=2)


def test_training_after_the_test_part_is_leakage() -> None:
    rows = rows_of_sessions([5, 5, 5], horizon_bars=2)
    fold = cut_fold(rows, number=0, train_end=1, test_end=2, embargo_bars=0)
    reversed_ = type(fold)(0, fold.test, fold.train, *(getattr(fold, name) for name in fold.__slots__[3:]))

    with pytest.raises(LeakageError):
        check_folds([reversed_], rows, horizon_bars=2)
