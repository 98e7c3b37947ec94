"""Chronological parts of a dataset by whole sessions: 70 % training, 15 % validation, 15 % holdout."""

from dataclasses import dataclass
from typing import Final

from quantmill.datasets.folds import Fold, Rows, cut_fold
from quantmill.errors import DataError

__all__ = ["Parts", "edge_at", "make_parts"]

TRAIN_END_PERCENT: Final = 70
VALIDATION_END_PERCENT: Final = 85
MIN_SESSIONS: Final = 20


@dataclass(frozen=True, slots=True)
class Parts:
    """The final fit's training and validation parts as one fold, and what is left untouched.

    `holdout_sessions` are the first and the last session of the holdout, days since 1970.
    """

    final: Fold
    holdout_sessions: tuple[int, int]
    n_holdout_sessions: int
    n_holdout_rows: int


def make_parts(rows: Rows, *, embargo_bars: int) -> Parts:
    """Cut rows into training, validation and holdout; the fold's number is -1.

    Args:
        rows: The dataset's rows.
        embargo_bars: Further bars left out before the validation part.

    Raises:
        DataError: If there are fewer than 20 sessions.
    """
    sessions = rows.sessions
    if sessions.size < MIN_SESSIONS:
        raise DataError(
            f"{sessions.size} sessions, a model needs at least {MIN_SESSIONS}",
            hint="import or ingest more sessions, then build their features",
        )
    train_end = edge_at(sessions.size, TRAIN_END_PERCENT)
    validation_end = edge_at(sessions.size, VALIDATION_END_PERCENT)
    holdout = sessions[validation_end:]
    return Parts(
        final=cut_fold(
            rows, number=-1, train_end=train_end, test_end=validation_end, embargo_bars=embargo_bars
        ),
        holdout_sessions=(int(holdout[0]), int(holdout[-1])),
        n_holdout_sessions=int(holdout.size),
        n_holdout_rows=int((rows.session >= holdout[0]).sum()),
    )


def edge_at(n_sessions: int, percent: int) -> int:
    """How many whole sessions the first `percent` hundredths hold, rounded down without floating point."""
    return n_sessions * percent // 100
