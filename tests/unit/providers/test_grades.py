"""What part of the market a feed speaks for."""

import pytest

from quantmill.providers.grades import grade_of


@pytest.mark.parametrize(
    ("provider", "feed", "grade"),
    [
        ("alpaca", "sip", "consolidated"),
        ("alpaca", "iex", "single venue"),
        ("iex", "tiingo", "single venue"),
        ("files", "import", "recorded"),
        ("sim:noise", "sim-s0-p0", "synthetic"),
        ("alpaca", "otc", "best effort"),
        ("mine", "x", "best effort"),
    ],
)
def test_grade(provider: str, feed: str, grade: str) -> None:
    assert grade_of(provider, feed) == grade
