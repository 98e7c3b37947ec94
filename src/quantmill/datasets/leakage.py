"""The check that no training label looks into the test part of its fold."""

from collections.abc import Iterable

from quantmill.datasets.folds import Fold, Rows
from quantmill.errors import LeakageError

__all__ = ["check_folds"]


def check_folds(folds: Iterable[Fold], rows: Rows, *, horizon_bars: int) -> None:
    """Make sure that at least `horizon_bars` bars lie between training and test in every fold.

    Deliberately ignorant of how the folds were cut: it looks at the rows that they name.

    Raises:
        LeakageError: If a training row comes too close to the test part, or after its start.
    """
    for fold in folds:
        last_train, first_test = rows.bar[fold.train].max(), rows.bar[fold.test].min()
        gap_bars = int(first_test - last_train - 1)
        if gap_bars < horizon_bars:
            raise LeakageError(fold.number, gap_bars, horizon_bars)
