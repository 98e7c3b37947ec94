"""Jumps overnight that look like splits, on bars made by hand."""

from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantmill.core.calendar import calendar_for
from quantmill.ingest.split_signs import find_split_signs, stored_splits, without_splits
from quantmill.lake import Lake
from quantmill.testing.lakes import make_bars

FRIDAY = datetime(2014, 6, 6, 19, 50, tzinfo=UTC)
MONDAY = datetime(2014, 6, 9, 13, 30, tzinfo=UTC)
XNYS = calendar_for("XNYS")


def prices(friday: float, monday: float) -> pl.DataFrame:
    return pl.concat(
        [
            make_bars("AAPL", 10, start=FRIDAY, close=friday),
            make_bars("AAPL", 10, start=MONDAY, close=monday),
        ]
    )


@pytest.mark.parametrize(
    ("friday", "monday", "ratio"),
    [
        (700.0, 100.0, 7.0),
        (700.0, 102.0, 7.0),  # 2 % up overnight
        (700.0, 93.5, None),  # between 7 to 1, which is 100, and 8 to 1, which is 87.50
        (10.0, 100.0, 0.1),  # 1 for 10
        (100.0, 80.0, None),
        (100.0, 100.5, None),
    ],
)
def test_ratio_of_a_jump(lake: Lake, friday: float, monday: float, ratio: float | None) -> None:
    signs = find_split_signs(lake, "AAPL", prices(friday, monday), XNYS, {})

    expected = [] if ratio is None else [(date(2014, 6, 9), ratio)]
    assert [(sign.session, sign.ratio) for sign in signs] == expected


def test_stored_split_explains_the_jump(lake: Lake) -> None:
    action = {"symbol": "AAPL", "ex_date": date(2014, 6, 9), "kind": "split", "ratio": 7.0}
    lake.write("corporate_actions", pl.DataFrame([action]))

    splits = stored_splits(lake)

    assert splits == {"AAPL": {date(2014, 6, 9): 7.0}}
    assert find_split_signs(lake, "AAPL", prices(700.0, 100.0), XNYS, splits["AAPL"]) == []


@pytest.mark.parametrize("stored_first", [True, False])
def test_stored_bars_of_the_days_around_are_neighbors(lake: Lake, *, stored_first: bool) -> None:
    whole = prices(700.0, 100.0)
    parts = [whole[:10], whole[10:]]
    stored, new = parts if stored_first else parts[::-1]
    lake.write("bars", stored)

    signs = find_split_signs(lake, "AAPL", new, XNYS, {})

    # Bars rise by a cent: the last three before are 700.07 to 700.09, the first three 100.00 to 100.02.
    assert [(sign.before, sign.after) for sign in signs] == [(700.08, 100.01)]
    assert "looks like a split of 7 to 1" in str(signs[0])


def test_weeks_without_bars_are_no_night(lake: Lake) -> None:
    later = make_bars("AAPL", 10, start=datetime(2014, 6, 23, 13, 30, tzinfo=UTC), close=100.0)

    assert find_split_signs(lake, "AAPL", pl.concat([prices(700.0, 700.0)[:10], later]), XNYS, {}) == []


@given(ratio=st.sampled_from([0.05, 0.1, 0.5, 2.0, 3.0, 7.0, 20.0]), close=st.floats(5, 500))
def test_jump_of_a_split_is_gone_without_it(ratio: float, close: float) -> None:
    bars = prices(close, close / ratio)

    level = without_splits(bars, XNYS, {date(2014, 6, 9): ratio})

    assert level["open"][10] == pytest.approx(bars["open"][10] * ratio)
    assert level[:10].equals(bars[:10])
