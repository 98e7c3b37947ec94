"""The leaderboard of a batch: its trials from the lake, ranked with what the ledger knows at this moment."""

import polars as pl

from quantmill.core.instants import day_of_date
from quantmill.errors import NoDataError
from quantmill.lake.store import Lake
from quantmill.optimize.chunks import get_batch, newest_batch
from quantmill.optimize.ledger import Evidence, count_trials
from quantmill.optimize.ranking import Selection, rank_trials
from quantmill.optimize.trials import TRIAL_SCHEMA
from quantmill.state.engine import State

__all__ = ["leaderboard", "with_all_columns"]


def leaderboard(
    lake: Lake,
    state: State,
    batch_id: str | None = None,
    *,
    sort: str | None = None,
    limit: int | None = None,
) -> pl.DataFrame:
    """Ranked trials of a batch with the columns `LEADERBOARD_COLUMNS`; a batch still running shows what is done.

    Args:
        lake: Holds the trials.
        state: Holds batches and the trial ledger.
        batch_id: The batch, the newest with results when None.
        sort: See `rank_trials`; by deflated probability, then Sharpe ratio when None.
        limit: At most this many rows.

    Raises:
        NotFoundError: If there is no such batch.
        NoDataError: If no batch, or nothing of this one, has been done yet.
        UsageError: If `sort` names no column or `limit` is below 1.
    """
    with state.read() as connection:
        batch = newest_batch(connection) if batch_id is None else get_batch(connection, batch_id)
    if batch is None:
        raise NoDataError("there are no trials yet", hint="`quantmill optimize run` makes a batch")
    if not lake.files("trials", keys=[batch.id]):
        if batch.status == "completed":
            raise NoDataError(
                f"the trials of batch {batch.id} are not stored any more",
                hint="retention removed them; `quantmill optimize run … --force` runs the grid again",
            )
        raise NoDataError(f"nothing of batch {batch.id} is done yet", hint="run it again to finish it")
    trials = with_all_columns(lake.scan("trials", keys=[batch.id]))
    return rank_trials(trials, _selection(state, trials), sort=sort, limit=limit)


def with_all_columns(trials: pl.LazyFrame) -> pl.LazyFrame:
    """Trials of an older batch have null in columns that came later."""
    stored = trials.collect_schema()
    later = {name: kind for name, kind in TRIAL_SCHEMA.items() if name not in stored}
    return trials.with_columns(pl.lit(None, kind).alias(name) for name, kind in later.items())


def _selection(state: State, trials: pl.LazyFrame) -> Selection:
    """Trials ever run on the sessions of this batch; the winner was picked over all its symbols."""
    stretches = trials.select("symbol", "first_session", "last_session").unique().drop_nulls().collect()
    evidence = [
        Evidence(symbol, day_of_date(first), day_of_date(last))
        for symbol, first, last in stretches.iter_rows()
    ]
    with state.read() as connection:
        by_symbol = {
            symbol: count_trials(connection, [one for one in evidence if one.symbol == symbol])
            for symbol in sorted({one.symbol for one in evidence})
        }
    return Selection(sum(by_symbol.values()), by_symbol)
