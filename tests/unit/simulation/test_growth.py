"""Growth of several runs over the sessions they share, worked by hand."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl
import pytest

from quantmill.core.bars import ts_of
from quantmill.core.calendar import calendar_for
from quantmill.errors import NoDataError
from quantmill.simulation.comparability import what_differs
from quantmill.simulation.growth import growth_of
from tests.runs import run_record

# Thursday to Wednesday, without a holiday.
DAYS = [date(2023, 11, day) for day in (2, 3, 6, 7, 8)]
Run = tuple[Sequence[date], Sequence[float], Sequence[float]]


def curve(days: Sequence[date], equity: Sequence[float], close: Sequence[float]) -> pl.DataFrame:
    """Two bars per session; the values given are those of its last bar, the first bar has 1 less."""
    minutes = np.concatenate([calendar_for("XNYS").regular_minutes(day)[[0, 389]] for day in days])
    values = {
        name: np.repeat(np.array(given, dtype=np.float64), 2) - np.tile([1.0, 0.0], len(days))
        for name, given in (("equity", equity), ("close", close))
    }
    return pl.DataFrame({"ts": ts_of(minutes), **values})


EARLY = run_record(
    "r-early", symbol="SPY", first_session="2023-11-02", last_session="2023-11-07", n_sessions=4
)
LATE = run_record("r-late", symbol="SPY", first_session="2023-11-03", last_session="2023-11-08", n_sessions=4)
CURVES = {
    "r-early": curve(DAYS[:4], [100.0, 110.0, 121.0, 99.0], [50.0, 60.0, 66.0, 54.0]),
    "r-late": curve(DAYS[1:], [100.0, 90.0, 120.0, 150.0], [60.0, 66.0, 54.0, 55.0]),
}


def test_growth_starts_before_the_first_session_that_all_have() -> None:
    growth = growth_of([EARLY, LATE], CURVES)

    assert growth.sessions == tuple(DAYS[1:4])
    # The early run had 100 at the end of the session before, the late one begins there with 100 in cash.
    assert growth.equity["r-early"].tolist() == pytest.approx([1.0, 1.10, 1.21, 0.99])
    assert growth.equity["r-late"].tolist() == pytest.approx([1.0, 1.00, 0.90, 1.20])
    # The share: from the close of 50 before, and from the first close of the late run, 59.
    assert growth.share["r-early"].tolist() == pytest.approx([1.0, 1.20, 1.32, 1.08])
    assert growth.share["r-late"].tolist() == pytest.approx([1.0, 60 / 59, 66 / 59, 54 / 59])


def test_sessions_that_one_run_lacks_are_left_out() -> None:
    hole = {"r-early": CURVES["r-early"], "r-late": curve([DAYS[1], DAYS[3]], [100.0, 120.0], [60.0, 54.0])}

    growth = growth_of([EARLY, LATE], hole)

    assert growth.sessions == (DAYS[1], DAYS[3])
    assert growth.equity["r-early"].tolist() == pytest.approx([1.0, 1.10, 0.99])


def test_runs_without_a_common_session_have_no_growth_to_compare() -> None:
    apart = {"r-early": curve(DAYS[:1], [100.0], [50.0]), "r-late": curve(DAYS[3:], [1.0, 2.0], [5.0, 6.0])}

    with pytest.raises(NoDataError, match="no session is common to all runs: r-early 2023-11-02"):
        growth_of([EARLY, LATE], apart)


def test_a_run_without_a_curve_says_how_to_get_it() -> None:
    with pytest.raises(NoDataError, match="no equity is kept of run r-late") as caught:
        growth_of([EARLY, LATE], {**CURVES, "r-late": CURVES["r-late"].clear()})

    assert "--force" in caught.value.hint


def test_runs_on_the_same_bars_compare() -> None:
    same = run_record(
        "r-same", symbol="SPY", first_session="2023-11-02", last_session="2023-11-07", n_sessions=4
    )

    assert what_differs([EARLY, same], {**CURVES, "r-same": CURVES["r-early"]}) == ()


def test_other_sessions_are_told_with_their_spans() -> None:
    # The bars of the sessions that both have are the same.
    (sentence,) = what_differs([EARLY, LATE], CURVES)

    assert "different sessions" in sentence
    assert "r-early on 4 from 2023-11-02 to 2023-11-07; r-late on 4 from 2023-11-03 to 2023-11-08" in sentence


def test_other_symbols_are_told() -> None:
    other = run_record(
        "r-qqq", symbol="QQQ", first_session="2023-11-02", last_session="2023-11-07", n_sessions=4
    )

    (sentence,) = what_differs([EARLY, other], {**CURVES, "r-qqq": CURVES["r-early"]})

    assert "different symbols (SPY, QQQ)" in sentence


def test_bars_that_changed_between_snapshots_are_counted() -> None:
    revised = run_record(
        "r-new", symbol="SPY", first_session="2023-11-02", last_session="2023-11-07", n_sessions=4
    )
    closes = CURVES["r-early"]["close"].to_list()
    closes[3] += 0.5
    changed = CURVES["r-early"].with_columns(close=pl.Series(closes))

    # One close of eight bars was revised, and the fifth bar is not there any more.
    (sentence,) = what_differs([EARLY, revised], {**CURVES, "r-new": changed.filter(pl.arange(8) != 4)})

    assert sentence.startswith("2 of 8 bars differ between r-early (snapshot 1) and r-new (snapshot 1)")
