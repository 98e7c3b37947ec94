"""One training part with the test part after it, purged at the edge between them."""

from dataclasses import dataclass

import numpy as np

from quantmill.core.arrays import Bools, Ints
from quantmill.errors import DataError

__all__ = ["Fold", "Rows", "cut_fold"]


@dataclass(frozen=True, slots=True)
class Rows:
    """Where each row of a dataset stands in time; every array has shape (n_rows,), ascending.

    `session` in days since 1970; `bar` counts the symbol's bars; `label_bar` is the last bar that the row's
    label looks at, or would look at where `has_label` is false.
    """

    session: Ints
    bar: Ints
    label_bar: Ints
    has_label: Bools

    @property
    def sessions(self) -> Ints:
        """The sessions that have rows, ascending."""
        return np.unique(self.session)

    def take(self, at: Ints) -> "Rows":
        """The rows at these positions, ascending."""
        return Rows(self.session[at], self.bar[at], self.label_bar[at], self.has_label[at])


@dataclass(frozen=True, slots=True)
class Fold:
    """Row positions of one train and test pair.

    `train` holds labeled rows only, purge and embargo applied. `test` holds every row of the test
    sessions: predictions are made without knowing which rows will get a label. `scored` are the test
    rows whose label lies wholly inside the test part. Sessions are days since 1970, first and last included.
    The rows of the training sessions are `train`, purged, embargoed and unlabeled ones, each counted once.
    """

    number: int
    train: Ints
    test: Ints
    scored: Ints
    train_sessions: tuple[int, int]
    test_sessions: tuple[int, int]
    n_purged: int
    n_embargoed: int
    n_unlabeled: int


def cut_fold(rows: Rows, *, number: int, train_end: int, test_end: int, embargo_bars: int) -> Fold:
    """Train on all sessions before one edge, test on those from there to the next edge.

    A training row is purged when its label looks at the first test bar or later, and embargoed when it would
    be purged if its label looked `embargo_bars` bars further.

    Args:
        rows: The dataset's rows.
        number: Number of the fold.
        train_end: How many of the first sessions train.
        test_end: The sessions numbered `train_end` up to, not including, this one are the test part.
        embargo_bars: Further bars left out before the test part, at least 0.

    Raises:
        DataError: If either part is empty, or no labeled row is left to train on.
    """
    sessions = rows.sessions
    train_days, test_days = sessions[:train_end], sessions[train_end:test_end]
    if train_days.size == 0 or test_days.size == 0:
        raise DataError(
            f"fold {number} has {train_days.size} training and {test_days.size} test sessions of {sessions.size}",
            hint="import more sessions",
        )
    edge, end = np.searchsorted(rows.session, [test_days[0], test_days[-1] + 1])
    first_test_bar = rows.bar[edge]
    reach = rows.label_bar[:edge]
    is_purged = reach >= first_test_bar
    is_embargoed = ~is_purged & (reach + embargo_bars >= first_test_bar)
    is_kept = ~is_purged & ~is_embargoed
    is_trained_on = is_kept & rows.has_label[:edge]
    if not is_trained_on.any():
        raise DataError(f"fold {number} has no labeled training row left", hint="import more sessions")
    test: Ints = np.arange(edge, end, dtype=np.int64)
    is_scored = rows.has_label[edge:end] & (rows.label_bar[edge:end] <= rows.bar[end - 1])
    return Fold(
        number=number,
        train=np.flatnonzero(is_trained_on),
        test=test,
        scored=test[is_scored],
        train_sessions=(int(train_days[0]), int(train_days[-1])),
        test_sessions=(int(test_days[0]), int(test_days[-1])),
        n_purged=int(is_purged.sum()),
        n_embargoed=int(is_embargoed.sum()),
        n_unlabeled=int((is_kept & ~rows.has_label[:edge]).sum()),
    )
