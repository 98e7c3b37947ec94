"""Why the figures of several runs do not compare: other symbols, other sessions, other bars."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import polars as pl

from quantmill.simulation.history import RunRecord

__all__ = ["what_differs"]


def what_differs(runs: Sequence[RunRecord], curves: Mapping[str, pl.DataFrame]) -> tuple[str, ...]:
    """One sentence per reason, none when the runs rest on the same bars.

    Whether bars are the same is told by their times and closes, as they stand in the runs' curves: a later snapshot
    of the lake may hold the same bars, an equal count of sessions other ones.

    Args:
        runs: The runs.
        curves: Equity per bar of each run with the close, as `read_equity` gives it.
    """
    return (*_symbols(runs), *_sessions(runs), *_bars(runs, curves))


def _symbols(runs: Sequence[RunRecord]) -> Iterator[str]:
    symbols = list(dict.fromkeys(run.symbol for run in runs))
    if len(symbols) > 1:
        yield f"the runs trade different symbols ({', '.join(symbols)}): their figures do not compare"


def _sessions(runs: Sequence[RunRecord]) -> Iterator[str]:
    spans: dict[tuple[str, str, int], list[str]] = {}
    for run in runs:
        spans.setdefault((run.first_session, run.last_session, run.n_sessions), []).append(run.run_id)
    if len(spans) > 1:
        texts = [
            f"{', '.join(ids)} on {n_sessions} from {first} to {last}"
            for (first, last, n_sessions), ids in spans.items()
        ]
        yield f"the runs rest on different sessions, so their figures do not compare: {'; '.join(texts)}"


def _bars(runs: Sequence[RunRecord], curves: Mapping[str, pl.DataFrame]) -> Iterator[str]:
    """Pairs of runs whose bars of the sessions that both cover differ."""
    for one, other in combinations(runs, 2):
        if one.symbol != other.symbol or not (curves[one.run_id].height and curves[other.run_id].height):
            continue
        mine, its = curves[one.run_id].select("ts", "close"), curves[other.run_id].select("ts", "close")
        first, last = max(mine["ts"][0], its["ts"][0]), min(mine["ts"][-1], its["ts"][-1])
        both = mine.join(its, on="ts", how="full", coalesce=True).filter(pl.col("ts").is_between(first, last))
        n_other = both.filter(pl.col("close").ne_missing(pl.col("close_right"))).height
        if n_other:
            yield (
                f"{n_other:,} of {both.height:,} bars differ between {one.run_id} (snapshot {one.snapshot}) and "
                f"{other.run_id} (snapshot {other.snapshot}): their figures do not compare"
            )
