"""Ranges as people write them, and the values in them."""

import numpy as np
import pytest

from quantmill.errors import UsageError
from quantmill.optimize.value_range import ValueRange


def test_a_linear_range_is_even_and_begins_at_its_low_end() -> None:
    one = ValueRange.parse("threshold", "0.001..0.003")

    assert one.at(np.array([0.0, 0.5])) == pytest.approx([0.001, 0.002])
    assert one.text == "0.001..0.003"


def test_a_logarithmic_range_has_its_middle_at_the_geometric_mean() -> None:
    one = ValueRange.parse("threshold", "log:0.0001..0.01")

    # √(0.0001 · 0.01) = 0.001.
    assert one.at(np.array([0.0, 0.5])) == pytest.approx([0.0001, 0.001])
    assert ValueRange.parse("threshold", one.text) == one


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0.002..0.001", "from 0.002 to 0.001"),
        ("0.001..0.001", "from 0.001 to 0.001"),
        ("-1..1", "from -1.0 to 1.0"),
        ("0..inf", "to inf"),
        ("nan..1", "from nan"),
        ("log:0..1", "no logarithm"),
        ("p50..p90", "'p50..p90', no range of numbers"),
        ("..1", "no range of numbers"),
        ("1..2..3", "no range of numbers"),
        ("1..1.0000000001", "one value"),
    ],
)
def test_what_is_no_range_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ValueRange.parse("threshold", text)
