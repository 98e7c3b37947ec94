"""Sums that are the true ones, in any order and in both engines."""

from fractions import Fraction

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantmill.lake.exact_sums import exact_parts_sql, exact_sum_sql, exact_sums

# Whole lots, dollars with cents and crypto amounts of eight digits.
amounts = st.lists(
    st.one_of(
        st.integers(0, 10**10).map(float),
        st.integers(0, 10**12).map(lambda cents: cents / 100),
        st.integers(0, 10**12).map(lambda units: units / 1e8),
    ),
    min_size=1,
    max_size=60,
)


@given(values=amounts, seed=st.integers(0, 100))
def test_the_sum_is_the_true_one_in_any_order(values: list[float], seed: int) -> None:
    shuffled = np.random.default_rng(seed).permutation(values)

    totals = exact_sums(np.append(shuffled, [1.0, 2.0]), np.array([0, len(values)]))

    assert totals.tolist() == [float(sum(map(Fraction, values))), 3.0]


@pytest.mark.parametrize(
    ("values", "total"),
    [
        # One after another these give 0.30000000000000004 + 0.3 = 0.6000000000000001.
        ([0.1, 0.2, 0.3], 0.6),
        ([2.0**52, 0.25, 0.25, 0.5], 2.0**52 + 1.0),
        ([-1.5, 0.1, 0.1], -1.3),
        ([None, None], None),
        ([None, 0.0], 0.0),
    ],
)
def test_sql_gives_the_same(values: list[float | None], total: float | None) -> None:
    frame = pl.DataFrame({"x": values}, schema={"x": pl.Float64()})
    with duckdb.connect() as connection:
        connection.register("numbers", frame)
        query = f"SELECT {exact_sum_sql('x')} FROM (SELECT x, {exact_parts_sql('x')} FROM numbers)"
        row = connection.execute(query).fetchone()

    assert row == (total,)
    np.testing.assert_array_equal(
        exact_sums(frame["x"].fill_null(np.nan).to_numpy(), np.array([0])),
        [np.nan if total is None else total],
    )
