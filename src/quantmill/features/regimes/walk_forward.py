"""The mixture refitted month by month on the past, and the labels that each fit gives until the next."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from quantmill.core.arrays import Floats, Ints
from quantmill.core.bars import BarArrays
from quantmill.core.instants import date_of_day
from quantmill.features.primitives.modes import trailing_mode
from quantmill.features.regimes.conditions import Matrix, fit_rows
from quantmill.features.regimes.definition import RegimeDefinition
from quantmill.features.regimes.mixture import Mixture, label_rows

__all__ = ["Refit", "WalkForward", "first_sessions_of_months", "label_walk_forward"]

FindMixture = Callable[[Matrix, int], Mixture]


@dataclass(frozen=True, slots=True)
class Refit:
    """A fit in force from a session on, days since 1970.

    `stability` is the part of the window's rows to which the fit before gives the same state; NaN for the first.
    """

    session: int
    n_states: int
    n_sessions: int
    n_rows: int
    stability: float
    has_converged: bool


@dataclass(frozen=True, slots=True)
class WalkForward:
    """Smoothed states per bar and the stability of the fit in force, shape (n_bars,), with the fits."""

    labels: Floats
    stability: Floats
    refits: tuple[Refit, ...]


def label_walk_forward(
    benchmark: BarArrays,
    conditions: Matrix,
    definition: RegimeDefinition,
    *,
    n_states: int,
    find_mixture: FindMixture,
) -> WalkForward:
    """States of all bars, each from the newest fit on completed sessions.

    At the first session of a month that has at least 42 sessions before it, the mixture is fitted on one row per
    15 minutes of the last 126 of them, and labels until the next month; then labels are smoothed by the mode of
    the trailing 30 minutes.

    Args:
        benchmark: The benchmark's regular bars.
        conditions: One row per bar.
        definition: The constants.
        n_states: How many states.
        find_mixture: Fits rows, or finds the fit of equal rows.

    Returns:
        Labels where bar `i` uses bars that start no later than bar `i`; NaN before the first fit and where a
        condition is missing.
    """
    labels, stability = np.full(benchmark.n_bars, np.nan), np.full(benchmark.n_bars, np.nan)
    edges = np.append(np.flatnonzero(benchmark.opens_session), benchmark.n_bars)
    days = benchmark.session[edges[:-1]]
    rows_at = fit_rows(benchmark, definition)
    rows_at = rows_at[np.isfinite(conditions[rows_at]).all(axis=1)]
    starts = first_sessions_of_months(days)
    in_force: Mixture | None = None
    refits: list[Refit] = []
    for month, number in enumerate(starts):
        first = max(number - definition.fit_sessions, 0)
        low, high = np.searchsorted(rows_at, [edges[first], edges[number]])
        rows = np.ascontiguousarray(conditions[rows_at[low:high]])
        if number >= definition.min_fit_sessions and high - low >= definition.min_fit_rows:
            mixture = find_mixture(rows, n_states)
            agreement = _agreement(in_force, mixture, rows)
            in_force = mixture
            refits.append(
                Refit(
                    int(days[number]),
                    n_states,
                    number - first,
                    int(high - low),
                    agreement,
                    mixture.has_converged,
                )
            )
        if in_force is None:
            continue
        end = starts[month + 1] if month + 1 < len(starts) else days.size
        bars = slice(int(edges[number]), int(edges[end]))
        labels[bars] = label_rows(in_force, conditions[bars])
        stability[bars] = refits[-1].stability
    smoothed = trailing_mode(labels, benchmark.ts_us, minutes=definition.smoothing_minutes, n_labels=n_states)
    return WalkForward(smoothed, np.where(np.isnan(smoothed), np.nan, stability), tuple(refits))


def first_sessions_of_months(days: Ints) -> list[int]:
    """Positions of the sessions before which, among those given, lies none of the same month."""
    months = [date_of_day(int(day)).replace(day=1) for day in days]
    return [at for at, month in enumerate(months) if at == 0 or month != months[at - 1]]


def _agreement(before: Mixture | None, now: Mixture, rows: Matrix) -> float:
    if before is None:
        return float("nan")
    return int(np.count_nonzero(label_rows(before, rows) == label_rows(now, rows))) / len(rows)
