"""What each of several runs made of the same money over the sessions that all of them have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from quantmill.core.arrays import Floats, Ints
from quantmill.core.bars import us_of
from quantmill.core.calendar import calendar_for
from quantmill.core.instants import date_of_day
from quantmill.core.symbols import describe_symbol
from quantmill.errors import NoDataError
from quantmill.simulation.history import RunRecord

__all__ = ["Growth", "growth_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Growth:
    """Growth since before the first common session.

    Attributes:
        sessions: The common sessions, ascending.
        equity: By run, shape (n_sessions + 1,): 1 before the first session, then at each session's end.
        share: The same of the share itself that the run traded.
    """

    sessions: tuple[date, ...]
    equity: Mapping[str, Floats]
    share: Mapping[str, Floats]


def growth_of(runs: Sequence[RunRecord], curves: Mapping[str, pl.DataFrame]) -> Growth:
    """Growth of the runs' equity and shares over the sessions that all of them have.

    A run that began earlier starts from what it had at the end of the session before, one that begins there from
    its initial cash; a share starts from the close before, or from its first close.

    Args:
        runs: At least one.
        curves: Equity per bar of each run, as `read_equity` gives it.

    Raises:
        NoDataError: If no session is common to all, or a run has no curve.
    """
    ends = {run.run_id: _session_ends(run.symbol, run.run_id, curves[run.run_id]) for run in runs}
    common: Ints = ends[runs[0].run_id][0]
    for days, _ in ends.values():
        common = common[np.isin(common, days)]
    if common.size == 0:
        spans = "; ".join(f"{run.run_id} {run.first_session} to {run.last_session}" for run in runs)
        raise NoDataError(f"no session is common to all runs: {spans}")
    equity: dict[str, Floats] = {}
    share: dict[str, Floats] = {}
    for run in runs:
        days, last_bar = ends[run.run_id]
        curve = curves[run.run_id]
        place: Ints = np.searchsorted(days, common)
        at, first = last_bar[place], int(place[0])
        value: Floats = curve["equity"].to_numpy()
        close: Floats = curve["close"].to_numpy()
        money = float(run.params["initial_cash_usd"]) if first == 0 else float(value[last_bar[first - 1]])
        price = float(close[0 if first == 0 else last_bar[first - 1]])
        equity[run.run_id] = _grown(value[at], money)
        share[run.run_id] = _grown(close[at], price)
    return Growth(tuple(date_of_day(int(day)) for day in common), equity, share)


def _session_ends(symbol: str, run_id: str, curve: pl.DataFrame) -> tuple[Ints, Ints]:
    """The sessions of a curve as days since 1970, and the last bar of each."""
    if curve.height == 0:
        raise NoDataError(
            f"no equity is kept of run {run_id}", hint="`quantmill simulate --force` makes it again"
        )
    calendar = calendar_for(describe_symbol(symbol).calendar)
    session = calendar.sessions_of(us_of(curve["ts"]))
    last_bar = np.append(np.flatnonzero(np.diff(session)), session.size - 1)
    return session[last_bar], last_bar


def _grown(value: Floats, start: float) -> Floats:
    return np.concatenate(([1.0], value / start))
