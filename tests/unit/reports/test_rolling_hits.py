"""The rolling hit rate against hand calculation."""

import polars as pl
import pytest

from quantmill.reports.rolling_hits import rolling_hit_rate

IS_HIT = pl.Series([None, True, False, None, True, True, None, False], dtype=pl.Boolean)


def test_the_rate_looks_back_over_counted_bars_alone() -> None:
    rate = rolling_hit_rate(IS_HIT, window=3)

    # Counted are bars 1, 2, 4, 5, 7 with 1 0 1 1 0: the last three at bar 4 hold two hits, then two, then two.
    assert rate.x.tolist() == [4, 5, 7]
    assert rate.y.tolist() == pytest.approx([2 / 3, 2 / 3, 2 / 3])


def test_a_window_of_one_is_the_hits_themselves() -> None:
    rate = rolling_hit_rate(IS_HIT, window=1)

    assert rate.x.tolist() == [1, 2, 4, 5, 7]
    assert rate.y.tolist() == [1, 0, 1, 1, 0]


def test_too_few_counted_bars_give_no_rate() -> None:
    assert rolling_hit_rate(IS_HIT, window=6).x.size == 0
    assert rolling_hit_rate(pl.Series([None, None], dtype=pl.Boolean)).y.size == 0
