"""Returns of a batch's trials under every fill model, run anew from the batch's recipe for the rows that are looked at."""

from collections.abc import Iterator
from typing import Any, Final

import polars as pl

from quantmill.errors import ConflictError, UsageError
from quantmill.lake.store import Lake
from quantmill.optimize.batch_recipe import differences, grid_of, recipe_of
from quantmill.optimize.batch_runner import Grid
from quantmill.optimize.chunks import get_batch
from quantmill.optimize.stream_trials import filters_of
from quantmill.simulation.band import band_of
from quantmill.simulation.signal import prepare_stream
from quantmill.simulation.thresholds import parse_threshold
from quantmill.state.engine import State

__all__ = ["BAND_SCHEMA", "with_bands"]

BAND_SCHEMA: Final[dict[str, pl.DataType]] = {
    "lowest_return_frac": pl.Float64(),
    "lowest_fill": pl.String(),
    "highest_return_frac": pl.Float64(),
    "highest_fill": pl.String(),
}
_MOST_ROWS: Final = 1_000


def with_bands(lake: Lake, state: State, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of one batch's leaderboard with the lowest and the highest total return over all fill models.

    The columns are those of `BAND_SCHEMA`, null where the trial failed; all but the fill is as in the trial. Only the
    price that orders are assumed to get varies, so nothing here is a further trial for the ledger.

    Raises:
        UsageError: If there are more than 1,000 rows.
        ConflictError: If what decides the batch's results has changed since it ran.
        NotFoundError: If one of its models is gone.
    """
    if rows.height > _MOST_ROWS:
        raise UsageError(
            f"bands of {rows.height:,} rows, at most {_MOST_ROWS:,} can be had",
            hint="show fewer, such as with --limit 20",
        )
    with state.read() as connection:
        batch = get_batch(connection, rows["batch_id"][0])
    grid = grid_of(state, batch.recipe)
    changed = differences(batch.recipe, recipe_of(lake, state, grid))
    if changed:
        raise ConflictError(
            f"{', '.join(changed)} changed since batch {batch.id} ran, and its trials cannot be run as they were",
            hint="leave --band out, or run the batch again: `quantmill optimize run` with the same options",
        )
    completed = rows.filter(status="completed").sort("trial")["trial"].to_list()
    bands = pl.DataFrame(list(_bands(lake, state, grid, completed)), {"trial": pl.Int64(), **BAND_SCHEMA})
    return rows.join(bands, on="trial", how="left", maintain_order="left")


def _bands(lake: Lake, state: State, grid: Grid, trials: list[int]) -> Iterator[dict[str, Any]]:
    by_model: dict[int, list[int]] = {}
    for trial in trials:
        by_model.setdefault(trial // len(grid.space), []).append(trial)
    for place, members in by_model.items():
        source = grid.source_of(lake, state, grid.models[place])
        for trial in members:
            parameters = grid.space[trial % len(grid.space)]
            setup = grid.setup.trial(parse_threshold(parameters["threshold"]))
            band = band_of(prepare_stream(source, filters_of(parameters)), setup)
            returns = [
                (value, fill)
                for fill, figures in band.items()
                if (value := figures["total_return_frac"]) is not None
            ]
            if returns:
                yield dict(zip(("trial", *BAND_SCHEMA), (trial, *min(returns), *max(returns)), strict=True))
