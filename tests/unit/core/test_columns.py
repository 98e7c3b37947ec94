"""What is told of columns, beside what counting tells."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from quantmill.core.columns import distinct, is_constant

COLUMNS = st.lists(st.sampled_from([None, "", "AAPL", "SPY"]), max_size=6).map(
    lambda values: pl.Series("symbol", values, dtype=pl.String)
)


@given(column=COLUMNS)
def test_a_column_is_constant_when_it_has_one_value(column: pl.Series) -> None:
    assert is_constant(column) is (len(set(column.to_list())) == 1)


@given(column=COLUMNS)
def test_distinct_values_come_as_they_were_first_met(column: pl.Series) -> None:
    assert distinct(column) == list(dict.fromkeys(column.to_list()))
