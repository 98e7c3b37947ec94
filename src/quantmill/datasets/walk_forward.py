"""Expanding walk-forward folds: the sessions from 40 % to 85 % in five test parts, the rest never touched."""

from typing import Final

from quantmill.datasets.folds import Fold, Rows, cut_fold
from quantmill.datasets.parts import edge_at

__all__ = ["walk_forward_folds"]

N_FOLDS: Final = 5
FIRST_TEST_PERCENT: Final = 40
FOLD_PERCENT: Final = 9


def walk_forward_folds(rows: Rows, *, embargo_bars: int) -> tuple[Fold, ...]:
    """Five folds; each trains on every session before its test part, and the test parts touch one another.

    The last 15 % of the sessions are in no fold.

    Args:
        rows: The dataset's rows.
        embargo_bars: Further bars left out before each test part.

    Raises:
        DataError: If a part is empty.
    """
    n_sessions = rows.sessions.size
    edges = [edge_at(n_sessions, FIRST_TEST_PERCENT + FOLD_PERCENT * k) for k in range(N_FOLDS + 1)]
    return tuple(
        cut_fold(rows, number=k, train_end=edges[k], test_end=edges[k + 1], embargo_bars=embargo_bars)
        for k in range(N_FOLDS)
    )
