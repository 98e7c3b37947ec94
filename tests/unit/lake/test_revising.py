"""Bars that do not stand: nothing that was offered is lost, nothing is told twice, and each past shows what it was."""

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantmill.core.clock import FixedClock
from quantmill.errors import BadBarsError
from quantmill.lake import Lake
from quantmill.lake.merging import OnConflict
from quantmill.testing.lakes import FIRST_MINUTE, make_bars, open_lake

POLICIES: tuple[OnConflict, ...] = ("keep", "replace")


def bar(minute: int, close: float) -> pl.DataFrame:
    return make_bars("SPY", 1, start=FIRST_MINUTE + timedelta(minutes=minute), close=close)


def revisions(lake: Lake) -> list[tuple[float, str]]:
    return lake.scan("revisions").select("close", "reason").collect().rows()


def test_an_overruled_bar_is_a_revision_of_the_same_snapshot_that_never_stood(lake: Lake) -> None:
    commit = lake.write("bars", bar(0, 100.0), overruled=pl.concat([bar(0, 101.0), bar(0, 102.0)]))

    row = lake.scan("revisions").collect().row(0, named=True)
    assert revisions(lake) == [(101.0, "overruled"), (102.0, "overruled")]
    assert row["superseded_at"] == row["ingested_at"] == lake.clock.now()
    assert {file.added for file in lake.files("revisions")} == {commit.snapshot} == {1}
    assert lake.verify().findings == []


def test_a_bar_offered_where_another_is_kept_is_a_revision_once(lake: Lake) -> None:
    lake.write("bars", bar(0, 100.0))

    first, second = (lake.write("bars", bar(0, 101.0)) for _ in range(2))

    assert revisions(lake) == [(101.0, "offered")]
    assert (first.snapshot, second.snapshot) == (2, 2)
    assert first.conflicts == second.conflicts == 1


def test_a_bar_that_was_replaced_and_comes_again_is_known(lake: Lake) -> None:
    lake.write("bars", bar(0, 100.0))
    lake.write("bars", bar(0, 101.0), on_conflict="replace")

    again = lake.write("bars", bar(0, 100.0))

    assert again.snapshot == 2
    assert revisions(lake) == [(100.0, "replaced")]


def test_overruled_bars_are_checked_like_others(lake: Lake) -> None:
    with pytest.raises(BadBarsError, match="'close' is NaN"):
        lake.write("bars", bar(0, 100.0), overruled=bar(0, 100.0).with_columns(close=float("nan")))

    assert lake.snapshot() == 0


OFFERS = st.lists(
    st.tuples(
        st.sampled_from(POLICIES),
        st.lists(st.tuples(st.integers(0, 2), st.integers(100, 103)), min_size=1, max_size=4),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=30)
@given(offers=OFFERS)
def test_nothing_offered_is_lost_or_told_twice_and_every_past_stays(
    offers: list[tuple[OnConflict, list[tuple[int, int]]]],
) -> None:
    with TemporaryDirectory() as folder:
        clock = FixedClock(FIRST_MINUTE + timedelta(days=10))
        lake = open_lake(Path(folder), clock=clock)
        stands: dict[int, int] = {}
        pasts: dict[int, dict[int, int]] = {}
        for policy, rows in offers:
            # The last row of a minute counts; under `keep`, the one that is stored.
            winners = dict(rows)
            frames = [bar(minute, close) for minute, close in rows if winners[minute] != close]
            lake.write(
                "bars",
                pl.concat(bar(minute, close) for minute, close in winners.items()),
                on_conflict=policy,
                overruled=pl.concat(frames) if frames else None,
            )
            stands = {**stands, **winners} if policy == "replace" else {**winners, **stands}
            pasts[lake.snapshot()] = stands
            clock.instant += timedelta(days=2)
        lake.clean()

        told = lake.scan("revisions").collect()
        kept = {*stands.items(), *_rows(told)}
        assert kept == {row for _, rows in offers for row in rows}
        never_stood = told.filter(pl.col("reason").is_in(["overruled", "offered"]))
        assert len(set(_rows(never_stood))) == never_stood.height
        for snapshot, past in pasts.items():
            assert dict(_rows(lake.read_bars("SPY", as_of=snapshot))) == past
        lake.state.close()


def _rows(bars: pl.DataFrame) -> list[tuple[int, int]]:
    minutes = ((pl.col("ts") - FIRST_MINUTE).dt.total_minutes(), pl.col("close").cast(pl.Int64))
    return bars.select(*minutes).rows()
