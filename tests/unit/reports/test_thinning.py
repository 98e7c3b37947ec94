"""A thinned line keeps what a reader would miss."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantmill.reports.thinning import kept_places

lines = st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=400).map(np.array)


@given(values=lines, n_buckets=st.integers(1, 60))
def test_no_peak_and_no_end_is_lost(values: np.ndarray, n_buckets: int) -> None:
    places = kept_places(values, n_buckets=n_buckets)

    kept = values[places]
    assert (kept.min(), kept.max()) == (values.min(), values.max())
    assert (places[0], places[-1]) == (0, values.size - 1)
    assert (np.diff(places) > 0).all()
    assert places.size <= 2 * n_buckets + 2


@given(values=lines, n_buckets=st.integers(1, 60))
def test_every_bucket_keeps_its_lowest_and_highest_value(values: np.ndarray, n_buckets: int) -> None:
    places = kept_places(values, n_buckets=n_buckets)

    if values.size <= 2 * n_buckets:
        return
    edges = np.linspace(0, values.size, n_buckets + 1).astype(int)
    for first, stop in pairwise(edges.tolist()):
        kept = values[places[(places >= first) & (places < stop)]]
        bucket = values[first:stop]
        assert (kept.min(), kept.max()) == (bucket.min(), bucket.max())


def test_a_short_line_keeps_all_its_points() -> None:
    np.testing.assert_array_equal(kept_places(np.array([3.0, 1.0, 2.0]), n_buckets=2), [0, 1, 2])


def test_one_bar_that_falls_stays_visible_in_a_year_of_minutes() -> None:
    equity = np.linspace(1.0, 2.0, 98_280)
    equity[54_321] = 0.5

    places = kept_places(equity)

    assert 54_321 in places
    assert places.size <= 1802


def test_no_bucket_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1, got 0"):
        kept_places(np.array([1.0]), n_buckets=0)
