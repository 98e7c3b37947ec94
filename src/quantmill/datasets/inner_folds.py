"""Cuts within one training part, by whole sessions in time order and purged, for choices that need rows of their own."""

from itertools import pairwise
from typing import Final

from quantmill.datasets.folds import Fold, Rows, cut_fold
from quantmill.datasets.parts import edge_at

__all__ = ["inner_folds", "stopping_fold"]

STOPPING_PERCENT: Final = 20
SEARCH_EDGES_PERCENT: Final = (40, 60, 80, 100)


def stopping_fold(rows: Rows, *, embargo_bars: int) -> Fold:
    """The last 20 % of the sessions held back, so that boosting can stop before it learns noise.

    Args:
        rows: The labeled rows of one training part.
        embargo_bars: Further bars left out before the held-back sessions.

    Raises:
        DataError: If either side is empty.
    """
    n_sessions = rows.sessions.size
    return cut_fold(
        rows,
        number=0,
        train_end=edge_at(n_sessions, 100 - STOPPING_PERCENT),
        test_end=n_sessions,
        embargo_bars=embargo_bars,
    )


def inner_folds(rows: Rows, *, embargo_bars: int) -> tuple[Fold, ...]:
    """Three expanding folds that compare parameters: tested on the sessions from 40 % to 60, 80 and 100 %.

    Args:
        rows: The labeled rows of one training part.
        embargo_bars: Further bars left out before each test part.

    Raises:
        DataError: If a part is empty.
    """
    edges = [edge_at(rows.sessions.size, percent) for percent in SEARCH_EDGES_PERCENT]
    return tuple(
        cut_fold(rows, number=number, train_end=start, test_end=end, embargo_bars=embargo_bars)
        for number, (start, end) in enumerate(pairwise(edges))
    )
