"""Times of articles."""

from datetime import UTC, datetime

import pytest

from quantmill.core.news import news_instant


# 1719254033 s after 1970 is 2024-06-24 18:33:53 UTC: Massive's CSV and JSON examples of one article.
@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2024-06-24T18:33:53Z", datetime(2024, 6, 24, 18, 33, 53, tzinfo=UTC)),
        ("2024-06-24T14:33:53-04:00", datetime(2024, 6, 24, 18, 33, 53, tzinfo=UTC)),
        (1719254033000000000, datetime(2024, 6, 24, 18, 33, 53, tzinfo=UTC)),
        ("1719254033000000000", datetime(2024, 6, 24, 18, 33, 53, tzinfo=UTC)),
        ("2024-06-24T18:33:53", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        (10**40, None),
    ],
)
def test_a_time_is_read_with_its_zone_or_not_at_all(text: str | int | None, instant: datetime | None) -> None:
    assert news_instant(text) == instant
