"""Sizes as a person reads them."""

import pytest

from quantmill.core.sizes import size_text


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.00 kB"),
        (12_345_678, "12.3 MB"),
        (999_499, "999 kB"),
        (999_999, "1.00 MB"),
        (62.2e9, "62.2 GB"),
    ],
)
def test_a_size_has_three_figures_and_a_unit(n_bytes: float, text: str) -> None:
    assert size_text(n_bytes) == text
